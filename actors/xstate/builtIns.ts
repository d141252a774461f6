import { spawnChild, type AnyActorLogic, type AnyActorRef, type AnyMachineSnapshot } from 'xstate';
import type { ActionInfo, BuiltInAction, MachineScope } from './internals';

type Children = Readonly<Record<string, AnyActorRef>>;

/** The parts of a snapshot that XState types as `any`. */
interface SnapshotParts {
  readonly machine: object;
  readonly context: unknown;
  readonly children: Children;
}

/**
 * Like {@link BuiltInAction.resolve}. XState works out a snapshot's value and tags anew for each action. Here both
 * stay as they are, because no action changes the state.
 */
export const resolveBuiltIn: BuiltInAction['resolve'] = (scope, snapshot, info, params, action, parts) => {
  switch (action.type) {
    case 'xstate.assign':
      return resolveAssign(scope, snapshot, info, params, action);
    case 'xstate.spawnChild':
    case 'xstate.stopChild': {
      const [after, resolved, more] = action.resolve(scope, stateless(snapshot), info, params, action, parts);
      return [withChanges(snapshot, snapshot.context, after.children as Children), resolved, more];
    }
    default:
      return action.resolve(scope, snapshot, info, params, action, parts);
  }
};

/**
 * A snapshot with only the parts that `spawnChild` and `stopChild` need. Without nodes, XState has nothing to work
 * out.
 */
const stateless = ({ machine, context, children }: SnapshotParts): AnyMachineSnapshot =>
  ({ machine, context, children, _nodes: [] }) as unknown as AnyMachineSnapshot;

/**
 * The same snapshot with another context, other children and, if given, another state. The literal of 15 properties is
 * faster than a spread: to open and end a connection in memory takes 33 µs, with spreads 50 µs.
 */
export function withChanges(
  snapshot: AnyMachineSnapshot,
  context: unknown,
  children: Children,
  { nodes, value, tags }: State = { nodes: snapshot._nodes, value: snapshot.value as unknown, tags: snapshot.tags },
): AnyMachineSnapshot {
  return {
    status: snapshot.status,
    output: snapshot.output as unknown,
    error: snapshot.error,
    machine: snapshot.machine,
    context,
    _nodes: nodes,
    value,
    tags,
    children,
    historyValue: snapshot.historyValue,
    matches: snapshot.matches,
    hasTag: snapshot.hasTag,
    can: snapshot.can,
    getMeta: snapshot.getMeta,
    toJSON: snapshot.toJSON,
  } as AnyMachineSnapshot;
}

/** The part of a snapshot that says which state the machine is in. */
interface State {
  readonly nodes: AnyMachineSnapshot['_nodes'];
  readonly value: unknown;
  readonly tags: Set<string>;
}

/** Neither `assign` nor `spawnChild` raises events or sends any. */
const noParts = { internalQueue: [] };

type Assigner = (args: object, params: unknown) => unknown;

interface SpawnOptions {
  readonly input?: unknown;
  readonly syncSnapshot?: boolean;
}

/** Resolves `assign`. The four `assign`s of a connection allocate 2.0 KB here, and 3.7 KB in XState. */
function resolveAssign(
  scope: MachineScope,
  snapshot: AnyMachineSnapshot,
  info: ActionInfo,
  params: unknown,
  action: BuiltInAction,
): ReturnType<BuiltInAction['resolve']> {
  const assignment = action.assignment as Assigner | Readonly<Record<string, unknown>>;
  const { event, self, system } = info;
  const context = snapshot.context as object | undefined;
  // XState's own function throws the right error
  if (context === undefined) return action.resolve(scope, snapshot, info, params, action, noParts);
  let children = snapshot.children as Children;
  const spawn = (src: string | AnyActorLogic, options: SpawnOptions = {}): AnyActorRef => {
    // only an actor that is spawned by name may have an input that is a function of the context
    const input = typeof src === 'string' ? options.input : () => options.input;
    const { syncSnapshot } = options;
    const spawning = Object.assign(spawnChild(src as never, { ...options, input } as never), {
      syncSnapshot,
    }) as unknown as BuiltInAction;
    const childless = stateless({ machine: snapshot.machine as object, context, children: {} });
    const [after, resolved] = spawning.resolve(scope, childless, info, params, spawning, noParts);
    const [actorRef] = Object.values(after.children as Record<string, AnyActorRef | undefined>);
    if (actorRef === undefined) {
      throw new Error(`Actor logic '${src as string}' not implemented in machine '${snapshot.machine.id}'`);
    }
    spawning.execute?.(scope, resolved);
    children = { ...children, [actorRef.id]: actorRef };
    return actorRef;
  };
  const args = { context, event, spawn, self, system };
  let update: object;
  if (typeof assignment === 'function') {
    update = assignment(args, params) as object;
  } else {
    const computed = Object.entries(assignment).map(([key, value]) => [
      key,
      typeof value === 'function' ? (value as Assigner)(args, params) : value,
    ]);
    update = Object.fromEntries(computed) as object;
  }
  return [withChanges(snapshot, { ...context, ...update }, children), undefined, undefined];
}
