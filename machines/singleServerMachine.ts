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
  closedIn,
  comer,
  countIdentified,
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
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ConnectionInput } from './connectionMachine';
import { admit, emptyAdmission, leave, opensAtOnce } from './context/admission';
import { bytesIn, hasRoom, nothingPending, takeNext, withBytes, withEnd, type Pending } from './context/pending';
import type { ServerContext } from './context/serverContext';
import { addClosed, addTaken, emptyTally, summarise } from './context/tally';
import type { ConnectionEvent, ListenerEvent, ServerSummary, SingleServerEmitted, SingleServerEvent } from './events';
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
  /** Whether that client takes bytes: its PROXY header and its TLS handshake are over. */
  readonly isOpen: boolean;
  /** What came on `inbox` while there was no client. */
  readonly pending: Pending;
}

function servedOne({ CSA }: SingleServerContext): ConnectedSocketAdapter {
  if (CSA === undefined) throw new TypeError('SingleServer has no client');
  return CSA;
}

const listenerInput = (context: SingleServerContext): ListenerInput => {
  const input = listenerInputFor(context, '_oobinfo');
  // one client and a short queue are no danger to the process
  return { ...input, options: { ...input.options, descriptorHeadroom: 0 } };
};

/**
 * Kamaelia's SingleServer: one port, one connection at a time. What comes on `inbox` goes to the client, what the
 * client sends comes out of `outbox`, and `signal.producerFinished` tells when a client has gone.
 *
 * `starting → idle ⇄ connected → draining → shutdown`, and an error when the port can't be had (as in ServerCore).
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
    emitFailed: emit((step) => failed(step)),
    emitAcceptFailed: emit((step) => acceptFailed(step)),
    handleNewCSA: enqueueActions((step) => {
      const { context, enqueue, self } = step;
      const CSA = comer(step);
      const isOpen = opensAtOnce(context.options, CSA);
      enqueue.assign({ CSA, isOpen, tally: addTaken(context.tally) });
      enqueue.spawnChild('connection', { id: 'connection', input: { CSA, options: context.options, server: self } });
      enqueue.emit({ type: isOpen ? 'connection.opened' : 'connection.opening', ...CSA.info });
    }),
    countNewCSA: assign((step) => ({ admission: admit(step.context, comer(step)) })),
    takeQueued: assign(({ context }) => ({ queue: context.queue.slice(1) })),
    noteOpen: assign({ isOpen: true }),
    emitOpened: emit((step) => opened(step)),
    admitIdentified: sendTo('connection', { type: 'control.admit' }),
    rejectIdentified: enqueueActions((step) => {
      step.enqueue.sendTo('connection', { type: 'control.reject' });
      tellRejected(step);
    }),
    /** The events that waited for a client go to the first client, in order, once that client takes bytes. */
    sendPending: enqueueActions(({ context, enqueue }) => {
      if (!context.isOpen) return;
      const [next, pending] = takeNext(context.pending);
      for (const event of next) {
        enqueue.sendTo('connection', event);
        if (event.type === 'signal.producerFinished') enqueue.emit({ type: '_CSA_signal.producerFinished' });
      }
      enqueue.assign({ pending });
    }),
    /** The connection's end, as Kamaelia names it. */
    raiseShutdownCSA: raise(({ context, event }) => ({
      type: '_oobinfo.shutdownCSA',
      CSA: servedOne(context),
      id: context.CSA?.info.id ?? '',
      ...(event as DoneActorEvent<ConnectionSummary>).output,
    })),
    /** The connection itself has crashed, not its handler: the socket is closed, and the end is told like any other. */
    raiseCrashedCSA: raise(({ context, event }) => ({
      type: '_oobinfo.shutdownCSA',
      CSA: servedOne(context),
      id: context.CSA?.info.id ?? '',
      reason: 'aborted',
      error: (event as ErrorActorEvent).error,
      bytesIn: context.CSA?.bytesIn ?? 0,
      bytesOut: context.CSA?.bytesOut ?? 0,
      durationMs: context.CSA?.durationMs ?? 0,
    })),
    handleShutdownCSA: enqueueActions((step) => {
      const { context, enqueue } = step;
      const closed = closedIn(step);
      leave(context, servedOne(context));
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
    reloadTls: sendTo('listener', (step) => tlsReload(step)),
    noteTls: assign((step) => withTls(step)),
    emitTlsReloaded: emit({ type: 'server.tlsReloaded' }),
    emitTlsReloadFailed: emit((step) => tlsReloadFailed(step)),
    noteFailure: assign((step) => withFailure(step)),
    emitRestarting: emit((step) => restarting(step)),
    /** A new listener takes the place of the one that failed. The new one is closed as yet, and knows the port. */
    restartListener: enqueueActions(({ context, enqueue }) => {
      enqueue.stopChild('listener');
      enqueue.spawnChild('listener', { id: 'listener', input: listenerInput(context) });
    }),
    rejectConnection: enqueueActions((step, rejection: Rejection) => {
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
    /** No client is there to be ended. The event is taken all the same: over a link it would wait, and end the next client. */
    ignoreEnd: assign({}),
    keepEnd: assign(({ context }) => ({ pending: withEnd(context.pending) })),
    refuseInbox: emit(({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'signal.noSpaceInBox', refused: event.data };
    }),
    /** No client will come any more for the bytes that wait. */
    refusePending: enqueueActions(({ context, enqueue }) => {
      for (const refused of bytesIn(context.pending)) enqueue.emit({ type: 'signal.noSpaceInBox', refused });
      enqueue.assign({ pending: nothingPending() });
    }),
    emitOutbox: emit(({ event }) => {
      assertEvent(event, '_CSA.outbox');
      return { type: 'outbox', data: event.data };
    }),
    emitNoSpaceInBox: emit({ type: 'signal.noSpaceInBox' }),
    emitSpaceInBox: emit({ type: 'signal.spaceInBox' }),
    emitPeerEnded: emit({ type: 'signal.peerEnded' }),
    /** Flush, then end the client. */
    finishConnection: enqueueActions(({ enqueue }) => {
      enqueue.sendTo('connection', { type: 'signal.producerFinished' });
      enqueue.emit({ type: '_CSA_signal.producerFinished' });
    }),
    /** The client's handler may still say goodbye. */
    tellConnection: enqueueActions(({ context, enqueue }) => {
      if (context.CSA !== undefined) enqueue.sendTo('connection', { type: 'control.serverShutdown' });
    }),
    /** Kamaelia's `stop`, without waiting for anything. */
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
      description: 'No client. What comes on inbox waits for one.',
      tags: 'taking',
      entry: 'initialiseServerSocket',
      on: {
        '_oobinfo.newCSA': [
          { guard: 'isUnwelcome', actions: { type: 'rejectConnection', params: { reason: 'unwelcome' } } },
          { target: 'connected', actions: ['countNewCSA', 'handleNewCSA', 'sendPending'] },
        ],
        '_listener.failed': { guard: 'mayRestart', actions: 'noteFailure' },
        // told only now, so that no listener of that event can act between the failure and the listener's end
        'xstate.error.actor.listener': {
          guard: 'isRestarting',
          target: 'restarting',
          actions: ['restartListener', 'emitRestarting'],
        },
      },
    },
    restarting: {
      description: 'The listener has failed, and is given another chance.',
      after: { restartDelay: { target: 'idle' } },
    },
    connected: {
      description: 'One client. whenBusy says what the next one meets.',
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
          description: 'Passing: whenBusy says how the next client is met.',
          always: [
            { guard: 'refuses', target: 'refusing' },
            { guard: 'queues', target: 'queueing' },
            { target: 'rejecting' },
          ],
        },
        rejecting: {
          description: 'The next client is accepted, told busyReply, and closed.',
          entry: 'initialiseServerSocket',
        },
        queueing: {
          description: 'The next client is accepted, and not read until its turn has come.',
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
          description: 'The listener has failed, and is given another chance; the client goes on.',
          after: { restartDelay: { target: 'responding' } },
        },
      },
    },
    changing: {
      description: 'What others have to say about the end of one client must not reach the next, who waits already.',
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
      description: 'No new client; the one that is there comes to its end.',
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
          description: 'The client gets what was written for it.',
          entry: 'tellConnection',
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
