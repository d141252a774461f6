import { assign, sendTo, setup, type EventObject } from 'xstate';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { CloseReason, ConnectionInfo, ConnectionSummary } from './connectionTypes';
import type { ConnectionEvent, Supervisor } from './events';
import type { LogicFor } from './logic';
import type { Protocol } from './options';

/** What a connection needs to know of its server's options. */
export interface ConnectionOptions {
  /** The handler; without one the connection's parent gets the bytes, as `_CSA.outbox`. */
  readonly protocol?: Protocol;
  readonly allowHalfOpen: boolean;
  readonly writeTimeout: number;
  readonly lingerTimeout: number;
  /**
   * Whether to read on while the peer takes nothing. A client must: if both ends stop reading until the other one reads,
   * neither ever does.
   */
  readonly readsWhileCongested?: boolean;
}

/** The input of a connection actor. */
export interface ConnectionInput {
  /** The socket. From its start on, the connection owns it. */
  readonly CSA: ConnectedSocketAdapter;
  readonly options: ConnectionOptions;
  /** Hears `control.serverShutdown` when the handler emits `serversignal.serverShutdown`. */
  readonly server?: Supervisor;
}

export interface ConnectionContext extends Omit<ConnectionInput, 'server'> {
  readonly server: Supervisor | undefined;
  readonly reason: CloseReason;
  readonly error: unknown;
}

/** What the handler's actor is given; the handler itself sees only `info`. */
export interface ProtocolInput {
  readonly CSA: ConnectedSocketAdapter;
  readonly protocol: Protocol | undefined;
  readonly info: ConnectionInfo;
}

/**
 * One connection: `opening → open → closing → closed`.
 *
 * It takes a transition when something happens to the connection, never for a chunk of bytes: those go straight from
 * the socket to the handler and back (see `actors/connectedSocketAdapter.ts`).
 */
export const connectionMachine = setup({
  types: {} as {
    context: ConnectionContext;
    events: ConnectionEvent;
    input: ConnectionInput;
    output: ConnectionSummary;
  },
  actors: {
    mkProtocolHandler: {} as LogicFor<EventObject, ProtocolInput>,
  },
  actions: {
    claimSocket: ({ context, self }) => {
      context.CSA.claim(self);
    },
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
    markProgress: ({ context }) => {
      context.CSA.markProgress();
    },
    tellProducerFinished: ({ context }) => {
      context.CSA.tellProducerFinished();
    },
    tellServerShutdown: ({ context }) => {
      context.CSA.tellServerShutdown();
    },
    tellNoSpaceInBox: ({ context }) => {
      context.CSA.tellNoSpaceInBox();
    },
    tellSpaceInBox: ({ context }) => {
      context.CSA.tellSpaceInBox();
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
      // a crash is not renamed by what becomes of the bytes before it
      if (context.reason === 'handlerFailed') return {};
      return { reason, error: 'error' in event ? event.error : undefined };
    }),
    passServerShutdown: sendTo(
      ({ context, self }) => context.server ?? self,
      ({ context }) =>
        // a connection without a server is all there is to shut down
        context.server ? { type: 'control.serverShutdown' } : { type: 'signal.producerFinished' },
    ),
  },
  guards: {
    allowsHalfOpen: ({ context, event }) =>
      context.options.allowHalfOpen && event.type === '_socketFeedback.inboxEnded' && event.reason === 'peerClosed',
    isServerShutdown: ({ event }) => event.type === '_socketFeedback.inboxEnded' && event.reason === 'serverShutdown',
    isFlushed: ({ context }) => context.CSA.isFlushed,
    isStalled: ({ context }) => context.CSA.isStalled,
  },
  delays: {
    writeTimeout: ({ context }) => context.options.writeTimeout,
    lingerTimeout: ({ context }) => context.options.lingerTimeout,
  },
}).createMachine({
  id: 'connection',
  context: ({ input: { CSA, options, server } }) => ({ CSA, options, server, reason: 'aborted', error: undefined }),
  output: ({ context }) => {
    const { CSA } = context;
    // a handler may still throw at its last word, when the chart has moved on
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
      description: 'What comes before the handler: the place of the PROXY header and the TLS handshake.',
      always: { target: 'open' },
    },
    open: {
      description: 'The handler runs.',
      invoke: {
        id: 'protocol',
        src: 'mkProtocolHandler',
        input: ({ context }) => ({
          CSA: context.CSA,
          protocol: context.options.protocol,
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
            // both sides are done: closing the descriptor sends our FIN, with nothing left to flush or to wait for
            guard: 'isFlushed',
            target: 'closed',
            actions: [{ type: 'noteReason', params: { reason: 'peerClosed' } }, 'tellSocketShutdown'],
          },
          {
            target: 'closing',
            actions: [{ type: 'noteReason', params: { reason: 'peerClosed' } }, 'tellSocketShutdown'],
          },
        ],
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
          description: 'The peer takes bytes slower than the handler writes them, so it is not read either.',
          entry: ['pauseReading', 'markProgress'],
          on: {
            '_socketFeedback.spaceInBox': { target: 'flowing', actions: 'tellSpaceInBox' },
            '_socketFeedback.inboxEnded': {
              guard: 'allowsHalfOpen',
              target: 'peerEnded',
              actions: 'tellProducerFinished',
            },
          },
          after: {
            writeTimeout: [
              {
                guard: 'isStalled',
                target: '#connection.closed',
                actions: [{ type: 'noteReason', params: { reason: 'slowConsumer' } }, 'tellSocketShutdown'],
              },
              { target: 'congested', reenter: true },
            ],
          },
        },
        peerEnded: {
          description: 'The peer has ended its side; the handler may still write, and ends the connection itself.',
          entry: 'markProgress',
          on: {
            '_socketFeedback.noSpaceInBox': { actions: 'tellNoSpaceInBox' },
            '_socketFeedback.spaceInBox': { actions: 'tellSpaceInBox' },
          },
          after: {
            writeTimeout: [
              {
                guard: 'isStalled',
                target: '#connection.closed',
                actions: [{ type: 'noteReason', params: { reason: 'slowConsumer' } }, 'tellSocketShutdown'],
              },
              { target: 'peerEnded', reenter: true },
            ],
          },
        },
      },
    },
    closing: {
      description: 'The handler is gone; what it wrote is not.',
      entry: 'endSocket',
      on: {
        '_socketFeedback.closed': { target: 'closed' },
        // told in the output; unhandled it would end the connection in error
        'xstate.error.actor.protocol': {},
      },
      initial: 'flushing',
      states: {
        flushing: {
          description: 'Bytes are still leaving, our FIN behind them.',
          entry: 'markProgress',
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
            // told after the end, when a handler that sends to its parent has finished in the same event
            '_socketFeedback.overflowed': {
              target: '#connection.closed',
              actions: { type: 'noteReason', params: { reason: 'slowConsumer' } },
            },
            '_socketFeedback.refused': { actions: { type: 'noteReason', params: { reason: 'handlerFailed' } } },
          },
          after: {
            writeTimeout: [
              {
                guard: 'isStalled',
                target: '#connection.closed',
                actions: { type: 'noteReason', params: { reason: 'slowConsumer' } },
              },
              { target: 'flushing', reenter: true },
            ],
          },
        },
        lingering: {
          description: 'All has left. Wait for the peer to end its side, so that no late byte of it meets a reset.',
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
