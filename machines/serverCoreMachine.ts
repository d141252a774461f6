import { assertEvent, assign, emit, enqueueActions, sendTo, setup } from 'xstate';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ConnectionOptions } from './connectionMachine';
import type { ListenAddress } from './connectionTypes';
import type {
  ConnectionsEvent,
  ListenerEvent,
  RejectReason,
  ServerCoreEvent,
  ServerEmitted,
  ServerSummary,
  Supervisor,
} from './events';
import type { LogicFor } from './logic';
import {
  resolveServerCoreOptions,
  shutdownDelay,
  type ListenerInput,
  type ResolvedServerCoreOptions,
  type ServerCoreOptions,
} from './options';
import { addClosed, emptyTally, summarise, type Tally } from './tally';

/** The input of the connections registry. */
export interface ConnectionsInput {
  readonly options: ConnectionOptions;
  readonly server: Supervisor;
}

export interface ServerCoreContext {
  readonly options: ResolvedServerCoreOptions;
  /** Where the server listens, from the first time that it does. */
  readonly address: ListenAddress | undefined;
  /** How many connections have a handler. */
  readonly open: number;
  /** The clients that wait for a place, the longest first. */
  readonly queue: readonly ConnectedSocketAdapter[];
  /** The listener has closed for good. */
  readonly portIsFree: boolean;
  readonly tally: Tally;
}

/**
 * Kamaelia's ServerCore: one port, many connections, a handler for each.
 *
 * `starting → listening { accepting ⇄ full ⇄ suspended } → draining → shutdown`. When the port can't be had, the
 * listener's `ListenError` ends this actor in error. Nothing here handles that, on purpose: XState then stops the
 * other children and passes the error on to whoever owns the server.
 */
export const serverCoreMachine = setup({
  types: {} as {
    context: ServerCoreContext;
    events: ServerCoreEvent;
    input: ServerCoreOptions;
    output: ServerSummary;
    emitted: ServerEmitted;
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
    handleNewConnection: assign(({ context }) => ({
      open: context.open + 1,
      tally: { ...context.tally, connections: context.tally.connections + 1 },
    })),
    spawnConnection: sendTo('connections', ({ event }) => {
      assertEvent(event, '_socketactivity.newCSA');
      return { type: 'spawnConnection', CSA: event.CSA };
    }),
    emitOpened: emit(({ event }) => {
      assertEvent(event, '_socketactivity.newCSA');
      return { type: 'connection.opened', ...event.CSA.info };
    }),
    /** The place that became free goes to the client that has waited longest. */
    admitQueued: enqueueActions(({ context, enqueue }) => {
      const [CSA, ...queue] = context.queue;
      if (CSA === undefined) return;
      enqueue.assign({ queue });
      enqueue.raise({ type: '_socketactivity.newCSA', CSA });
    }),
    emitHandlerFailed: emit(({ event }) => {
      assertEvent(event, '_socketactivity.handlerFailed');
      return { ...event, type: 'connection.failed' };
    }),
    handleClosedCSA: assign(({ context, event }) => {
      assertEvent(event, '_socketactivity.shutdownCSA');
      return { open: context.open - 1, tally: addClosed(context.tally, event) };
    }),
    emitClosed: emit(({ event }) => {
      assertEvent(event, '_socketactivity.shutdownCSA');
      return { ...event, type: 'connection.closed' };
    }),
    noteDrained: ({ context, event }) => {
      assertEvent(event, '_socketactivity.shutdownCSA');
      const { type, ...closed } = event;
      context.tally.drained.push(closed);
    },
    queueConnection: assign(({ context, event }) => {
      assertEvent(event, '_socketactivity.newCSA');
      return { queue: [...context.queue, event.CSA] };
    }),
    rejectConnection: enqueueActions(({ context, event, enqueue }, { reason }: { reason: RejectReason }) => {
      assertEvent(event, '_socketactivity.newCSA');
      event.CSA.reject(context.options.busyReply);
      enqueue.assign({ tally: { ...context.tally, rejected: context.tally.rejected + 1 } });
      enqueue.emit({ type: 'connection.rejected', reason, info: event.CSA.info });
    }),
    rejectQueued: enqueueActions(({ context, enqueue }) => {
      for (const CSA of context.queue) {
        CSA.reject();
        enqueue.emit({ type: 'connection.rejected', reason: 'serverShutdown', info: CSA.info });
      }
      const rejected = context.tally.rejected + context.queue.length;
      enqueue.assign({ queue: [], tally: { ...context.tally, rejected } });
    }),
    emitAcceptFailed: emit(({ event }) => {
      assertEvent(event, '_listener.acceptFailed');
      return { type: 'connection.rejected', reason: 'acceptFailed', error: event.error };
    }),
    emitDraining: emit(({ context }) => ({ type: 'server.draining', connections: context.open })),
    /** Every handler may still say goodbye. */
    tellConnections: sendTo('connections', { type: 'control.serverShutdown' }),
    /** Kamaelia's `stop`: what is still open is cut. */
    stop: sendTo('connections', { type: 'control.shutdownMicroprocess' }),
    emitShutdown: emit(({ context, self }) => ({ type: 'server.shutdown', ...summarise(context.tally, self) })),
  },
  guards: {
    canReopen: ({ context }) => context.options.fd === undefined,
    isLastPlace: ({ context }) => context.open + 1 >= context.options.maxConnections,
    isAtCapacity: ({ context }) => context.open >= context.options.maxConnections,
    refuses: ({ context }) => context.options.whenBusy === 'refuse',
    queues: ({ context }) => context.options.whenBusy === 'queue',
    hasRoomInQueue: ({ context }) => context.queue.length < context.options.maxQueued,
    isDrained: ({ context }) => context.open === 0 && context.portIsFree,
  },
  delays: {
    shutdownTimeout: ({ context, event }) => shutdownDelay(event, context.options),
  },
}).createMachine({
  id: 'serverCore',
  context: ({ input, self }) => ({
    options: resolveServerCoreOptions(input),
    address: undefined,
    open: 0,
    queue: [],
    portIsFree: false,
    tally: emptyTally(self),
  }),
  output: ({ context, self }) => summarise(context.tally, self),
  invoke: [
    {
      id: 'connections',
      src: 'connections',
      input: ({ context, self }) => ({ options: context.options, server: self }),
    },
    { id: 'listener', src: 'listener', input: ({ context }) => ({ options: context.options, box: '_socketactivity' }) },
  ],
  initial: 'starting',
  on: {
    '_listener.failed': { actions: 'emitFailed' },
    '_listener.acceptFailed': { actions: 'emitAcceptFailed' },
    '_socketactivity.handlerFailed': { actions: 'emitHandlerFailed' },
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
        'control.serverShutdown': { target: 'draining' },
        'control.shutdownMicroprocess': { target: 'draining.cutting' },
      },
      initial: 'accepting',
      states: {
        accepting: {
          description: 'There are places left.',
          entry: 'initialiseServerSocket',
          on: {
            '_socketactivity.newCSA': [
              {
                guard: 'isLastPlace',
                target: 'full',
                actions: ['handleNewConnection', 'spawnConnection', 'emitOpened'],
              },
              { actions: ['handleNewConnection', 'spawnConnection', 'emitOpened'] },
            ],
            '_socketactivity.shutdownCSA': { actions: ['handleClosedCSA', 'emitClosed'] },
            'control.suspend': { guard: 'canReopen', target: 'suspended' },
          },
        },
        full: {
          description: 'Every place is taken: whenBusy says what the next client meets.',
          on: {
            '_socketactivity.newCSA': {
              actions: { type: 'rejectConnection', params: { reason: 'atCapacity' } },
            },
            '_socketactivity.shutdownCSA': {
              target: 'accepting',
              actions: ['handleClosedCSA', 'emitClosed', 'admitQueued'],
            },
            'control.suspend': { guard: 'canReopen', target: 'suspended' },
          },
          initial: 'choosing',
          states: {
            choosing: {
              always: [
                { guard: 'refuses', target: 'refusing' },
                { guard: 'queues', target: 'queueing' },
                { target: 'rejecting' },
              ],
            },
            rejecting: {
              description: 'It is accepted, told busyReply, and closed.',
              entry: 'initialiseServerSocket',
            },
            queueing: {
              description: 'It is accepted, and not read until a place is free.',
              entry: 'initialiseServerSocket',
              on: {
                '_socketactivity.newCSA': [
                  { guard: 'hasRoomInQueue', actions: 'queueConnection' },
                  { actions: { type: 'rejectConnection', params: { reason: 'queueFull' } } },
                ],
              },
            },
            refusing: { description: 'The port does not listen.', entry: 'suspendListener' },
          },
        },
        suspended: {
          description: 'The port does not listen until control.resume; open connections go on.',
          entry: 'suspendListener',
          on: {
            '_socketactivity.newCSA': [
              {
                guard: 'isAtCapacity',
                actions: { type: 'rejectConnection', params: { reason: 'atCapacity' } },
              },
              { actions: ['handleNewConnection', 'spawnConnection', 'emitOpened'] },
            ],
            '_socketactivity.shutdownCSA': { actions: ['handleClosedCSA', 'emitClosed', 'admitQueued'] },
            'control.resume': [{ guard: 'isAtCapacity', target: 'full' }, { target: 'accepting' }],
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
