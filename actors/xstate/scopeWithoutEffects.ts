import { createActor, type ActorScope, type AnyActorLogic, type EventObject, type Snapshot } from 'xstate';
import type { Observed } from './internals';

type AnyScope = ActorScope<Snapshot<unknown>, EventObject>;

/** Logic of an actor that never does anything. */
export const idleLogic: AnyActorLogic = {
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  transition: (snapshot: Snapshot<unknown>) => snapshot,
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};

/**
 * What an actor hands to its logic, where nothing is done with it: no action is executed, no child starts, nothing is
 * emitted or sent. It is made of a real actor's, whatever functions that has in this version of XState.
 * @param tell - hears what an inspector of the actor's system would
 */
export function scopeWithoutEffects(tell: (event: Observed) => void): AnyScope {
  let scope: AnyScope | undefined;
  const logic: AnyActorLogic = {
    ...idleLogic,
    getInitialSnapshot: (given, input) => {
      scope = given as AnyScope;
      return idleLogic.getInitialSnapshot(given, input) as Snapshot<unknown>;
    },
  };
  createActor(logic).system.inspect((event) => {
    tell(event);
  });
  const nothing = (): void => undefined;
  const parts = Object.entries(scope ?? {}).map(([key, part]: [string, unknown]) => [
    key,
    typeof part === 'function' ? nothing : part,
  ]);
  return Object.fromEntries(parts) as AnyScope;
}
