import { createActor, type ActorScope, type AnyActorLogic, type EventObject, type Snapshot } from 'xstate';
import { idleLogic } from './idleLogic';
import type { RawInspectionEvent } from './internals';

type AnyScope = ActorScope<Snapshot<unknown>, EventObject>;

/**
 * A scope for an actor's logic that has no effects: no action is executed, no child starts, nothing is emitted or sent.
 * The scope is a copy of a real actor's, so it has all functions that this version of XState gives to logic.
 * @param observer - hears what an inspector of the actor's system would hear
 */
export function scopeWithoutEffects(observer: (event: RawInspectionEvent) => void): AnyScope {
  let scope: AnyScope | undefined;
  const logic: AnyActorLogic = {
    ...idleLogic,
    getInitialSnapshot: (given, input) => {
      scope = given as AnyScope;
      return idleLogic.getInitialSnapshot(given, input) as Snapshot<unknown>;
    },
  };
  createActor(logic).system.inspect((event) => {
    observer(event);
  });
  const nothing = (): void => undefined;
  const parts = Object.entries(scope ?? {}).map(([key, part]: [string, unknown]) => [
    key,
    typeof part === 'function' ? nothing : part,
  ]);
  return Object.fromEntries(parts) as AnyScope;
}
