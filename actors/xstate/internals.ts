import {
  assign,
  createActor,
  createMachine,
  fromObservable,
  not,
  raise,
  sendTo,
  spawnChild,
  type AnyActor,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type EventObject,
  type InspectionEvent,
} from 'xstate';

// All names of XState that serverchart uses and that XState does not publish, and whether the installed XState has
// them. Only this folder uses them, and each use works without the name, too: slower, or with less to see. Read in
// XState 5.33; docs/xstate-6.md tells what version 6 does to them.

/** An inspection event that may still lack the root's id. */
export type RawInspectionEvent = Omit<InspectionEvent, 'rootId'> & InspectionEvent;

/** The part of an actor system that XState's types leave out. */
export type SystemInternals = AnyActorRef['system'] & {
  /** Delivers an event in the name of another actor. */
  _relay: (source: AnyActorRef, target: AnyActorRef, event: EventObject) => void;
  /** Enters an actor in a list of running actors. XState never reads that list. */
  _register: (sessionId: string, actor: AnyActorRef) => string;
  /** XState reports here everything that happens in the system. */
  _sendInspectionEvent: (event: object) => void;
  /** The pending timers, by `sessionId.id`. `system.getSnapshot()` would copy them. */
  readonly _snapshot: { readonly _scheduledEvents: Readonly<Record<string, unknown>> };
};

/** The part of an actor that XState's types leave out. */
export type ActorInternals = AnyActorRef & {
  /** See {@link processingStatus}. */
  readonly _processingStatus: number;
  /** What the actor hands to its logic with each event. */
  _actorScope: object;
};

/** The values of `_processingStatus` that serverchart asks for. */
export const processingStatus = { notStarted: 0, stopped: 2 } as const;

/** The scope that XState hands to a machine with each event. */
export interface MachineScope {
  readonly self: AnyActor;
  readonly system: SystemInternals;
  /** Executes an action, or keeps it for the actor's start. */
  readonly actionExecutor: (action: { type: string; info: object; params: unknown; exec: unknown }) => void;
}

/** The arguments of an action. */
export interface ActionInfo {
  readonly context: unknown;
  readonly event: EventObject;
  readonly self: AnyActor;
  readonly system: AnyActor['system'];
}

/** The parts of a macrostep that all its actions use. */
export interface MacrostepParts {
  /** Where `raise` puts its events. */
  readonly internalQueue: EventObject[];
  /** Ids of actors that the step is about to invoke: an action may send to them already. */
  readonly deferredActorIds?: readonly string[] | undefined;
}

/** An action that one of XState's action creators (`assign`, `emit`, …) has made. */
export interface BuiltInAction {
  readonly type: string;
  /** Works out what the action does: the next snapshot, the params for `execute`, and further actions. */
  readonly resolve: (
    scope: MachineScope,
    snapshot: AnyMachineSnapshot,
    info: ActionInfo,
    params: unknown,
    action: BuiltInAction,
    parts: MacrostepParts,
  ) => [snapshot: AnyMachineSnapshot, resolved: unknown, more: readonly unknown[] | undefined];
  /** Resolves the action once more, after the step's actors were invoked: it may send to one of them. */
  readonly retryResolve?: (scope: MachineScope, snapshot: AnyMachineSnapshot, resolved: unknown) => void;
  readonly execute?: (scope: MachineScope, resolved: unknown) => void;
  /** The argument of `assign`. */
  readonly assignment?: unknown;
}

/** A guard. A guard that one of XState's guard creators (`not`, `stateIn`, …) has made is called by its `check`. */
export type Guard = ((args: object, params: unknown) => boolean) & {
  readonly check?: (snapshot: AnyMachineSnapshot, args: object, guard: Guard) => boolean;
};

const snapshotKeys =
  'status,output,error,machine,context,_nodes,value,tags,children,historyValue,matches,hasTag,can,getMeta,toJSON';

/** The objects in which the names are looked for. */
interface Specimens {
  readonly actor: ActorInternals;
  readonly scope: MachineScope;
  readonly system: SystemInternals;
  readonly snapshot: AnyMachineSnapshot;
  readonly info: ActionInfo;
  /** An actor's values of `_processingStatus`: when made, when started, and when stopped. */
  readonly statuses: readonly unknown[];
  readonly inspected: readonly RawInspectionEvent[];
  /** The arguments with which the scope has called an action. */
  readonly executed: readonly unknown[];
}

const builtIn = (action: unknown): BuiltInAction => action as BuiltInAction;
const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Every name in use, with a check that the name is there and means what it means in XState 5.33. To throw means no. */
const checks = {
  _relay: ({ system }: Specimens) => isFunction(system._relay),
  _register: ({ system }: Specimens) => isFunction(system._register),
  _sendInspectionEvent: ({ system }: Specimens) => isFunction(system._sendInspectionEvent),
  _snapshot: ({ system }: Specimens) => typeof system._snapshot._scheduledEvents === 'object',
  _scheduledEvents: ({ system }: Specimens) => typeof system.getSnapshot()._scheduledEvents === 'object',
  _processingStatus: ({ statuses }: Specimens) => statuses.join() === '0,1,2',
  _actorScope: ({ actor, scope }: Specimens) => actor._actorScope === scope,
  _nodes: ({ snapshot }: Specimens) => Array.isArray(snapshot._nodes),
  _subscription: ({ scope }: Specimens) =>
    '_subscription' in fromObservable(() => never).getInitialSnapshot(scope as never, undefined as never),
  _transitions: ({ inspected }: Specimens) =>
    inspected.some((event) => event.type === '@xstate.microstep' && Array.isArray(event._transitions)),
  actionExecutor: ({ scope }: Specimens) => isFunction(scope.actionExecutor),
  exec: ({ executed }: Specimens) => executed.join() === 'info,params',
  resolve: () => builtIn(assign({})).resolve.length === 5,
  assignment: () => 'assignment' in assign({}),
  execute: () => isFunction(builtIn(spawnChild('any')).execute),
  retryResolve: () => isFunction(builtIn(sendTo('any', { type: 'any' })).retryResolve),
  internalQueue: ({ scope, snapshot, info }: Specimens) => {
    const action = builtIn(raise({ type: 'any' }));
    const internalQueue: EventObject[] = [];
    action.resolve(scope, snapshot, info, undefined, action, { internalQueue });
    return internalQueue.length === 1;
  },
  deferredActorIds: ({ scope, snapshot, info }: Specimens) => {
    const action = builtIn(sendTo('any', { type: 'any' }));
    // throws, unless XState knows that the actor will be invoked
    action.resolve(scope, snapshot, info, undefined, action, { internalQueue: [], deferredActorIds: ['any'] });
    return true;
  },
  maxIterations: () =>
    (createMachine({}).options as { maxIterations?: number } | undefined)?.maxIterations === Infinity,
  check: () => isFunction((not('any') as unknown as Guard).check),
  'the keys of a snapshot': ({ snapshot }: Specimens) => Object.keys(snapshot).join() === snapshotKeys,
} satisfies Readonly<Record<string, (specimens: Specimens) => boolean>>;

/** A name that XState doesn't publish. */
export type Internal = keyof typeof checks;

const never = { subscribe: () => ({ unsubscribe: (): void => undefined }) };

/** Makes an actor of a machine, starts it, sends it one event, and stops it. */
function collectSpecimens(): Specimens {
  const machine = createMachine({ on: { any: {} } });
  let scope: unknown;
  const logic = Object.create(machine, {
    getInitialSnapshot: {
      value: (given: never, input: never) => {
        scope = given;
        return machine.getInitialSnapshot(given, input);
      },
    },
  }) as typeof machine;
  const inspected: InspectionEvent[] = [];
  const made = createActor(logic, { inspect: (event) => void inspected.push(event) });
  const actor = made as unknown as ActorInternals;
  const statuses: unknown[] = [actor._processingStatus];
  made.start();
  statuses.push(actor._processingStatus);
  made.send({ type: 'any' });
  const executed: unknown[] = [];
  const given = scope as Partial<MachineScope> | undefined;
  const action = { type: 'any', info: 'info', params: 'params', exec: (...args: unknown[]) => executed.push(...args) };
  given?.actionExecutor?.(action as never);
  made.stop();
  statuses.push(actor._processingStatus);
  const snapshot = made.getSnapshot() as AnyMachineSnapshot;
  const system = actor.system as SystemInternals;
  const info = { context: {}, event: { type: 'any' }, self: made as unknown as AnyActor, system };
  return { actor, scope: scope as MachineScope, system, snapshot, info, statuses, inspected, executed };
}

function look(): Readonly<Record<Internal, boolean>> {
  const specimens = collectSpecimens();
  const found = Object.entries(checks).map(([name, check]): [string, boolean] => {
    try {
      return [name, check(specimens)];
    } catch {
      return [name, false];
    }
  });
  return Object.fromEntries(found) as Record<Internal, boolean>;
}

/**
 * Which of the names the installed XState has. Looked up once, when this module is loaded. A module that uses a name
 * chooses, when it is loaded, between the name and what works without it: so no event asks again.
 */
export const has: Readonly<Record<Internal, boolean>> = look();

/** All names, for the spec that takes away one after the other. */
export const internals = Object.keys(checks) as readonly Internal[];
