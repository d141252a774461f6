import { isDeepStrictEqual } from 'node:util';
import { matchesState, type AnyActorRef, type AnyStateNode, type EventObject, type StateValue } from 'xstate';
import { describe } from '../../../machines/vocabulary/errors';
import { isMachine } from '../../../machines/vocabulary/logic';
import { stateText } from '../../inspect/trace/traceText';
import { isPlainObject } from '../plainObject';
import { stageOf } from '../scenario/stage';

/** A thing that has a state: an actor, or a scenario, a handler under test or a server, each of which has an actor. */
export type Stateful =
  | Pick<AnyActorRef, 'getSnapshot'>
  | { readonly actor: Pick<AnyActorRef, 'getSnapshot'> }
  | { readonly server: Pick<AnyActorRef, 'getSnapshot'> };

/** A thing that has connections: a scenario. */
export interface Connected {
  readonly connections: number;
  failure(message: string): Error;
}

/** A thing that has emitted events: a scenario, or a handler under test. */
export interface Emitter {
  readonly emitted: readonly EventObject[];
  failure(message: string): Error;
}

/** An event's type, and the values that matter. Values may be asymmetric matchers such as `expect.any(Number)`. */
export type PartialEvent = EventObject & Readonly<Record<string, unknown>>;

/** The result of a check, in the shape of jest's matchers. */
export interface Check {
  readonly pass: boolean;
  /** The text for a failure: when `pass` is true, the check was expected not to pass. */
  readonly message: () => string;
}

/**
 * Whether an actor is in a state, or in a state within that.
 * @throws TypeError when the actor's chart has no such state
 */
export function inState(stateful: Stateful, expected: StateValue): Check {
  const actor = actorOf(stateful);
  const { value, status } = actor.getSnapshot() as { readonly value?: StateValue; readonly status: string };
  const { logic } = actor as unknown as { readonly logic: unknown };
  if (isMachine(logic) && !isKnown(expected, logic.root)) {
    throw new TypeError(`The chart ${logic.id} has no state ${stateText(expected)}`);
  }
  const pass = value !== undefined && matchesState(expected, value);
  const found = value === undefined ? 'has no states' : `is in ${stateText(value)}`;
  const ended = status === 'active' ? '' : `, and its status is ${status}`;
  const text = `The actor ${pass ? 'was not' : 'was'} to be in ${stateText(expected)}, but ${found}${ended}`;
  return { pass, message: () => stageOf(actor)?.failure(text).message ?? text };
}

/** Whether a scenario's servers have so many connections. */
export function withConnections(s: Connected, expected: number): Check {
  const { connections } = demand(s, 'connections', 'toHaveConnections is for a scenario');
  const pass = connections === expected;
  const text = `The scenario ${pass ? 'was not' : 'was'} to have ${String(expected)} connections, but has ${String(connections)}`;
  return { pass, message: () => s.failure(text).message };
}

/** Whether a scenario's root, or a handler under test, has emitted an event with these values. */
export function withEmitted(emitter: Emitter, expected: PartialEvent): Check {
  const { emitted } = demand(emitter, 'emitted', 'toHaveEmitted is for a scenario or a handler under test');
  const pass = emitted.some((event) =>
    Object.entries(expected).every(([key, value]) => agrees((event as PartialEvent)[key], value)),
  );
  const alike = emitted.filter(({ type }) => type === expected.type).length;
  const found = alike === 0 ? 'none of its type was' : `${String(alike)} of its type ${alike === 1 ? 'was' : 'were'}`;
  const text = `An event ${expected.type} with these values was ${pass ? 'not ' : ''}to be emitted, but ${found}`;
  return { pass, message: () => emitter.failure(text).message };
}

function actorOf(stateful: Stateful): AnyActorRef {
  const { server, actor } = (stateful as Partial<Record<'server' | 'actor', unknown>> | undefined) ?? {};
  const isActor = (value: unknown): value is AnyActorRef =>
    typeof (value as Partial<AnyActorRef> | undefined)?.getSnapshot === 'function';
  const found = [stateful, server, actor].find(isActor);
  if (found !== undefined) return found;
  throw new TypeError(`toBeInState is for an actor, a scenario, a handler or a server, not for ${describe(stateful)}`);
}

function demand<T extends object>(value: T, property: keyof T, what: string): T {
  if (typeof value === 'object' && (value as T | null) !== null && property in value) return value;
  throw new TypeError(`${what}, not for ${describe(value)}`);
}

/** Whether a chart has a state; `a.b` means the same as `{ a: 'b' }`. */
function isKnown(value: StateValue, { states }: AnyStateNode): boolean {
  const below: [string, StateValue | undefined][] =
    typeof value === 'string' ? [splitFirst(value)] : Object.entries(value);
  return below.every(([key, rest]) => {
    const state = states[key];
    return state !== undefined && (rest === undefined || isKnown(rest, state));
  });
}

function splitFirst(path: string): [string, string | undefined] {
  const dot = path.indexOf('.');
  return dot < 0 ? [path, undefined] : [path.slice(0, dot), path.slice(dot + 1)];
}

function agrees(found: unknown, expected: unknown): boolean {
  const { asymmetricMatch } = (expected ?? {}) as { asymmetricMatch?: (value: unknown) => boolean };
  if (asymmetricMatch !== undefined) return asymmetricMatch.call(expected, found);
  if (!isComposed(expected)) return isDeepStrictEqual(found, expected);
  if (!isComposed(found) || Object.keys(found).length !== Object.keys(expected).length) return false;
  return Object.entries(expected).every(([key, value]) => agrees((found as Record<string, unknown>)[key], value));
}

/** A plain object or an array. */
const isComposed = (value: unknown): value is object => Array.isArray(value) || isPlainObject(value);
