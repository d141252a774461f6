import {
  assertEvent,
  assign,
  emit,
  enqueueActions,
  raise,
  sendTo,
  setup,
  type DoneActorEvent,
  type ErrorActorEvent,
} from 'xstate';
import {
  closedConnection,
  countIdentified,
  isUnwelcome,
  isUnwelcomeAfterAll,
  noteDrained,
  openedEvent,
  reject,
  tellRejected,
} from './admissionParts';
import { nextClient, rejectQueued, withQueued } from './queueParts';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ConnectionInput } from './connectionMachine';
import { admit, emptyAdmission, leave, opensAtOnce } from './context/admission';
import {
  bytesOf,
  hasRoom,
  nothingPending,
  takeNext,
  withBytes,
  withEnd,
  type PendingQueue,
} from './context/pendingBytes';
import type { ServerContext } from './context/serverContext';
import { addClosed, addTaken, emptyTally, summarise } from './context/tally';
import type {
  ConnectionEvent,
  ListenerEvent,
  ServerSummary,
  SingleServerEmitted,
  SingleServerEvent,
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
import type { SingleServerOptions } from './options/options';
import { resolveSingleServerOptions, shutdownDelay, type ResolvedSingleServerOptions } from './options/resolveOptions';
import type { ConnectionSummary } from './vocabulary/connectionTypes';
import type { LogicFor } from './vocabulary/logic';
import type { ServerTag } from './vocabulary/serverTag';
import { clockOf, timeOf } from './vocabulary/time';

export interface SingleServerContext extends ServerContext {
  readonly options: ResolvedSingleServerOptions;
  /** The client that is being served. */
  readonly CSA: ConnectedSocketAdapter | undefined;
  /** Whether the client's PROXY header and TLS handshake are over, so that the client takes bytes. */
  readonly isOpen: boolean;
  /** What came on `inbox`, and waits for a client. */
  readonly pending: PendingQueue;
}

function servedCSA({ CSA }: SingleServerContext): ConnectedSocketAdapter {
  if (CSA === undefined) throw new TypeError('SingleServer has no client');
  return CSA;
}

const listenerInput = (context: SingleServerContext): ListenerInput => {
  const input = listenerInputFor(context, '_oobinfo');
  // one client and a short queue don't use up the descriptors of the process
  return { ...input, options: { ...input.options, descriptorHeadroom: 0 } };
};

/**
 * Kamaelia's SingleServer: one port, one connection at a time. Bytes on `inbox` go to the client. Bytes from the
 * client come out of `outbox`. `signal.producerFinished` tells when a client has gone.
 *
 * `starting → idle ⇄ connected → draining → shutdown`. When the server can't listen, it ends in error, as ServerCore
 * does.
 */
export const singleServerMachine = setup({
  types: {} as {
    context: SingleServerContext;
    events: SingleServerEvent | DoneActorEvent<ConnectionSummary> | ErrorActorEvent;
    input: SingleServerOptions | undefined;
    output: ServerSummary;
    emitted: SingleServerEmitted;
    tags: ServerTag;
    children: { listener: 'listener'; connection: 'connection' };
  },
  actors: {
    listener: {} as LogicFor<ListenerEvent, ListenerInput>,
    connection: {} as LogicFor<ConnectionEvent, ConnectionInput>,
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
    emitAcceptFailed: emit((step) => acceptFailedEvent(step)),
    handleNewCSA: enqueueActions((step) => {
      const { context, enqueue, self } = step;
      const CSA = nextClient(step);
      const isOpen = opensAtOnce(context.options, CSA);
      enqueue.assign({ CSA, isOpen, tally: addTaken(context.tally) });
      enqueue.spawnChild('connection', { id: 'connection', input: { CSA, options: context.options, server: self } });
      enqueue.emit({ type: isOpen ? 'connection.opened' : 'connection.opening', ...CSA.info });
    }),
    countNewCSA: assign((step) => ({ admission: admit(step.context, nextClient(step)) })),
    takeQueued: assign(({ context }) => ({ queue: context.queue.slice(1) })),
    noteOpen: assign({ isOpen: true }),
    emitOpened: emit((step) => openedEvent(step)),
    admitIdentified: sendTo('connection', { type: 'control.admit' }),
    rejectIdentified: enqueueActions((step) => {
      step.enqueue.sendTo('connection', { type: 'control.reject' });
      tellRejected(step);
    }),
    /** Sends the events that wait to the client, in order, as soon as the client takes bytes. */
    sendPending: enqueueActions(({ context, enqueue }) => {
      if (!context.isOpen) return;
      const [next, pending] = takeNext(context.pending);
      for (const event of next) {
        enqueue.sendTo('connection', event);
        if (event.type === 'signal.producerFinished') enqueue.emit({ type: '_CSA_signal.producerFinished' });
      }
      enqueue.assign({ pending });
    }),
    /** Turns the end of the connection into the event that Kamaelia has for it. */
    raiseShutdownCSA: raise(({ context, event }) => ({
      type: '_oobinfo.shutdownCSA',
      CSA: servedCSA(context),
      id: context.CSA?.info.id ?? '',
      ...(event as DoneActorEvent<ConnectionSummary>).output,
    })),
    /**
     * The connection's own actor has crashed, not its handler. Its socket is closed, and the server treats this end
     * like any other.
     */
    raiseCrashedCSA: raise(({ context, event }) => ({
      type: '_oobinfo.shutdownCSA',
      CSA: servedCSA(context),
      id: context.CSA?.info.id ?? '',
      reason: 'aborted',
      error: (event as ErrorActorEvent).error,
      bytesIn: context.CSA?.bytesIn ?? 0,
      bytesOut: context.CSA?.bytesOut ?? 0,
      durationMs: context.CSA?.durationMs ?? 0,
    })),
    handleShutdownCSA: enqueueActions((step) => {
      const { context, enqueue } = step;
      const closed = closedConnection(step);
      leave(context, servedCSA(context));
      enqueue.stopChild('connection');
      enqueue.assign({ CSA: undefined, isOpen: false, tally: addClosed(context.tally, closed) });
      if (closed.reason === 'handlerFailed') {
        enqueue.emit({ type: 'connection.failed', id: closed.id, error: closed.error });
      }
      enqueue.emit({ type: 'connection.closed', ...closed });
      enqueue.emit({ type: 'signal.producerFinished', ...closed });
    }),
    noteDrained: (step) => {
      noteDrained(step);
    },
    queueConnection: assign((step) => withQueued(step)),
    countIdentified: (step) => {
      countIdentified(step);
    },
    reloadTls: sendTo('listener', (step) => tlsReloadEvent(step)),
    noteTls: assign((step) => withTls(step)),
    emitTlsReloaded: emit({ type: 'server.tlsReloaded' }),
    emitTlsReloadFailed: emit((step) => tlsReloadFailedEvent(step)),
    noteFailure: assign((step) => withFailure(step)),
    emitRestarting: emit((step) => restartingEvent(step)),
    /**
     * Replaces the listener that failed. The new listener doesn't listen before `control.resume`, and keeps the port.
     */
    restartListener: enqueueActions(({ context, enqueue }) => {
      enqueue.stopChild('listener');
      enqueue.spawnChild('listener', { id: 'listener', input: listenerInput(context) });
    }),
    rejectConnection: enqueueActions((step, rejection: { reason: RejectReason | 'unwelcome' }) => {
      reject(step, rejection);
    }),
    rejectQueued: enqueueActions((step) => {
      rejectQueued(step);
    }),
    sendInbox: sendTo('connection', ({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'outbox', data: event.data };
    }),
    keepInbox: assign(({ context, event }) => {
      assertEvent(event, 'inbox');
      return { pending: withBytes(context.pending, event.data) };
    }),
    /**
     * Takes the event, though there is no client to end. Not taken, the event would wait in a link, and end the next
     * client.
     */
    ignoreEnd: assign({}),
    keepEnd: assign(({ context }) => ({ pending: withEnd(context.pending) })),
    refuseInbox: emit(({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'signal.noSpaceInBox', refused: event.data };
    }),
    /** Hands the bytes that wait back to the owner: no client will come for them. */
    refusePending: enqueueActions(({ context, enqueue }) => {
      for (const refused of bytesOf(context.pending)) enqueue.emit({ type: 'signal.noSpaceInBox', refused });
      enqueue.assign({ pending: nothingPending() });
    }),
    emitOutbox: emit(({ event }) => {
      assertEvent(event, '_CSA.outbox');
      return { type: 'outbox', data: event.data };
    }),
    emitNoSpaceInBox: emit({ type: 'signal.noSpaceInBox' }),
    emitSpaceInBox: emit({ type: 'signal.spaceInBox' }),
    emitPeerEnded: emit({ type: 'signal.peerEnded' }),
    /** Flushes, then ends the client's connection. */
    finishConnection: enqueueActions(({ enqueue }) => {
      enqueue.sendTo('connection', { type: 'signal.producerFinished' });
      enqueue.emit({ type: '_CSA_signal.producerFinished' });
    }),
    /** Tells the client's handler that the server drains, so that the handler may say goodbye. */
    tellConnection: enqueueActions(({ context, enqueue }) => {
      if (context.CSA !== undefined) enqueue.sendTo('connection', { type: 'control.serverShutdown' });
    }),
    /** Kamaelia's `stop`: cuts the client's connection. */
    stop: enqueueActions(({ context, enqueue }) => {
      if (context.CSA === undefined) return;
      enqueue.sendTo('connection', { type: 'control.shutdownMicroprocess' });
      enqueue.emit({ type: '_CSA_signal.shutdownMicroprocess' });
    }),
    emitDraining: emit(({ context }) => ({ type: 'server.draining', connections: context.CSA ? 1 : 0 })),
    emitShutdown: emit(({ context, self }) => ({ type: 'server.shutdown', ...summarise(context.tally, self) })),
  },
  guards: {
    isUnwelcome: (step) => isUnwelcome(step),
    isUnwelcomeAfterAll: (step) => isUnwelcomeAfterAll(step),
    mayRestart: (step) => survivesFailure(step),
    isRestarting: (step) => hasAnotherChance(step),
    takesBytes: ({ context }) => context.isOpen && context.CSA?.takesBytes === true,
    refuses: ({ context }) => context.options.whenBusy === 'refuse',
    queues: ({ context }) => context.options.whenBusy === 'queue',
    hasRoomInQueue: ({ context }) => context.queue.length < context.options.maxQueued,
    hasRoomForPending: ({ context, event }) =>
      event.type === 'inbox' && hasRoom(context.pending, event.data, context.options.maxPendingBytes),
    hasQueued: ({ context }) => context.queue.length > 0,
    hasPending: ({ context }) => context.pending.events.length > 0,
    isDrained: ({ context }) => context.CSA === undefined && context.portIsFree,
  },
  delays: {
    nextTurn: 0,
    shutdownTimeout: ({ context, event }) => shutdownDelay(event, context.options),
    restartDelay: ({ context }) => context.options.restart.delay,
  },
}).createMachine({
  id: 'singleServer',
  context: ({ input, self }) => {
    const options = resolveSingleServerOptions(input);
    return {
      options,
      address: undefined,
      admission: emptyAdmission(options, timeOf(clockOf(self))),
      failures: [],
      unclaimed: new Set(),
      CSA: undefined,
      isOpen: false,
      pending: nothingPending(),
      queue: [],
      portIsFree: false,
      tally: emptyTally(self),
    };
  },
  output: ({ context, self }) => summarise(context.tally, self),
  invoke: {
    id: 'listener',
    src: 'listener',
    input: ({ context }) => listenerInput(context),
  },
  initial: 'starting',
  on: {
    '_listener.listening': { actions: 'noteAddress' },
    '_listener.failed': { actions: 'emitFailed' },
    '_listener.tlsReloaded': { actions: ['noteTls', 'emitTlsReloaded'] },
    '_listener.tlsReloadFailed': { actions: 'emitTlsReloadFailed' },
    '_CSA.opened': { actions: ['noteOpen', 'emitOpened', 'sendPending'] },
    '_CSA.identified': [
      { guard: 'isUnwelcomeAfterAll', actions: ['rejectIdentified', 'countIdentified'] },
      { actions: ['countIdentified', 'admitIdentified'] },
    ],
    'control.tlsReload': { actions: 'reloadTls' },
    '_listener.acceptFailed': { actions: 'emitAcceptFailed' },
    '_CSA.outbox': { actions: 'emitOutbox' },
    '_CSA.noSpaceInBox': { actions: 'emitNoSpaceInBox' },
    '_CSA.spaceInBox': { actions: 'emitSpaceInBox' },
    '_CSA.peerEnded': { actions: 'emitPeerEnded' },
    'xstate.done.actor.connection': { actions: 'raiseShutdownCSA' },
    'xstate.error.actor.connection': { actions: 'raiseCrashedCSA' },
    'control.serverShutdown': { target: '.draining' },
    'control.shutdownMicroprocess': { target: '.draining.cutting' },
    inbox: [{ guard: 'hasRoomForPending', actions: 'keepInbox' }, { actions: 'refuseInbox' }],
    'control.producerFinished': [{ guard: 'hasPending', actions: 'keepEnd' }, { actions: 'ignoreEnd' }],
  },
  states: {
    starting: {
      description: 'The port is being opened.',
      entry: 'initialiseServerSocket',
      on: {
        '_listener.listening': { target: 'idle', actions: 'noteAddress' },
      },
    },
    idle: {
      description: 'There is no client. Bytes on inbox wait for one.',
      tags: 'taking',
      entry: 'initialiseServerSocket',
      on: {
        '_oobinfo.newCSA': [
          { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
          { target: 'connected', actions: ['countNewCSA', 'handleNewCSA', 'sendPending'] },
        ],
        '_listener.failed': { guard: 'mayRestart', actions: 'noteFailure' },
        // `server.restarting` comes only now, so that no subscriber can act between the failure and the listener's
        // end
        'xstate.error.actor.listener': {
          guard: 'isRestarting',
          target: 'restarting',
          actions: ['restartListener', 'emitRestarting'],
        },
      },
    },
    restarting: {
      description: 'The listener has failed, and tries again soon.',
      after: { restartDelay: { target: 'idle' } },
    },
    connected: {
      description: 'One client is served. whenBusy says what the next client meets.',
      on: {
        inbox: { guard: 'takesBytes', actions: 'sendInbox' },
        'control.producerFinished': { guard: 'takesBytes', actions: 'finishConnection' },
        '_oobinfo.newCSA': [
          { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
          { actions: { type: 'rejectConnection', params: { reason: 'atCapacity' } } },
        ],
        '_oobinfo.shutdownCSA': [
          { guard: 'hasQueued', target: 'changing', actions: 'handleShutdownCSA' },
          { target: 'idle', actions: 'handleShutdownCSA' },
        ],
        '_listener.failed': { guard: 'mayRestart', actions: 'noteFailure' },
        'xstate.error.actor.listener': {
          guard: 'isRestarting',
          target: '.restarting',
          actions: ['restartListener', 'emitRestarting'],
        },
      },
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
          description: 'The next client is accepted, gets busyReply, and is closed.',
          entry: 'initialiseServerSocket',
        },
        queueing: {
          description: 'The next client is accepted, and waits unread until its turn comes.',
          tags: 'queueing',
          entry: 'initialiseServerSocket',
          on: {
            '_oobinfo.newCSA': [
              { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
              { guard: 'hasRoomInQueue', actions: 'queueConnection' },
              { actions: { type: 'rejectConnection', params: { reason: 'queueFull' } } },
            ],
          },
        },
        refusing: { description: 'The port does not listen.', entry: 'suspendListener' },
        restarting: {
          description: 'The listener has failed, and tries again soon. The client goes on.',
          after: { restartDelay: { target: 'responding' } },
        },
      },
    },
    changing: {
      description: 'One client has gone, and the next one waits. Events about the first must not reach the next.',
      tags: 'queueing',
      on: {
        '_oobinfo.newCSA': [
          { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
          { guard: 'hasRoomInQueue', actions: 'queueConnection' },
          { actions: { type: 'rejectConnection', params: { reason: 'queueFull' } } },
        ],
        '_listener.failed': { guard: 'mayRestart', actions: 'noteFailure' },
        'xstate.error.actor.listener': { guard: 'isRestarting', actions: ['restartListener', 'emitRestarting'] },
      },
      after: { nextTurn: { target: 'connected', actions: ['handleNewCSA', 'takeQueued', 'sendPending'] } },
    },
    draining: {
      description: 'No new client is taken. The present client comes to its end.',
      entry: ['closeListener', 'emitDraining', 'rejectQueued', 'refusePending'],
      on: {
        inbox: [{ guard: 'takesBytes', actions: 'sendInbox' }, { actions: 'refuseInbox' }],
        '_listener.listening': {},
        '_listener.closed': { actions: 'notePortIsFree' },
        '_oobinfo.newCSA': { actions: { type: 'rejectConnection', params: { reason: 'serverShutdown' } } },
        '_oobinfo.shutdownCSA': { actions: ['handleShutdownCSA', 'noteDrained'] },
        'control.serverShutdown': {},
        'control.producerFinished': { guard: 'takesBytes', actions: 'finishConnection' },
        'control.shutdownMicroprocess': { target: '.cutting' },
      },
      always: { guard: 'isDrained', target: 'shutdown' },
      initial: 'finishing',
      states: {
        finishing: {
          description: 'The client gets the bytes that were written for it.',
          entry: 'tellConnection',
          after: { shutdownTimeout: { target: 'cutting' } },
        },
        cutting: { description: 'Time is up: the client is cut.', entry: 'stop' },
      },
    },
    shutdown: {
      description: 'The port is free, and no connection is left.',
      type: 'final',
      entry: 'emitShutdown',
    },
  },
});
