import { assign, sendTo, setup, type EventObject } from 'xstate';
import { comesFromProxy } from './context/admission';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ConnectionOptions } from './options/connectionOptions';
import type { CloseReason, ConnectionInfo, ConnectionSummary } from './vocabulary/connectionTypes';
import type { ConnectionEvent, Supervisor } from './events';
import type { LogicFor } from './vocabulary/logic';

/** The input of a connection actor. */
export interface ConnectionInput {
  /** The socket. The connection owns it from the connection's start on. */
  readonly CSA: ConnectedSocketAdapter;
  readonly options: ConnectionOptions;
  /**
   * The actor that owns the connection. It gets `control.serverShutdown` when the handler emits
   * `serversignal.serverShutdown`. Without an owner, such a handler ends only its own connection.
   */
  readonly server?: Supervisor;
}

export interface ConnectionContext extends Omit<ConnectionInput, 'server'> {
  readonly server: Supervisor | undefined;
  readonly reason: CloseReason;
  readonly error: unknown;
}

/** The input of the actor that makes the handler. The handler itself gets only `info`. */
export interface ProtocolInput {
  readonly CSA: ConnectedSocketAdapter;
  readonly options: ConnectionOptions;
  readonly info: ConnectionInfo;
}

/**
 * One connection: `opening → open → closing → closed`.
 *
 * The chart takes a transition when something happens to the connection, never for a chunk of bytes. Bytes go
 * straight from the socket to the handler and back (see `actors/socket/socketAdapter.ts`).
 */
export const connectionMachine = setup({
  types: {} as {
    context: ConnectionContext;
    events: ConnectionEvent;
    input: ConnectionInput;
    output: ConnectionSummary;
    /** The connection has no handler yet. The metrics ask for this tag. */
    tags: 'opening';
  },
  actors: {
    mkProtocolHandler: {} as LogicFor<EventObject, ProtocolInput>,
  },
  actions: {
    claimSocket: ({ context, self }) => {
      context.CSA.claim(self, context.options);
    },
    readProxyHeader: ({ context }) => {
      context.CSA.readProxyHeader();
    },
    startTls: ({ context }) => {
      context.CSA.startTls();
    },
    /**
     * Asks the server about the client that the PROXY header named: the server's limits and lists apply to that
     * client. A connection without a server takes every client.
     */
    askServer: sendTo(
      ({ context, self }) => context.server ?? self,
      ({ context: { server, CSA } }) => (server ? { type: '_CSA.identified', CSA } : { type: 'control.admit' }),
    ),
    tellOpened: sendTo(
      ({ context, self }) => context.server ?? self,
      ({ context: { CSA } }) => ({ type: '_CSA.opened', CSA }),
    ),
    resumeReading: ({ context }) => {
      context.CSA.resumeReading();
    },
    pauseReading: ({ context }) => {
      if (context.options.readsWhileCongested !== true) context.CSA.pauseReading();
    },
    write: ({ context, event }) => {
      if (event.type === 'outbox') context.CSA.write(event.data);
    },
    writeOutput: ({ context, event }) => {
      if ('output' in event) context.CSA.writeOutput(event.output);
    },
    tellProducerFinished: ({ context }) => {
      context.CSA.tellProducerFinished();
    },
    tellServerShutdown: ({ context }) => {
      context.CSA.tellServerShutdown();
    },
    tellSslready: ({ context }) => {
      context.CSA.tell({ type: 'sslready', info: context.CSA.info });
    },
    tellNoSpaceInBox: ({ context }) => {
      context.CSA.tell({ type: 'control.noSpaceInBox' });
    },
    tellSpaceInBox: ({ context }) => {
      context.CSA.tell({ type: 'control.spaceInBox' });
    },
    tellSocketShutdown: ({ context }) => {
      context.CSA.tellSocketShutdown(context.reason, context.error);
    },
    endSocket: ({ context }) => {
      context.CSA.end();
    },
    destroySocket: ({ context }) => {
      context.CSA.destroy();
    },
    noteReason: assign(({ context, event }, { reason }: { reason: CloseReason }) => {
      // a crash stays the reason, whatever becomes of the bytes that were written before
      if (context.reason === 'handlerFailed') return {};
      return { reason, error: 'error' in event ? event.error : undefined };
    }),
    passExempt: sendTo(
      ({ context, self }) => context.server ?? self,
      ({ context: { CSA } }) => ({ type: '_CSA.exempt', CSA }),
    ),
    passServerShutdown: sendTo(
      ({ context, self }) => context.server ?? self,
      ({ context }) =>
        // without a server, this connection is all that there is to shut down
        context.server ? { type: 'control.serverShutdown' } : { type: 'signal.producerFinished' },
    ),
  },
  guards: {
    allowsHalfOpen: ({ context, event }) =>
      context.options.allowHalfOpen && event.type === '_socketFeedback.inboxEnded' && event.reason === 'peerClosed',
    isServerShutdown: ({ event }) => event.type === '_socketFeedback.inboxEnded' && event.reason === 'serverShutdown',
    // over TLS, close_notify has yet to leave: without close_notify the peer takes its data for cut off
    isFlushed: ({ context: { CSA } }) => CSA.isFlushed && !CSA.info.encrypted,
    comesFromProxy: ({ context: { CSA, options } }) => comesFromProxy(options, CSA),
    encryptsAtOnce: ({ context: { options } }) => options.tls !== undefined && options.starttls !== true,
  },
  delays: {
    lingerTimeout: ({ context }) => context.options.lingerTimeout,
  },
}).createMachine({
  id: 'connection',
  context: ({ input: { CSA, options, server } }) => ({ CSA, options, server, reason: 'aborted', error: undefined }),
  output: ({ context }) => {
    const { CSA } = context;
    // a handler may still throw when it gets its last event, and the chart has already left `open` then
    const { reason, error } = CSA.crash ?? context;
    const { bytesIn, bytesOut, durationMs } = CSA;
    return error === undefined
      ? { reason, bytesIn, bytesOut, durationMs }
      : { reason, error, bytesIn, bytesOut, durationMs };
  },
  entry: 'claimSocket',
  initial: 'opening',
  states: {
    opening: {
      tags: 'opening',
      description: 'There is no handler yet: a PROXY header, a TLS handshake, or both, may come first.',
      on: {
        '_timeouts.openTimeout': {
          target: 'closed',
          actions: { type: 'noteReason', params: { reason: 'openTimeout' } },
        },
        '_timeouts.maxConnectionDuration': {
          target: 'closed',
          actions: { type: 'noteReason', params: { reason: 'maxDuration' } },
        },
        '_socketFeedback.failed': { target: 'closed', actions: { type: 'noteReason', params: { reason: 'reset' } } },
        '_socketFeedback.closed': { target: 'closed', actions: { type: 'noteReason', params: { reason: 'reset' } } },
        'control.serverShutdown': {
          target: 'closed',
          actions: { type: 'noteReason', params: { reason: 'serverShutdown' } },
        },
        'control.shutdownMicroprocess': {
          target: 'closed',
          actions: { type: 'noteReason', params: { reason: 'aborted' } },
        },
      },
      initial: 'accepted',
      states: {
        accepted: {
          description: 'Passing: a PROXY header, a TLS handshake, or the handler comes first.',
          always: [
            { guard: 'comesFromProxy', target: 'identifying' },
            { guard: 'encryptsAtOnce', target: 'handshaking' },
            { target: '#connection.open' },
          ],
        },
        identifying: {
          description: 'The proxy sends a PROXY header, which names the client.',
          entry: 'readProxyHeader',
          on: {
            '_socketFeedback.identified': { target: 'admitting' },
            '_socketFeedback.proxyFailed': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'proxyFailed' } },
            },
          },
        },
        admitting: {
          description: 'The server decides whether it takes this client.',
          entry: 'askServer',
          on: {
            'control.admit': [
              { guard: 'encryptsAtOnce', target: 'handshaking' },
              { target: '#connection.open', actions: 'tellOpened' },
            ],
            'control.reject': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'rejected' } },
            },
          },
        },
        handshaking: {
          description: 'The TLS handshake runs.',
          entry: 'startTls',
          on: {
            '_socketFeedback.secured': { target: '#connection.open', actions: 'tellOpened' },
            '_socketFeedback.tlsFailed': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'tlsFailed' } },
            },
          },
        },
      },
    },
    open: {
      description: 'The handler runs.',
      invoke: {
        id: 'protocol',
        src: 'mkProtocolHandler',
        input: ({ context }) => ({
          CSA: context.CSA,
          options: context.options,
          info: context.CSA.info,
        }),
        onDone: {
          target: 'closing',
          actions: ['writeOutput', { type: 'noteReason', params: { reason: 'handlerFinished' } }],
        },
        onError: {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'handlerFailed' } }, 'tellSocketShutdown'],
        },
      },
      on: {
        outbox: { actions: 'write' },
        'signal.producerFinished': {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'handlerFinished' } }, 'tellSocketShutdown'],
        },
        'signal.shutdownMicroprocess': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'aborted' } }, 'tellSocketShutdown'],
        },
        'serversignal.serverShutdown': { actions: 'passServerShutdown' },
        'serversignal.exempt': { actions: 'passExempt' },
        makessl: { target: '.upgrading' },
        'control.serverShutdown': { actions: 'tellServerShutdown' },
        'control.shutdownMicroprocess': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'aborted' } }, 'tellSocketShutdown'],
        },
        '_socketFeedback.refused': {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'handlerFailed' } }, 'tellSocketShutdown'],
        },
        '_socketFeedback.inboxEnded': [
          {
            guard: 'isServerShutdown',
            target: 'closing',
            actions: [{ type: 'noteReason', params: { reason: 'serverShutdown' } }, 'tellSocketShutdown'],
          },
          {
            // both sides are done: closing the descriptor sends our FIN, and nothing is left to flush or to wait for
            guard: 'isFlushed',
            target: 'closed',
            actions: [{ type: 'noteReason', params: { reason: 'peerClosed' } }, 'tellSocketShutdown'],
          },
          {
            target: 'closing',
            actions: [{ type: 'noteReason', params: { reason: 'peerClosed' } }, 'tellSocketShutdown'],
          },
        ],
        '_socketFeedback.tlsFailed': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'tlsFailed' } }, 'tellSocketShutdown'],
        },
        '_timeouts.handlerStartTimeout': {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'handlerFailed' } }, 'tellSocketShutdown'],
        },
        '_timeouts.idleTimeout': {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'idleTimeout' } }, 'tellSocketShutdown'],
        },
        '_timeouts.minReceiveRate': {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'slowSender' } }, 'tellSocketShutdown'],
        },
        '_timeouts.maxConnectionDuration': {
          target: 'closing',
          actions: [{ type: 'noteReason', params: { reason: 'maxDuration' } }, 'tellSocketShutdown'],
        },
        '_timeouts.writeTimeout': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'slowConsumer' } }, 'tellSocketShutdown'],
        },
        '_socketFeedback.overflowed': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'slowConsumer' } }, 'tellSocketShutdown'],
        },
        '_socketFeedback.failed': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'reset' } }, 'tellSocketShutdown'],
        },
        '_socketFeedback.closed': {
          target: 'closed',
          actions: [{ type: 'noteReason', params: { reason: 'reset' } }, 'tellSocketShutdown'],
        },
      },
      initial: 'flowing',
      states: {
        flowing: {
          description: 'Bytes flow both ways.',
          entry: 'resumeReading',
          on: {
            '_socketFeedback.noSpaceInBox': { target: 'congested', actions: 'tellNoSpaceInBox' },
            '_socketFeedback.inboxEnded': {
              guard: 'allowsHalfOpen',
              target: 'peerEnded',
              actions: 'tellProducerFinished',
            },
          },
        },
        congested: {
          description: 'The peer takes bytes slower than the handler writes them. Nothing more is read from it.',
          entry: 'pauseReading',
          on: {
            '_socketFeedback.spaceInBox': { target: 'flowing', actions: 'tellSpaceInBox' },
            '_socketFeedback.inboxEnded': {
              guard: 'allowsHalfOpen',
              target: 'peerEnded',
              actions: 'tellProducerFinished',
            },
          },
        },
        peerEnded: {
          description: 'The peer has ended its side; the handler may still write, and ends the connection itself.',
          on: {
            '_socketFeedback.noSpaceInBox': { actions: 'tellNoSpaceInBox' },
            '_socketFeedback.spaceInBox': { actions: 'tellSpaceInBox' },
          },
        },
        upgrading: {
          description: 'The handler has asked for TLS. Its bytes leave, then the handshake runs. It gets no bytes.',
          entry: 'startTls',
          on: {
            // the upgrade has begun already
            makessl: {},
            '_socketFeedback.secured': { target: 'flowing', actions: 'tellSslready' },
            '_socketFeedback.noSpaceInBox': { actions: 'tellNoSpaceInBox' },
            '_socketFeedback.spaceInBox': { actions: 'tellSpaceInBox' },
            '_timeouts.openTimeout': {
              target: '#connection.closed',
              actions: [{ type: 'noteReason', params: { reason: 'tlsFailed' } }, 'tellSocketShutdown'],
            },
          },
        },
      },
    },
    closing: {
      description: 'The handler has ended; the bytes that it wrote still leave.',
      entry: 'endSocket',
      on: {
        '_socketFeedback.closed': { target: 'closed' },
        // the output tells this error; unhandled, the event would end the connection in error
        'xstate.error.actor.protocol': {},
      },
      initial: 'flushing',
      states: {
        flushing: {
          description: 'Bytes still leave, and our FIN behind them.',
          on: {
            '_socketFeedback.flushed': { target: 'lingering' },
            'control.shutdownMicroprocess': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'aborted' } },
            },
            '_socketFeedback.failed': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'reset' } },
            },
            // comes after the end when a handler that sends to its parent has finished in the same event
            '_socketFeedback.overflowed': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'slowConsumer' } },
            },
            '_socketFeedback.refused': { actions: { type: 'noteReason', params: { reason: 'handlerFailed' } } },
            '_timeouts.writeTimeout': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'slowConsumer' } },
            },
            // the bytes that the handler wrote have had their time
            '_timeouts.maxConnectionDuration': { target: '#connection.closed' },
          },
        },
        lingering: {
          description: 'All bytes have left. We wait until the peer ends its side, so that no late byte meets a reset.',
          on: {
            '_socketFeedback.failed': { target: '#connection.closed' },
            'control.shutdownMicroprocess': { target: '#connection.closed' },
          },
          after: { lingerTimeout: { target: '#connection.closed' } },
        },
      },
    },
    closed: {
      description: 'The descriptor is closed.',
      type: 'final',
      entry: 'destroySocket',
    },
  },
});
