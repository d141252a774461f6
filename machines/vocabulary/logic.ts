import type { ActorLogic, AnyActorLogic, AnyStateMachine, EventObject } from 'xstate';

/**
 * Actor logic of any kind that takes these events and this input: a place in a chart that real logic is provided for.
 *
 * XState's `ActorLogic` is invariant in its snapshot, so only `any` lets a chart leave open which kind comes.
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

/** Whether a value is a machine: of any copy of XState, so that `instanceof` can't tell. */
export const isMachine = (value: unknown): value is AnyStateMachine =>
  isActorLogic(value) && 'root' in value && 'config' in value;
