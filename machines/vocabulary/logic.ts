import type { ActorLogic, AnyActorLogic, AnyStateMachine, EventObject } from 'xstate';

/**
 * Actor logic of any kind that takes these events and this input: the type of a place in a chart for which real logic
 * is provided later.
 *
 * XState's `ActorLogic` is invariant in its snapshot, so only `any` leaves open which kind of logic comes.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type LogicFor<TEvent extends EventObject, TInput> = ActorLogic<any, TEvent, TInput, any, any>;

/** Whether a value is actor logic of some kind. */
export function isActorLogic(value: unknown): value is AnyActorLogic {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<AnyActorLogic>).transition === 'function' &&
    typeof (value as Partial<AnyActorLogic>).getInitialSnapshot === 'function'
  );
}

/** Whether a value is a machine, of any copy of XState: `instanceof` would know only our copy's machines. */
export const isMachine = (value: unknown): value is AnyStateMachine =>
  isActorLogic(value) && 'root' in value && 'config' in value;
