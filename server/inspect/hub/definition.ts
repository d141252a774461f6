import type { AnyStateMachine } from 'xstate';
import { isActorLogic } from '../../../machines/vocabulary/logic';
import { guardLabel } from '../../diagram/labels';

type Config = Readonly<Record<string, unknown>>;

/**
 * A machine's config as JSON that `createMachine(JSON.parse(…))` rebuilds the same chart from: its states, in the same
 * order, and its transitions.
 *
 * What isn't the chart is left out: the context, inputs, outputs and parameters, which may hold anything. An action or a
 * guard that is a function in the chart itself is told by its name.
 */
export function definitionOf(machine: AnyStateMachine): string {
  return JSON.stringify({ ...stateOf(machine.config as Config), id: machine.id });
}

const isConfig = (value: unknown): value is Config => typeof value === 'object' && value !== null;

const mapped = (value: unknown, map: (held: unknown, key: string) => unknown): unknown =>
  isConfig(value) ? Object.fromEntries(Object.entries(value).map(([key, held]) => [key, map(held, key)])) : undefined;

const listed = (value: unknown, map: (held: unknown) => unknown): unknown =>
  Array.isArray(value) ? value.map(map) : value === undefined ? undefined : map(value);

function stateOf(config: unknown): Config {
  if (!isConfig(config)) return {};
  const { id, type, history, target, initial, description, tags, states, on, after, always, onDone, entry, exit } =
    config;
  // what is undefined has no place in JSON
  return {
    ...{ id, type, history, target, description, tags },
    initial: isConfig(initial) ? transitionOf(initial) : initial,
    entry: listed(entry, named),
    exit: listed(exit, named),
    invoke: listed(config['invoke'], invocationOf),
    // an event that is there but undefined is one that the states above don't get either
    on: mapped(on, (held) => transitionsOf(held ?? {})),
    after: mapped(after, transitionsOf),
    always: transitionsOf(always),
    onDone: transitionsOf(onDone),
    route: transitionsOf(config['route']),
    states: mapped(states, stateOf),
  };
}

const transitionsOf = (value: unknown): unknown => listed(value, transitionOf);

function transitionOf(value: unknown): unknown {
  if (!isConfig(value)) return value;
  const { target, guard, actions, reenter, description } = value;
  return {
    target,
    reenter,
    description,
    guard: guard === undefined || typeof guard === 'string' ? guard : { type: guardLabel(guard) },
    actions: listed(actions, named),
  };
}

function invocationOf(value: unknown): unknown {
  if (!isConfig(value)) return value;
  const { id, src, systemId, onDone, onError, onSnapshot } = value;
  return {
    ...{ id, systemId },
    src: typeof src === 'string' ? src : isActorLogic(src) ? 'inline' : named(src),
    onDone: transitionsOf(onDone),
    onError: transitionsOf(onError),
    onSnapshot: transitionsOf(onSnapshot),
  };
}

/** An action, or the logic of an actor, by its name alone. */
function named(value: unknown): unknown {
  if (typeof value === 'string') return value;
  // XState's own (assign, raise, …) are functions that have a type
  const type = typeof value === 'function' || isConfig(value) ? (value as { type?: unknown }).type : undefined;
  if (typeof type === 'string') return { type };
  return { type: typeof value === 'function' && value.name !== '' ? value.name : 'inline' };
}
