import { fromCallback, type AnyActorLogic, type EventObject } from 'xstate';
import type { LogicFor } from '../../machines/vocabulary/logic';

/** Ends a {@link failable} actor in error. */
export interface FailEvent {
  readonly type: 'fail';
  readonly error: unknown;
}

/**
 * Callback logic that may end in error after its start, as `fromPromise` can and `fromCallback` can't: by sending
 * `{ type: 'fail', error }` to itself. Its clean-up function runs then too.
 */
export function failable<TEvent extends EventObject, TInput, TEmitted extends EventObject = never>(
  callback: Parameters<typeof fromCallback<TEvent, TInput, TEmitted>>[0],
): LogicFor<TEvent, TInput> {
  const logic: AnyActorLogic = fromCallback(callback);
  return {
    ...logic,
    transition(snapshot: object, event: EventObject, scope) {
      if (event.type === 'fail') {
        // what ends in error is not cleaned up by XState
        logic.transition(snapshot, { type: 'xstate.stop' }, scope);
        return { ...snapshot, status: 'error', error: (event as FailEvent).error };
      }
      return logic.transition(snapshot, event, scope) as object;
    },
  };
}
