import { assertEvent, assign, emit, enqueueActions, sendTo, setup, type ErrorActorEvent } from 'xstate';
import {
  closedConnection,
  countIdentified,
  identifiedId,
  isUnwelcome,
  isUnwelcomeAfterAll,
  noteDrained,
  openedEvent,
  reject,
  tellRejected,
} from './admissionParts';
import { nextClient, rejectQueued, withQueued } from './queueParts';
import { admit, changeLimits, emptyAdmission, leave, opensAtOnce } from './context/admission';
import type { ServerContext } from './context/serverContext';
import { addClosed, addTaken, emptyTally, summarise } from './context/tally';
import type {
  ConnectionsEvent,
  ListenerEvent,
  ServerCoreEvent,
  ServerEmitted,
  ServerSummary,
  Supervisor,
  RejectReason,
} from './events';
import { listenerInputFor, type ListenerInput } from './listenerInput';
import {
  acceptFailedEvent,
  failedEvent,
  hasAnotherChance,
  noteAddress,
  restartingEvent,
  survivesFailure,
  tlsReloadEvent,
  tlsReloadFailedEvent,
  withFailure,
  withTls,
} from './listenerParts';
import { configureError, reconfigure } from './options/configure';
import type { ServerCoreOptions } from './options/options';
import { resolveServerCoreOptions, shutdownDelay, type ResolvedServerCoreOptions } from './options/resolveOptions';
import type { LogicFor } from './vocabulary/logic';
import type { ServerTag } from './vocabulary/serverTag';
import { clockOf, timeOf } from './vocabulary/time';

/** The input of the connections registry. */
export interface ConnectionsInput {
  readonly server: Supervisor;
}

type FullReason = Extract<ServerEmitted, { type: 'server.full' }>['reason'];

export interface ServerCoreContext extends ServerContext {
  readonly options: ResolvedServerCoreOptions;
  /** How many connections are open or opening. Clients in the queue don't count. */
  readonly open: number;
  /** The ids of the open connections that don't count for `maxConnections`. */
  readonly exempt: ReadonlySet<string>;
  /** Why the server is full, as the last `server.full` said. Undefined after `server.accepting`. */
  readonly fullFor: FullReason | undefined;
  /** Whether few places are left, as the last `server.nearCapacity` said. */
  readonly isNear: boolean;
}

const nowOf = (server: object): number => timeOf(clockOf(server));

const listenerInput = (context: ServerCoreContext): ListenerInput => listenerInputFor(context, '_socketactivity');

const counted = ({ open, exempt }: ServerCoreContext): number => open - exempt.size;

const hasPlace = (context: ServerCoreContext): boolean => counted(context) < context.options.maxConnections;

/** Whether there is no place for a new client. The clients in the queue come first. */
const isAtCapacity = (context: ServerCoreContext): boolean => context.queue.length > 0 || !hasPlace(context);

/**
 * Kamaelia's ServerCore: one port, many connections, a handler for each.
 *
 * `starting → listening { accepting ⇄ full ⇄ suspended } → draining → shutdown`. When the server can't listen, the
 * listener's `ListenError` ends this actor in error. The chart does not handle that error, on purpose: XState then
 * stops the other children and passes the error on to the owner of the server. Once the server has listened, it
 * survives as many failures as `restart` allows.
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
    noteAddress: enqueueActions((step) => {
      noteAddress(step);
    }),
    notePortIsFree: assign({ portIsFree: true }),
    emitFailed: emit((step) => failedEvent(step)),
    handleNewConnection: assign((step) => ({
      open: step.context.open + 1,
      tally: addTaken(step.context.tally),
      admission: admit(step.context, nextClient(step)),
    })),
    spawnConnection: sendTo('connections', (step) => ({
      type: 'spawnConnection',
      CSA: nextClient(step),
      options: step.context.options,
    })),
    emitNew: emit((step) => {
      const CSA = nextClient(step);
      return { type: opensAtOnce(step.context.options, CSA) ? 'connection.opened' : 'connection.opening', ...CSA.info };
    }),
    emitOpened: emit((step) => openedEvent(step)),
    /** Takes the client that has a place now out of the queue. `admit` has counted it when it joined the queue. */
    handleQueued: assign(({ context }) => ({
      queue: context.queue.slice(1),
      open: context.open + 1,
      tally: addTaken(context.tally),
    })),
    countIdentified: (step) => {
      countIdentified(step);
    },
    admitIdentified: sendTo('connections', (step) => ({ type: 'control.admit', id: identifiedId(step) })),
    rejectIdentified: enqueueActions((step) => {
      step.enqueue.sendTo('connections', { type: 'control.reject', id: identifiedId(step) });
      tellRejected(step);
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
    emitClosed: emit((step) => ({ ...closedConnection(step), type: 'connection.closed' })),
    noteDrained: (step) => {
      noteDrained(step);
    },
    queueConnection: assign((step) => withQueued(step)),
    rejectConnection: enqueueActions((step, rejection: { reason: RejectReason | 'unwelcome' }) => {
      reject(step, rejection);
    }),
    rejectQueued: enqueueActions((step) => {
      rejectQueued(step);
    }),
    emitAcceptFailed: emit((step) => acceptFailedEvent(step)),
    tellNearCapacity: enqueueActions(({ context, enqueue }) => {
      const isNear = !context.isNear;
      const { maxConnections } = context.options;
      enqueue.assign({ isNear });
      enqueue.emit({ type: 'server.nearCapacity', isNear, connections: counted(context), maxConnections });
    }),
    /** Emits only what is new: the server also enters `full` when `whenBusy` changes, or after a suspension. */
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
    reloadTls: sendTo('listener', (step) => tlsReloadEvent(step)),
    noteTls: assign((step) => withTls(step)),
    emitTlsReloaded: emit({ type: 'server.tlsReloaded' }),
    emitTlsReloadFailed: emit((step) => tlsReloadFailedEvent(step)),
    emitRestarting: emit((step) => restartingEvent(step)),
    /**
     * Replaces the listener that failed. The new listener doesn't listen before `control.resume`, and keeps the port.
     */
    restartListener: enqueueActions(({ context, enqueue }) => {
      enqueue.stopChild('listener');
      enqueue.spawnChild('listener', { id: 'listener', input: listenerInput(context) });
    }),
    noteFailure: assign((step) => withFailure(step)),
    emitDraining: emit(({ context }) => ({ type: 'server.draining', connections: context.open })),
    /** Tells every handler that the server drains, so that each may say goodbye. */
    tellConnections: sendTo('connections', ({ context }) => ({
      type: 'control.serverShutdown',
      stagger: context.options.drainStagger,
    })),
    /** Kamaelia's `stop`: cuts the connections that are still open. */
    stop: sendTo('connections', { type: 'control.shutdownMicroprocess' }),
    emitShutdown: emit(({ context, self }) => ({ type: 'server.shutdown', ...summarise(context.tally, self) })),
  },
  guards: {
    canReopen: ({ context }) => context.options.fd === undefined,
    isUnwelcome: (step) => isUnwelcome(step),
    isUnwelcomeAfterAll: (step) => isUnwelcomeAfterAll(step),
    isAtCapacity: ({ context }) => isAtCapacity(context),
    canAdmitQueued: ({ context }) => context.queue.length > 0 && hasPlace(context),
    /** Not when descriptors are short: the listener tells when there are enough again. */
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
    mayRestart: (step) => survivesFailure(step),
    isRestarting: (step) => hasAnotherChance(step),
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
      description: 'The server serves its clients.',
      on: {
        '_listener.listening': { actions: 'noteAddress' },
        '_listener.failed': [{ guard: 'mayRestart', actions: 'noteFailure' }, { actions: 'emitFailed' }],
        // `server.restarting` comes only now, so that no subscriber can act between the failure and the listener's
        // end
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
        // a free place goes to the client that has waited longest, whatever has freed the place
        { guard: 'canAdmitQueued', actions: ['spawnConnection', 'emitNew', 'handleQueued'] },
        { guard: 'crossesNearCapacity', actions: 'tellNearCapacity' },
      ],
      initial: 'accepting',
      states: {
        counting: {
          description: 'Passing: the number of places that are left decides.',
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
          description: 'Few places are left: as few as nearCapacity says.',
          tags: 'taking',
          entry: ['initialiseServerSocket', 'tellAccepting'],
          always: [
            { guard: 'isAtCapacity', target: 'full' },
            { guard: 'isFar', target: 'accepting' },
          ],
        },
        full: {
          description: 'The server takes no more clients for now.',
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
              description: 'Passing: whenBusy says what the next client meets.',
              always: [
                { guard: 'refuses', target: 'refusing' },
                { guard: 'queues', target: 'queueing' },
                { target: 'rejecting' },
              ],
            },
            rejecting: {
              description: 'Every place is taken. The next client is accepted, gets busyReply, and is closed.',
              entry: 'initialiseServerSocket',
            },
            queueing: {
              description: 'Every place is taken. The next client is accepted, and waits unread for a free place.',
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
            refusing: { description: 'Every place is taken. The port does not listen.', entry: 'suspendListener' },
            sparing: {
              description: 'Few descriptors are left. The next client is accepted, and closed at once.',
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
          description: 'The listener has failed, and tries again soon. Open connections go on.',
          on: {
            'control.configure': [
              { guard: 'isConfigurable', actions: ['configure', 'emitConfigured'] },
              { actions: 'emitConfigureFailed' },
            ],
          },
          after: { restartDelay: { target: 'counting' } },
        },
        suspended: {
          description: 'The port does not listen until control.resume. Open connections go on.',
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
      description: 'No new client is taken. Open connections come to their end.',
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
        cutting: { description: 'Time is up: open connections are cut.', entry: 'stop' },
      },
    },
    shutdown: {
      description: 'The port is free, and no connection is left.',
      type: 'final',
      entry: 'emitShutdown',
    },
  },
});
