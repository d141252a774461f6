import {
  assertEvent,
  assign,
  emit,
  enqueueActions,
  sendTo,
  setup,
  type AnyEventObject,
  type DoneActorEvent,
} from 'xstate';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ConnectionInput } from './connectionMachine';
import type { ConnectionSummary } from './vocabulary/connectionTypes';
import type { ConnectionEvent, TcpClientEmitted, TcpClientEvent } from './events';
import type { LogicFor } from './vocabulary/logic';
import type { TcpClientOptions } from './options/options';
import { resolveTcpClientOptions, type ResolvedTcpClientOptions } from './options/resolveOptions';
import {
  bytesOf,
  hasEnd,
  hasRoom,
  nothingPending,
  takeNext,
  withBytes,
  withEnd,
  type PendingQueue,
} from './context/pendingBytes';

export interface TcpClientContext {
  readonly options: ResolvedTcpClientOptions;
  /** What came on `inbox` before the connection was open. */
  readonly pending: PendingQueue;
  readonly CSA: ConnectedSocketAdapter | undefined;
  readonly summary: ConnectionSummary | undefined;
}

/**
 * Kamaelia's TCPClient: a connection to a server. Bytes on `inbox` go to the server. Bytes from the server come out
 * of `outbox`.
 *
 * `connecting → connected → closed`. When the client can't connect, the connector's `ConnectError` ends this actor in
 * error, as a `ListenError` ends a server.
 */
export const tcpClientMachine = setup({
  types: {} as {
    context: TcpClientContext;
    events: TcpClientEvent;
    input: TcpClientOptions | undefined;
    output: ConnectionSummary | undefined;
    emitted: TcpClientEmitted;
    children: { connector: 'connector'; connection: 'connection' };
  },
  actors: {
    connector: {} as LogicFor<AnyEventObject, ResolvedTcpClientOptions>,
    connection: {} as LogicFor<ConnectionEvent, ConnectionInput>,
  },
  actions: {
    handleConnected: enqueueActions(({ event, enqueue }) => {
      const CSA = (event as unknown as DoneActorEvent<ConnectedSocketAdapter>).output;
      enqueue.assign({ CSA });
      enqueue.emit({ type: 'connection.opened', ...CSA.info });
    }),
    sendPending: enqueueActions(({ context, enqueue }) => {
      const [next] = takeNext(context.pending);
      for (const event of next) enqueue.sendTo('connection', event);
      enqueue.assign({ pending: nothingPending() });
    }),
    sendInbox: sendTo('connection', ({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'outbox', data: event.data };
    }),
    keepInbox: assign(({ context, event }) => {
      assertEvent(event, 'inbox');
      return { pending: withBytes(context.pending, event.data) };
    }),
    keepEnd: assign(({ context }) => ({ pending: withEnd(context.pending) })),
    refuseInbox: emit(({ event }) => {
      assertEvent(event, 'inbox');
      return { type: 'signal.noSpaceInBox', refused: event.data };
    }),
    refusePending: enqueueActions(({ context, enqueue }) => {
      for (const refused of bytesOf(context.pending)) enqueue.emit({ type: 'signal.noSpaceInBox', refused });
    }),
    emitOutbox: emit(({ event }) => {
      assertEvent(event, '_CSA.outbox');
      return { type: 'outbox', data: event.data };
    }),
    emitNoSpaceInBox: emit({ type: 'signal.noSpaceInBox' }),
    emitSpaceInBox: emit({ type: 'signal.spaceInBox' }),
    emitPeerEnded: emit({ type: 'signal.peerEnded' }),
    finishConnection: sendTo('connection', { type: 'signal.producerFinished' }),
    stop: sendTo('connection', { type: 'control.shutdownMicroprocess' }),
    handleClosed: enqueueActions(({ event, enqueue }) => {
      const summary = (event as unknown as DoneActorEvent<ConnectionSummary>).output;
      enqueue.assign({ summary });
      enqueue.emit({ type: 'signal.producerFinished', ...summary });
    }),
  },
  guards: {
    takesBytes: ({ context }) => context.CSA?.takesBytes === true,
    hasRoomForPending: ({ context, event }) =>
      event.type === 'inbox' &&
      !hasEnd(context.pending) &&
      hasRoom(context.pending, event.data, context.options.maxPendingBytes),
  },
}).createMachine({
  id: 'tcpClient',
  context: ({ input }) => ({
    options: resolveTcpClientOptions(input),
    pending: nothingPending(),
    CSA: undefined,
    summary: undefined,
  }),
  output: ({ context }) => context.summary,
  initial: 'connecting',
  states: {
    connecting: {
      description: 'The client connects. Bytes on inbox wait.',
      invoke: {
        id: 'connector',
        src: 'connector',
        input: ({ context }) => context.options,
        onDone: { target: 'connected', actions: 'handleConnected' },
      },
      on: {
        inbox: [{ guard: 'hasRoomForPending', actions: 'keepInbox' }, { actions: 'refuseInbox' }],
        'control.producerFinished': { actions: 'keepEnd' },
        'control.shutdownMicroprocess': { target: 'closed', actions: 'refusePending' },
      },
    },
    connected: {
      description: 'Bytes go both ways.',
      invoke: {
        id: 'connection',
        src: 'connection',
        input: ({ context }) => ({
          CSA: connectedCSA(context),
          options: { ...context.options, readsWhileCongested: true },
        }),
        onDone: { target: 'closed', actions: 'handleClosed' },
      },
      entry: 'sendPending',
      on: {
        inbox: [{ guard: 'takesBytes', actions: 'sendInbox' }, { actions: 'refuseInbox' }],
        '_CSA.outbox': { actions: 'emitOutbox' },
        '_CSA.noSpaceInBox': { actions: 'emitNoSpaceInBox' },
        '_CSA.spaceInBox': { actions: 'emitSpaceInBox' },
        '_CSA.peerEnded': { actions: 'emitPeerEnded' },
        'control.producerFinished': { actions: 'finishConnection' },
        'control.shutdownMicroprocess': { actions: 'stop' },
      },
    },
    closed: { description: 'The connection has ended, or was never open.', type: 'final' },
  },
});

function connectedCSA({ CSA }: TcpClientContext): ConnectedSocketAdapter {
  if (CSA === undefined) throw new TypeError('tcpClient has no socket yet');
  return CSA;
}
