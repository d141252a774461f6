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
  admit,
  emptyAdmission,
  identify,
  leave,
  opensAtOnce,
  refusal,
  refusalOfIdentified,
  type Admission,
} from './context/admission';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ConnectionInput } from './connectionMachine';
import type { ConnectionSummary, ListenAddress } from './vocabulary/connectionTypes';
import type { ListenError } from './vocabulary/errors';
import type {
  ConnectionEvent,
  ListenerEvent,
  RejectReason,
  ServerSummary,
  SingleServerEmitted,
  SingleServerEvent,
} from './events';
import type { LogicFor } from './vocabulary/logic';
import type { SingleServerOptions } from './options/options';
import {
  resolveSingleServerOptions,
  shutdownDelay,
  type ListenerInput,
  type ResolvedSingleServerOptions,
} from './options/resolveOptions';
import { bytesIn, hasRoom, nothingPending, takeNext, withBytes, withEnd, type Pending } from './context/pending';
import { mayRestart, recentFailures, type ListenFailure } from './options/restart';
import { addClosed, emptyTally, summarise, type Tally } from './context/tally';
import type { ServerTag } from './vocabulary/serverTag';
import { clockOf, timeOf } from './vocabulary/time';

export interface SingleServerContext {
  readonly options: ResolvedSingleServerOptions;
  /** Where the server listens, from the first time that it does. */
  readonly address: ListenAddress | undefined;
  readonly admission: Admission;
  /** How the listener failed, within the time that `restart` looks at. */
  readonly failures: readonly ListenFailure[];
  /** The listener's clients that no connection has claimed. */
  readonly unclaimed: Set<ConnectedSocketAdapter>;
  /** The client that is being served. */
  readonly CSA: ConnectedSocketAdapter | undefined;
  /** It takes bytes: the PROXY header and the TLS handshake are over. */
  readonly isOpen: boolean;
  /** What came on `inbox` while there was no client. */
  readonly pending: Pending;
  /** The clients that wait for their turn, the longest first. */
  readonly queue: readonly ConnectedSocketAdapter[];
  /** The listener has closed for good. */
  readonly portIsFree: boolean;
  readonly tally: Tally;
}

function servedOne({ CSA }: SingleServerContext): ConnectedSocketAdapter {
  if (CSA === undefined) throw new TypeError('SingleServer has no client');
  return CSA;
}

const listenerInput = ({ options, address, tally, queue, unclaimed }: SingleServerContext): ListenerInput => ({
  // one client and a short queue are no danger to the process
  options: { ...options, descriptorHeadroom: 0 },
  box: '_oobinfo',
  accepted: tally.connections + tally.rejected + queue.length,
  unclaimed,
  ...(address && { address }),
});

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
    emitAcceptFailed: emit(({ event }) => {
      assertEvent(event, '_listener.acceptFailed');
      return { type: 'connection.rejected', reason: 'acceptFailed', error: event.error };
    }),
    handleNewCSA: enqueueActions(({ context, event, enqueue, self }) => {
      const CSA = event.type === '_oobinfo.newCSA' ? event.CSA : context.queue[0];
      if (CSA === undefined) throw new TypeError(`${event.type} brings no client`);
      const isOpen = opensAtOnce(context.options, CSA);
      enqueue.assign({ CSA, isOpen, tally: { ...context.tally, connections: context.tally.connections + 1 } });
      enqueue.spawnChild('connection', { id: 'connection', input: { CSA, options: context.options, server: self } });
      enqueue.emit({ type: isOpen ? 'connection.opened' : 'connection.opening', ...CSA.info });
    }),
    countNewCSA: assign(({ context, event }) => {
      assertEvent(event, '_oobinfo.newCSA');
      return { admission: admit(context, event.CSA) };
    }),
    takeQueued: assign(({ context }) => ({ queue: context.queue.slice(1) })),
    noteOpen: assign({ isOpen: true }),
    emitOpened: emit(({ event }) => {
      assertEvent(event, '_CSA.opened');
      return { type: 'connection.opened', ...event.CSA.info };
    }),
    admitIdentified: sendTo('connection', { type: 'control.admit' }),
    rejectIdentified: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, '_CSA.identified');
      enqueue.sendTo('connection', { type: 'control.reject' });
      const reason = refusalOfIdentified(context, event.CSA);
      if (reason !== undefined) enqueue.emit({ type: 'connection.rejected', reason, info: event.CSA.info });
    }),
    /** What waited for a client goes to the first one, in order, once that takes it. */
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
    /** A crash of the connection itself, not of its handler: its socket is closed, and its end told like any other. */
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
    handleShutdownCSA: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, '_oobinfo.shutdownCSA');
      const { type, CSA, ...closed } = event;
      leave(context, CSA);
      enqueue.stopChild('connection');
      enqueue.assign({ CSA: undefined, isOpen: false, tally: addClosed(context.tally, closed) });
      if (closed.reason === 'handlerFailed') {
        enqueue.emit({ type: 'connection.failed', id: closed.id, error: closed.error });
      }
      enqueue.emit({ type: 'connection.closed', ...closed });
      enqueue.emit({ type: 'signal.producerFinished', ...closed });
    }),
    noteDrained: ({ context, event }) => {
      assertEvent(event, '_oobinfo.shutdownCSA');
      const { type, CSA, ...closed } = event;
      context.tally.drained.push(closed);
    },
    queueConnection: assign(({ context, event }) => {
      assertEvent(event, '_oobinfo.newCSA');
      return { queue: [...context.queue, event.CSA], admission: admit(context, event.CSA) };
    }),
    countIdentified: ({ context, event }) => {
      assertEvent(event, '_CSA.identified');
      identify(context, event.CSA);
    },
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
    noteFailure: assign(({ context, event }) => {
      assertEvent(event, '_listener.failed');
      return { failures: [...recentFailures(context, event.at), event] };
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
    rejectConnection: enqueueActions(
      ({ context, event, enqueue }, { reason }: { reason: RejectReason | 'unwelcome' }) => {
        assertEvent(event, '_oobinfo.newCSA');
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
    sendInbox: sendTo('connection', ({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'outbox', data: event.data };
    }),
    keepInbox: assign(({ context, event }) => {
      assertEvent(event, 'inbox');
      return { pending: withBytes(context.pending, event.data) };
    }),
    /** There is nobody to end. It is taken all the same: over a link it would wait, and end the next client. */
    ignoreEnd: assign({}),
    keepEnd: assign(({ context }) => ({ pending: withEnd(context.pending) })),
    refuseInbox: emit(({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'signal.noSpaceInBox', refused: event.data };
    }),
    /** No client will come for it any more. */
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
    isUnwelcome: ({ context, event }) => event.type === '_oobinfo.newCSA' && refusal(context, event.CSA) !== undefined,
    isUnwelcomeAfterAll: ({ context, event }) =>
      event.type === '_CSA.identified' && refusalOfIdentified(context, event.CSA) !== undefined,
    mayRestart: ({ context, event }) => event.type === '_listener.failed' && mayRestart(context, event.at),
    isRestarting: ({ context, event }) => 'error' in event && context.failures.at(-1)?.error === event.error,
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
