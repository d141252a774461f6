import { fromCallback, type AnyActorLogic, type EventObject } from 'xstate';
import type { LogicFor } from '../../machines/vocabulary/logic';

/** Ends a {@link failable} actor in error. */
export interface FailEvent {
  readonly type: 'fail';
  readonly error: unknown;
}

/**
 * Callback logic that can end in an error after its start: the actor sends `{ type: 'fail', error }` to itself, and its
 * clean-up function runs. XState's `fromPromise` can end like that; `fromCallback` can't.
 */
export function failable<TEvent extends EventObject, TInput, TEmitted extends EventObject = never>(
  callback: Parameters<typeof fromCallback<TEvent, TInput, TEmitted>>[0],
): LogicFor<TEvent, TInput> {
  const logic: AnyActorLogic = fromCallback(callback);
  return {
    ...logic,
    transition(snapshot: object, event: EventObject, scope) {
      if (event.type === 'fail') {
        // XState runs no clean-up function when an actor ends in an error
        logic.transition(snapshot, { type: 'xstate.stop' }, scope);
        return { ...snapshot, status: 'error', error: (event as FailEvent).error };
      }
      return logic.transition(snapshot, event, scope) as object;
    },
  };
}
