import { isDeepStrictEqual } from 'node:util';
import type { AnyActorRef, EventObject, StateValue } from 'xstate';
import { matchesState } from 'xstate';
import { stateText } from '../../inspect/trace/traceText';
import type { HandlerScenario } from '../scenario/handler';
import type { Scenario } from '../scenario/scenario';
import { stageOf, type Stage } from '../scenario/stage';

/** Whatever has a state: an actor, or something that holds one. */
export type Stateful = Pick<AnyActorRef, 'getSnapshot'> | { readonly actor: AnyActorRef };

/** Whatever has emitted something. */
export type Emitter = Pick<Stage<never>, 'emitted' | 'trace'> | Pick<HandlerScenario, 'emitted' | 'trace'>;

/** The event's type, and what of its payload matters. Asymmetric matchers such as `expect.any(Number)` may stand in it. */
export type PartialEvent = EventObject & Readonly<Record<string, unknown>>;

/** Whether something is as it was said to be; in the words of the contrary, for a failure. */
export interface Check {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Whether an actor is in a state, or in a state within it. */
export function inState(stateful: Stateful, expected: StateValue): Check {
  const actor = 'actor' in stateful ? stateful.actor : (stateful as AnyActorRef);
  const { value, status } = actor.getSnapshot() as { readonly value?: StateValue; readonly status: string };
  const pass = value !== undefined && matchesState(expected, value);
  const found = value === undefined ? 'has no states' : `is in ${textOf(value)}`;
  const ended = status === 'active' ? '' : `, and its status is ${status}`;
  const text = `The actor ${pass ? 'was not' : 'was'} to be in ${textOf(expected)}, but ${found}${ended}`;
  return { pass, message: () => stageOf(actor)?.failure(text).message ?? text };
}

/** Whether a scenario's servers have so many connections. */
export function withConnections(s: Pick<Scenario<never>, 'connections' | 'failure'>, expected: number): Check {
  const { connections } = s;
  const pass = connections === expected;
  const text = `The scenario ${pass ? 'was not' : 'was'} to have ${String(expected)} connections, but has ${String(connections)}`;
  return { pass, message: () => s.failure(text).message };
}

/** Whether a scenario's root, or a handler under test, has emitted such an event. */
export function withEmitted(emitter: Emitter, expected: PartialEvent): Check {
  const emitted = emitter.emitted as readonly PartialEvent[];
  const pass = emitted.some((event) => Object.entries(expected).every(([key, value]) => agrees(event[key], value)));
  return {
    pass,
    message: () =>
      `An event of type ${expected.type} with these values was ${pass ? 'not ' : ''}to be emitted; all that happened:\n${emitter.trace()}`,
  };
}

function agrees(found: unknown, expected: unknown): boolean {
  const { asymmetricMatch } = (expected ?? {}) as { asymmetricMatch?: (value: unknown) => boolean };
  return asymmetricMatch === undefined ? isDeepStrictEqual(found, expected) : asymmetricMatch.call(expected, found);
}

// XState's own type has room for undefined, which no state is
const textOf = (value: StateValue): string => stateText(value as Parameters<typeof stateText>[0]);
