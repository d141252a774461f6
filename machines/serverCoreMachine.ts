import { assertEvent, assign, emit, enqueueActions, sendTo, setup, type ErrorActorEvent } from 'xstate';
import {
  closedIn,
  comer,
  countIdentified,
  identifiedId,
  isUnwelcome,
  isUnwelcomeAfterAll,
  noteDrained,
  opened,
  reject,
  rejectQueued,
  tellRejected,
  withQueued,
  type Rejection,
} from './admissionParts';
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
} from './events';
import { listenerInputFor, type ListenerInput } from './listenerInput';
import {
  acceptFailed,
  failed,
  hasAnotherChance,
  noteAddress,
  restarting,
  survivesFailure,
  tlsReload,
  tlsReloadFailed,
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
  /** How many connections have a handler. */
  readonly open: number;
  /** The ids of those connections that don't count for `maxConnections`. */
  readonly exempt: ReadonlySet<string>;
  /** Why the server is full, as `server.full` has told; undefined once `server.accepting` has told the contrary. */
  readonly fullFor: FullReason | undefined;
  /** Whether few places are left, as `server.nearCapacity` has told. */
  readonly isNear: boolean;
}

const nowOf = (server: object): number => timeOf(clockOf(server));

const listenerInput = (context: ServerCoreContext): ListenerInput => listenerInputFor(context, '_socketactivity');

const counted = ({ open, exempt }: ServerCoreContext): number => open - exempt.size;

const hasPlace = (context: ServerCoreContext): boolean => counted(context) < context.options.maxConnections;

/** Whether there is no place for a client that comes now: the clients that wait come first. */
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
    noteAddress: enqueueActions((step) => {
      noteAddress(step);
    }),
    notePortIsFree: assign({ portIsFree: true }),
    emitFailed: emit((step) => failed(step)),
    handleNewConnection: assign((step) => ({
      open: step.context.open + 1,
      tally: addTaken(step.context.tally),
      admission: admit(step.context, comer(step)),
    })),
    spawnConnection: sendTo('connections', (step) => ({
      type: 'spawnConnection',
      CSA: comer(step),
      options: step.context.options,
    })),
    emitNew: emit((step) => {
      const CSA = comer(step);
      return { type: opensAtOnce(step.context.options, CSA) ? 'connection.opened' : 'connection.opening', ...CSA.info };
    }),
    emitOpened: emit((step) => opened(step)),
    /** The client that has waited longest has its place now. */
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
    emitClosed: emit((step) => ({ ...closedIn(step), type: 'connection.closed' })),
    noteDrained: (step) => {
      noteDrained(step);
    },
    queueConnection: assign((step) => withQueued(step)),
    rejectConnection: enqueueActions((step, rejection: Rejection) => {
      reject(step, rejection);
    }),
    rejectQueued: enqueueActions((step) => {
      rejectQueued(step);
    }),
    emitAcceptFailed: emit((step) => acceptFailed(step)),
    tellNearCapacity: enqueueActions(({ context, enqueue }) => {
      const isNear = !context.isNear;
      const { maxConnections } = context.options;
      enqueue.assign({ isNear });
      enqueue.emit({ type: 'server.nearCapacity', isNear, connections: counted(context), maxConnections });
    }),
    /** Tells only what is new: the server also enters `full` for another `whenBusy`, or from a suspension. */
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
    reloadTls: sendTo('listener', (step) => tlsReload(step)),
    noteTls: assign((step) => withTls(step)),
    emitTlsReloaded: emit({ type: 'server.tlsReloaded' }),
    emitTlsReloadFailed: emit((step) => tlsReloadFailed(step)),
    emitRestarting: emit((step) => restarting(step)),
    /** A new listener takes the place of the one that failed. The new one is closed as yet, and knows the port. */
    restartListener: enqueueActions(({ context, enqueue }) => {
      enqueue.stopChild('listener');
      enqueue.spawnChild('listener', { id: 'listener', input: listenerInput(context) });
    }),
    noteFailure: assign((step) => withFailure(step)),
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
    isUnwelcome: (step) => isUnwelcome(step),
    isUnwelcomeAfterAll: (step) => isUnwelcomeAfterAll(step),
    isAtCapacity: ({ context }) => isAtCapacity(context),
    canAdmitQueued: ({ context }) => context.queue.length > 0 && hasPlace(context),
    /** A server that is short of descriptors hears of their return from its listener. */
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
      description: 'The server serves.',
      on: {
        '_listener.listening': { actions: 'noteAddress' },
        '_listener.failed': [{ guard: 'mayRestart', actions: 'noteFailure' }, { actions: 'emitFailed' }],
        // told only now, so that no listener of that event can act between the failure and the listener's end
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
        // a free place goes to the client that has waited longest, whatever freed the place
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
