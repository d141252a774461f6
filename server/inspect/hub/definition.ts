import type { AnyStateMachine } from 'xstate';
import { isActorLogic } from '../../../machines/vocabulary/logic';
import { guardLabel } from '../../diagram/labels';

type Config = Readonly<Record<string, unknown>>;

/**
 * A machine's config as JSON. `createMachine(JSON.parse(…))` makes the same chart of it: the same states, in the same
 * order, and the same transitions.
 *
 * All that isn't the chart is left out: the context, inputs, outputs and parameters may hold anything. An action or a
 * guard that is a function appears by its name.
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
  // JSON leaves out the keys that are undefined
  return {
    ...{ id, type, history, target, description, tags },
    initial: isConfig(initial) ? transitionOf(initial) : initial,
    entry: listed(entry, named),
    exit: listed(exit, named),
    invoke: listed(config['invoke'], invocationOf),
    // `event: undefined` keeps the event from the outer states, too, as a transition without target and actions does
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

/** The name of an action, or of an actor's logic. */
function named(value: unknown): unknown {
  if (typeof value === 'string') return value;
  // XState's own actions (assign, raise, …) are functions with a `type`
  const type = typeof value === 'function' || isConfig(value) ? (value as { type?: unknown }).type : undefined;
  if (typeof type === 'string') return { type };
  return { type: typeof value === 'function' && value.name !== '' ? value.name : 'inline' };
}
