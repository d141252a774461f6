import {
  assertEvent,
  assign,
  emit,
  enqueueActions,
  sendTo,
  setup,
  type ErrorActorEvent,
  type EventObject,
} from 'xstate';
import {
  admit,
  changeLimits,
  emptyAdmission,
  identify,
  leave,
  opensAtOnce,
  refusal,
  refusalOfIdentified,
  type Admission,
} from './context/admission';
import { configureError, reconfigure } from './options/configure';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ListenAddress } from './vocabulary/connectionTypes';
import type { ListenError } from './vocabulary/errors';
import type {
  ConnectionsEvent,
  ListenerEvent,
  RejectReason,
  ServerCoreEvent,
  ServerEmitted,
  ServerSummary,
  Supervisor,
} from './events';
import type { LogicFor } from './vocabulary/logic';
import type { ServerCoreOptions } from './options/options';
import {
  resolveServerCoreOptions,
  shutdownDelay,
  type ListenerInput,
  type ResolvedServerCoreOptions,
} from './options/resolveOptions';
import { mayRestart, recentFailures, type ListenFailure } from './options/restart';
import { addClosed, emptyTally, summarise, type Tally } from './context/tally';
import type { ServerTag } from './vocabulary/serverTag';
import { clockOf, timeOf } from './vocabulary/time';

/** The input of the connections registry. */
export interface ConnectionsInput {
  readonly server: Supervisor;
}

type FullReason = Extract<ServerEmitted, { type: 'server.full' }>['reason'];

export interface ServerCoreContext {
  readonly options: ResolvedServerCoreOptions;
  /** Where the server listens, from the first time that it does. */
  readonly address: ListenAddress | undefined;
  /** How many connections have a handler. */
  readonly open: number;
  /** The ids of those among them that don't count for `maxConnections`. */
  readonly exempt: ReadonlySet<string>;
  /** Why the server is full, as `server.full` has told; undefined once `server.accepting` has told that it isn't. */
  readonly fullFor: FullReason | undefined;
  /** Whether few places are left, as `server.nearCapacity` has told. */
  readonly isNear: boolean;
  /** The clients that wait for a place, the longest first. */
  readonly queue: readonly ConnectedSocketAdapter[];
  readonly admission: Admission;
  /** How the listener failed, within the time that `restart` looks at. */
  readonly failures: readonly ListenFailure[];
  /** The listener's clients that no connection has claimed. */
  readonly unclaimed: Set<ConnectedSocketAdapter>;
  /** The listener has closed for good. */
  readonly portIsFree: boolean;
  readonly tally: Tally;
}

const nowOf = (server: object): number => timeOf(clockOf(server));

const listenerInput = ({ options, address, tally, queue, unclaimed }: ServerCoreContext): ListenerInput => ({
  options,
  box: '_socketactivity',
  accepted: tally.connections + tally.rejected + queue.length,
  unclaimed,
  ...(address && { address }),
});

/** The client that an event brings; or that it makes room for, the one who has waited longest. */
function comer({ context, event }: { context: ServerCoreContext; event: EventObject }): ConnectedSocketAdapter {
  const CSA =
    'CSA' in event && event.type === '_socketactivity.newCSA'
      ? (event.CSA as ConnectedSocketAdapter)
      : context.queue[0];
  if (CSA === undefined) throw new TypeError(`${event.type} brings no client`);
  return CSA;
}

const counted = ({ open, exempt }: ServerCoreContext): number => open - exempt.size;

const hasPlace = (context: ServerCoreContext): boolean => counted(context) < context.options.maxConnections;

/** Whether there is no place for one who comes now: those who wait come first. */
const isAtCapacity = (context: ServerCoreContext): boolean => context.queue.length > 0 || !hasPlace(context);

/**
 * Kamaelia's ServerCore: one port, many connections, a handler for each.
 *
 * `starting → listening { accepting ⇄ full ⇄ suspended } → draining → shutdown`. When the port can't be had, the
 * listener's `ListenError` ends this actor in error. Nothing here handles that, on purpose: XState then stops the
 * other children and passes the error on to whoever owns the server. Only once it has listened, `restart` allows for a few
 * such failures.
 */
export const serverCoreMachine = setup({
  types: {} as {
    context: ServerCoreContext;
    events: ServerCoreEvent | ErrorActorEvent;
    input: ServerCoreOptions;
    output: ServerSummary;
    emitted: ServerEmitted;
    tags: ServerTag;
  },
  actors: {
    listener: {} as LogicFor<ListenerEvent, ListenerInput>,
    connections: {} as LogicFor<ConnectionsEvent, ConnectionsInput>,
  },
  actions: {
    initialiseServerSocket: sendTo('listener', { type: 'control.resume' }),
    suspendListener: sendTo('listener', { type: 'control.suspend' }),
    closeListener: enqueueActions(({ enqueue }) => {
      enqueue.sendTo('listener', { type: '_serversignal.serverShutdown' });
      enqueue.emit({ type: '_serversignal.serverShutdown' });
    }),
    noteAddress: enqueueActions(({ event, enqueue }) => {
      assertEvent(event, '_listener.listening');
      enqueue.assign({ address: event.address });
      enqueue.emit({ type: 'server.listening', ...event.address });
    }),
    notePortIsFree: assign({ portIsFree: true }),
    emitFailed: emit(({ event }) => {
      assertEvent(event, '_listener.failed');
      return { type: 'server.failed', error: event.error };
    }),
    handleNewConnection: assign(({ context, event }) => ({
      open: context.open + 1,
      tally: { ...context.tally, connections: context.tally.connections + 1 },
      admission: admit(context, comer({ context, event })),
    })),
    spawnConnection: sendTo('connections', ({ context, event }) => ({
      type: 'spawnConnection',
      CSA: comer({ context, event }),
      options: context.options,
    })),
    emitNew: emit(({ context, event }) => {
      const CSA = comer({ context, event });
      return { type: opensAtOnce(context.options, CSA) ? 'connection.opened' : 'connection.opening', ...CSA.info };
    }),
    emitOpened: emit(({ event }) => {
      assertEvent(event, '_CSA.opened');
      return { type: 'connection.opened', ...event.CSA.info };
    }),
    /** The one who has waited longest has its place now. */
    handleQueued: assign(({ context }) => ({
      queue: context.queue.slice(1),
      open: context.open + 1,
      tally: { ...context.tally, connections: context.tally.connections + 1 },
    })),
    /** The PROXY header has told who it is. */
    countIdentified: ({ context, event }) => {
      assertEvent(event, '_CSA.identified');
      identify(context, event.CSA);
    },
    admitIdentified: sendTo('connections', ({ event }) => {
      assertEvent(event, '_CSA.identified');
      return { type: 'control.admit', id: event.CSA.info.id };
    }),
    rejectIdentified: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, '_CSA.identified');
      const { info } = event.CSA;
      enqueue.sendTo('connections', { type: 'control.reject', id: info.id });
      const reason = refusalOfIdentified(context, event.CSA);
      if (reason !== undefined) enqueue.emit({ type: 'connection.rejected', reason, info });
    }),
    noteExempt: assign(({ context, event }) => {
      assertEvent(event, '_CSA.exempt');
      return { exempt: new Set(context.exempt).add(event.CSA.info.id) };
    }),
    emitHandlerFailed: emit(({ event }) => {
      assertEvent(event, '_socketactivity.handlerFailed');
      return { ...event, type: 'connection.failed' };
    }),
    handleClosedCSA: assign(({ context, event }) => {
      assertEvent(event, '_socketactivity.shutdownCSA');
      const { exempt } = context;
      leave(context, event.CSA);
      return {
        open: context.open - 1,
        tally: addClosed(context.tally, event),
        ...(exempt.has(event.id) ? { exempt: new Set([...exempt].filter((id) => id !== event.id)) } : {}),
      };
    }),
    emitClosed: emit(({ event }) => {
      assertEvent(event, '_socketactivity.shutdownCSA');
      const { CSA, ...closed } = event;
      return { ...closed, type: 'connection.closed' };
    }),
    noteDrained: ({ context, event }) => {
      assertEvent(event, '_socketactivity.shutdownCSA');
      const { type, CSA, ...closed } = event;
      context.tally.drained.push(closed);
    },
    queueConnection: assign(({ context, event }) => {
      assertEvent(event, '_socketactivity.newCSA');
      return { queue: [...context.queue, event.CSA], admission: admit(context, event.CSA) };
    }),
    rejectConnection: enqueueActions(
      ({ context, event, enqueue }, { reason }: { reason: RejectReason | 'unwelcome' }) => {
        assertEvent(event, '_socketactivity.newCSA');
        const { CSA } = event;
        // whoever isn't welcome gets neither bytes nor a descriptor for the time that they take
        CSA.reject(reason === 'unwelcome' || reason === 'descriptors' ? undefined : context.options);
        enqueue.assign({ tally: { ...context.tally, rejected: context.tally.rejected + 1 } });
        const why = reason === 'unwelcome' ? (refusal(context, CSA) ?? 'denied') : reason;
        enqueue.emit({ type: 'connection.rejected', reason: why, info: CSA.info });
      },
    ),
    rejectQueued: enqueueActions(({ context, enqueue }) => {
      for (const CSA of context.queue) {
        CSA.reject();
        leave(context, CSA);
        enqueue.emit({ type: 'connection.rejected', reason: 'serverShutdown', info: CSA.info });
      }
      const rejected = context.tally.rejected + context.queue.length;
      enqueue.assign({ queue: [], tally: { ...context.tally, rejected } });
    }),
    emitAcceptFailed: emit(({ event }) => {
      assertEvent(event, '_listener.acceptFailed');
      return { type: 'connection.rejected', reason: 'acceptFailed', error: event.error };
    }),
    tellNearCapacity: enqueueActions(({ context, enqueue }) => {
      const isNear = !context.isNear;
      const { maxConnections } = context.options;
      enqueue.assign({ isNear });
      enqueue.emit({ type: 'server.nearCapacity', isNear, connections: counted(context), maxConnections });
    }),
    /** Only what is new: `full` is also come to anew, for another `whenBusy` or from a suspension. */
    tellFull: enqueueActions(({ context, event, enqueue }) => {
      const isShort = event.type === '_listener.descriptorsShort';
      const reason = isShort ? 'descriptors' : 'maxConnections';
      if (context.fullFor === reason) return;
      enqueue.assign({ fullFor: reason });
      const descriptors = isShort ? { descriptors: event.descriptors } : {};
      enqueue.emit({ type: 'server.full', reason, connections: counted(context), ...descriptors });
    }),
    tellAccepting: enqueueActions(({ context, enqueue }) => {
      if (context.fullFor === undefined) return;
      enqueue.assign({ fullFor: undefined });
      enqueue.emit({ type: 'server.accepting', connections: counted(context) });
    }),
    configure: assign(({ context, event, self }) => {
      assertEvent(event, 'control.configure');
      const options = reconfigure(context.options, event.options);
      return { options, admission: changeLimits(context, options, nowOf(self)) };
    }),
    emitConfigured: emit(({ event }) => {
      assertEvent(event, 'control.configure');
      return { type: 'server.configured', options: event.options };
    }),
    emitConfigureFailed: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'control.configure');
      const error = configureError(context.options, event.options);
      if (error !== undefined) enqueue.emit({ type: 'server.configureFailed', error });
    }),
    reloadTls: sendTo('listener', ({ event }) => {
      assertEvent(event, 'control.tlsReload');
      return event;
    }),
    /** A listener that takes this one's place shall have them too. */
    noteTls: assign(({ context, event }) => {
      assertEvent(event, '_listener.tlsReloaded');
      return { options: { ...context.options, tls: event.options } };
    }),
    emitTlsReloaded: emit({ type: 'server.tlsReloaded' }),
    emitTlsReloadFailed: emit(({ event }) => {
      assertEvent(event, '_listener.tlsReloadFailed');
      return { type: 'server.tlsReloadFailed', error: event.error };
    }),
    emitRestarting: emit(({ event }) => ({
      type: 'server.restarting',
      error: (event as ErrorActorEvent).error as ListenError,
    })),
    /** A new one in its place, closed as yet, for the same port. */
    restartListener: enqueueActions(({ context, enqueue }) => {
      enqueue.stopChild('listener');
      enqueue.spawnChild('listener', { id: 'listener', input: listenerInput(context) });
    }),
    noteFailure: assign(({ context, event }) => {
      assertEvent(event, '_listener.failed');
      return { failures: [...recentFailures(context, event.at), event] };
    }),
    emitDraining: emit(({ context }) => ({ type: 'server.draining', connections: context.open })),
    /** Every handler may still say goodbye. */
    tellConnections: sendTo('connections', ({ context }) => ({
      type: 'control.serverShutdown',
      stagger: context.options.drainStagger,
    })),
    /** Kamaelia's `stop`: what is still open is cut. */
    stop: sendTo('connections', { type: 'control.shutdownMicroprocess' }),
    emitShutdown: emit(({ context, self }) => ({ type: 'server.shutdown', ...summarise(context.tally, self) })),
  },
  guards: {
    canReopen: ({ context }) => context.options.fd === undefined,
    isUnwelcome: ({ context, event }) =>
      event.type === '_socketactivity.newCSA' && refusal(context, event.CSA) !== undefined,
    isUnwelcomeAfterAll: ({ context, event }) =>
      event.type === '_CSA.identified' && refusalOfIdentified(context, event.CSA) !== undefined,
    isAtCapacity: ({ context }) => isAtCapacity(context),
    canAdmitQueued: ({ context }) => context.queue.length > 0 && hasPlace(context),
    /** Descriptors come back by another way. */
    hasPlaceAgain: ({ context }) => context.fullFor === 'maxConnections' && !isAtCapacity(context),
    isNear: ({ context }) => context.isNear,
    isFar: ({ context }) => !context.isNear,
    crossesNearCapacity: ({ context }) => {
      const { nearCapacity, maxConnections } = context.options;
      if (nearCapacity === undefined) return false;
      const share = counted(context) / maxConnections;
      return context.isNear ? share < nearCapacity.until : share >= nearCapacity.from;
    },
    isConfigurable: ({ context, event }) =>
      event.type === 'control.configure' && configureError(context.options, event.options) === undefined,
    mayRestart: ({ context, event }) => event.type === '_listener.failed' && mayRestart(context, event.at),
    /** Somebody has looked at this failure, and will try again. */
    isRestarting: ({ context, event }) => 'error' in event && context.failures.at(-1)?.error === event.error,
    refuses: ({ context }) => context.options.whenBusy === 'refuse',
    queues: ({ context }) => context.options.whenBusy === 'queue',
    hasRoomInQueue: ({ context }) => context.queue.length < context.options.maxQueued,
    isDrained: ({ context }) => context.open === 0 && context.portIsFree,
  },
  delays: {
    shutdownTimeout: ({ context, event }) => shutdownDelay(event, context.options),
    restartDelay: ({ context }) => context.options.restart.delay,
  },
}).createMachine({
  id: 'serverCore',
  context: ({ input, self }) => {
    const options = resolveServerCoreOptions(input);
    return {
      options,
      address: undefined,
      open: 0,
      exempt: new Set(),
      fullFor: undefined,
      isNear: false,
      queue: [],
      admission: emptyAdmission(options, nowOf(self)),
      failures: [],
      unclaimed: new Set(),
      portIsFree: false,
      tally: emptyTally(self),
    };
  },
  output: ({ context, self }) => summarise(context.tally, self),
  invoke: [
    {
      id: 'connections',
      src: 'connections',
      input: ({ self }) => ({ server: self }),
    },
    { id: 'listener', src: 'listener', input: ({ context }) => listenerInput(context) },
  ],
  initial: 'starting',
  on: {
    '_listener.failed': { actions: 'emitFailed' },
    '_listener.acceptFailed': { actions: 'emitAcceptFailed' },
    '_listener.tlsReloaded': { actions: ['noteTls', 'emitTlsReloaded'] },
    '_listener.tlsReloadFailed': { actions: 'emitTlsReloadFailed' },
    '_socketactivity.handlerFailed': { actions: 'emitHandlerFailed' },
    '_CSA.opened': { actions: 'emitOpened' },
    '_CSA.identified': [
      { guard: 'isUnwelcomeAfterAll', actions: ['rejectIdentified', 'countIdentified'] },
      { actions: ['countIdentified', 'admitIdentified'] },
    ],
    '_CSA.exempt': { actions: 'noteExempt' },
    'control.configure': [
      { guard: 'isConfigurable', actions: ['configure', 'emitConfigured'] },
      { actions: 'emitConfigureFailed' },
    ],
    'control.tlsReload': { actions: 'reloadTls' },
  },
  states: {
    starting: {
      description: 'The port is being opened.',
      entry: 'initialiseServerSocket',
      on: {
        '_listener.listening': { target: 'listening', actions: 'noteAddress' },
        'control.suspend': { guard: 'canReopen', target: 'listening.suspended' },
        'control.serverShutdown': { target: 'draining' },
        'control.shutdownMicroprocess': { target: 'draining.cutting' },
      },
    },
    listening: {
      description: 'The server serves.',
      on: {
        '_listener.listening': { actions: 'noteAddress' },
        '_listener.failed': [{ guard: 'mayRestart', actions: 'noteFailure' }, { actions: 'emitFailed' }],
        // told only now, so that nothing that whoever hears of it does comes in between
        'xstate.error.actor.listener': {
          guard: 'isRestarting',
          target: '.restarting',
          actions: ['restartListener', 'emitRestarting'],
        },
        '_listener.descriptorsShort': { target: '.full.sparing' },
        '_socketactivity.newCSA': [
          { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
          { actions: ['handleNewConnection', 'spawnConnection', 'emitNew'] },
        ],
        '_socketactivity.shutdownCSA': { actions: ['handleClosedCSA', 'emitClosed'] },
        'control.configure': [
          { guard: 'isConfigurable', target: '.counting', actions: ['configure', 'emitConfigured'] },
          { actions: 'emitConfigureFailed' },
        ],
        'control.suspend': { guard: 'canReopen', target: '.suspended' },
        'control.serverShutdown': { target: 'draining' },
        'control.shutdownMicroprocess': { target: 'draining.cutting' },
      },
      always: [
        // a place that is free goes to who has waited longest, whatever freed it
        { guard: 'canAdmitQueued', actions: ['spawnConnection', 'emitNew', 'handleQueued'] },
        { guard: 'crossesNearCapacity', actions: 'tellNearCapacity' },
      ],
      initial: 'accepting',
      states: {
        counting: {
          description: 'Passing: the places that are left decide.',
          always: [
            { guard: 'isAtCapacity', target: 'full' },
            { guard: 'isNear', target: 'crowded' },
            { target: 'accepting' },
          ],
        },
        accepting: {
          description: 'There are places left.',
          tags: 'taking',
          entry: ['initialiseServerSocket', 'tellAccepting'],
          always: [
            { guard: 'isAtCapacity', target: 'full' },
            { guard: 'isNear', target: 'crowded' },
          ],
        },
        crowded: {
          description: 'There are few places left, as nearCapacity has it.',
          tags: 'taking',
          entry: ['initialiseServerSocket', 'tellAccepting'],
          always: [
            { guard: 'isAtCapacity', target: 'full' },
            { guard: 'isFar', target: 'accepting' },
          ],
        },
        full: {
          description: 'No more clients for now.',
          entry: 'tellFull',
          on: {
            '_socketactivity.newCSA': [
              { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
              { actions: { type: 'rejectConnection', params: { reason: 'atCapacity' } } },
            ],
          },
          always: { guard: 'hasPlaceAgain', target: 'counting' },
          initial: 'responding',
          states: {
            responding: {
              description: 'Passing: whenBusy says how the next client is met.',
              always: [
                { guard: 'refuses', target: 'refusing' },
                { guard: 'queues', target: 'queueing' },
                { target: 'rejecting' },
              ],
            },
            rejecting: {
              description: 'Every place is taken. The next client is accepted, told busyReply, and closed.',
              entry: 'initialiseServerSocket',
            },
            queueing: {
              description: 'Every place is taken. The next client is accepted, and not read until a place is free.',
              tags: 'queueing',
              entry: 'initialiseServerSocket',
              on: {
                '_socketactivity.newCSA': [
                  { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
                  { guard: 'hasRoomInQueue', actions: 'queueConnection' },
                  { actions: { type: 'rejectConnection', params: { reason: 'queueFull' } } },
                ],
              },
            },
            refusing: { description: 'Every place is taken: the port does not listen.', entry: 'suspendListener' },
            sparing: {
              description: 'Hardly a descriptor is left. The next client is accepted, and closed at once.',
              on: {
                '_socketactivity.newCSA': {
                  actions: { type: 'rejectConnection', params: { reason: 'descriptors' } },
                },
                '_listener.descriptorsSpare': { target: '#serverCore.listening.counting' },
                'control.configure': [
                  { guard: 'isConfigurable', actions: ['configure', 'emitConfigured'] },
                  { actions: 'emitConfigureFailed' },
                ],
              },
            },
          },
        },
        restarting: {
          description: 'The listener has failed, and is given another chance; open connections go on.',
          on: {
            'control.configure': [
              { guard: 'isConfigurable', actions: ['configure', 'emitConfigured'] },
              { actions: 'emitConfigureFailed' },
            ],
          },
          after: { restartDelay: { target: 'counting' } },
        },
        suspended: {
          description: 'The port does not listen until control.resume; open connections go on.',
          entry: 'suspendListener',
          on: {
            '_listener.descriptorsShort': {},
            '_socketactivity.newCSA': [
              { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
              {
                guard: 'isAtCapacity',
                actions: { type: 'rejectConnection', params: { reason: 'atCapacity' } },
              },
              { actions: ['handleNewConnection', 'spawnConnection', 'emitNew'] },
            ],
            'control.configure': [
              { guard: 'isConfigurable', actions: ['configure', 'emitConfigured'] },
              { actions: 'emitConfigureFailed' },
            ],
            'control.suspend': {},
            'control.resume': { target: 'counting' },
          },
        },
      },
    },
    draining: {
      description: 'No new connections; those that are open come to their end.',
      entry: ['closeListener', 'emitDraining', 'rejectQueued'],
      on: {
        '_listener.closed': { actions: 'notePortIsFree' },
        '_socketactivity.newCSA': {
          actions: { type: 'rejectConnection', params: { reason: 'serverShutdown' } },
        },
        '_socketactivity.shutdownCSA': { actions: ['handleClosedCSA', 'emitClosed', 'noteDrained'] },
        'control.shutdownMicroprocess': { target: '.cutting' },
      },
      always: { guard: 'isDrained', target: 'shutdown' },
      initial: 'finishing',
      states: {
        finishing: {
          description: 'The handlers say goodbye.',
          entry: 'tellConnections',
          after: { shutdownTimeout: { target: 'cutting' } },
        },
        cutting: { description: 'Time is up.', entry: 'stop' },
      },
    },
    shutdown: {
      description: 'The port is free and nothing is left.',
      type: 'final',
      entry: 'emitShutdown',
    },
  },
});
