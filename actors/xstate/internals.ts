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

// Everything of XState that serverchart uses and XState does not publish, and whether the installed XState has it. Each
// name has a use in this folder only, and each use works without the name too: slower, or with less to see.
// Read in XState 5.33; docs/xstate-6.md tells what version 6 does to it.

/** An inspection event, as long as nobody has added the root's id to it. */
export type Observed = Omit<InspectionEvent, 'rootId'> & InspectionEvent;

/** The part of an actor system that XState's types leave out. */
export type SystemInternals = AnyActorRef['system'] & {
  /** Delivers an event in the name of another actor. */
  _relay: (source: AnyActorRef, target: AnyActorRef, event: EventObject) => void;
  /** Enters an actor in a list of running ones, which XState never reads. */
  _register: (sessionId: string, actor: AnyActorRef) => string;
  /** Everything that happens in the system is told here. */
  _sendInspectionEvent: (event: object) => void;
  /** The pending timers by `sessionId.id`; `system.getSnapshot()` copies them. */
  readonly _snapshot: { readonly _scheduledEvents: Readonly<Record<string, unknown>> };
};

/** The part of an actor that XState's types leave out. */
export type ActorInternals = AnyActorRef & {
  /** See {@link processingStatus}. */
  readonly _processingStatus: number;
  /** What the actor hands to its logic with each event. */
  _actorScope: object;
};

/** XState's values of `_processingStatus` that are asked for. */
export const processingStatus = { notStarted: 0, stopped: 2 } as const;

/** What XState hands to a machine with each event. */
export interface MachineScope {
  readonly self: AnyActor;
  readonly system: SystemInternals;
  /** Executes an action, or keeps it for the actor's start. */
  readonly actionExecutor: (action: { type: string; info: object; params: unknown; exec: unknown }) => void;
}

/** What an action is told. */
export interface ActionInfo {
  readonly context: unknown;
  readonly event: EventObject;
  readonly self: AnyActor;
  readonly system: AnyActor['system'];
}

/** What a macrostep lends to all its actions. */
export interface MacrostepParts {
  /** Where `raise` puts its events. */
  readonly internalQueue: EventObject[];
  /** Actors that the step is about to invoke: an action may send to them already. */
  readonly deferredActorIds?: readonly string[] | undefined;
}

/** What XState's action creators (`assign`, `emit`, …) make. */
export interface BuiltInAction {
  readonly type: string;
  /** Works out what the action does: another snapshot, what there is to execute, and further actions. */
  readonly resolve: (
    scope: MachineScope,
    snapshot: AnyMachineSnapshot,
    info: ActionInfo,
    params: unknown,
    action: BuiltInAction,
    parts: MacrostepParts,
  ) => [snapshot: AnyMachineSnapshot, resolved: unknown, more: readonly unknown[] | undefined];
  /** Of those that may speak to an actor that the same step invokes. */
  readonly retryResolve?: (scope: MachineScope, snapshot: AnyMachineSnapshot, resolved: unknown) => void;
  readonly execute?: (scope: MachineScope, resolved: unknown) => void;
  /** What `assign` was given. */
  readonly assignment?: unknown;
}

/** A guard; of those that XState's guard creators (`not`, `stateIn`, …) make, `check` is the guard. */
export type Guard = ((args: object, params: unknown) => boolean) & {
  readonly check?: (snapshot: AnyMachineSnapshot, args: object, guard: Guard) => boolean;
};

const snapshotKeys =
  'status,output,error,machine,context,_nodes,value,tags,children,historyValue,matches,hasTag,can,getMeta,toJSON';

/** What the names are looked for in. */
interface Specimens {
  readonly actor: ActorInternals;
  readonly scope: MachineScope;
  readonly system: SystemInternals;
  readonly snapshot: AnyMachineSnapshot;
  readonly info: ActionInfo;
  /** The values of `_processingStatus` of an actor that is made, started and stopped. */
  readonly statuses: readonly unknown[];
  readonly inspected: readonly Observed[];
  /** What an action was called with that the scope was told to execute. */
  readonly executed: readonly unknown[];
}

const builtIn = (action: unknown): BuiltInAction => action as BuiltInAction;
const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Every name that is used, with whether it is there and means what it has always meant. A check that throws says no. */
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
    // throws, unless the actor is known to come
    action.resolve(scope, snapshot, info, undefined, action, { internalQueue: [], deferredActorIds: ['any'] });
    return true;
  },
  check: () => isFunction((not('any') as unknown as Guard).check),
  'the keys of a snapshot': ({ snapshot }: Specimens) => Object.keys(snapshot).join() === snapshotKeys,
} satisfies Readonly<Record<string, (specimens: Specimens) => boolean>>;

/** A name that XState doesn't publish. */
export type Internal = keyof typeof checks;

const never = { subscribe: () => ({ unsubscribe: (): void => undefined }) };

/** An actor of a machine that has lived already: made, started, told one event, and stopped. */
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
 * Which of the names the installed XState has. Looked up once, when this module is loaded: whoever uses a name chooses there
 * and then between the name and what works without it, so that no event asks again.
 */
export const has: Readonly<Record<Internal, boolean>> = look();

/** All names, for the spec that takes each away in turn. */
export const internals = Object.keys(checks) as readonly Internal[];
