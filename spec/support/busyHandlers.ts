import { assign, emit, fromPromise, setup, type AnyStateMachine } from 'xstate';
import type { ProtocolEmitted, ProtocolEvent } from '../../server/index';

interface Context {
  readonly data: Buffer;
}

/** What a {@link busyPerChunk} handler can do besides. */
export interface BusyOptions {
  /** Handles `control.socketShutdown` at the machine's root, as a protocol that logs or cleans up would. */
  readonly onSocketShutdown?: (reason: string) => void;
}

/**
 * A handler that invokes a promise for each chunk, in a state without `inbox`, and replies with the promise's value.
 * While the handler waits for a chunk, it says goodbye on `control.serverShutdown` and on `control.producerFinished`.
 */
export function busyPerChunk(
  work: (data: Buffer) => Promise<string | Buffer>,
  options: BusyOptions = {},
): AnyStateMachine {
  const { onSocketShutdown } = options;
  return setup({
    types: {} as { context: Context; events: ProtocolEvent; emitted: ProtocolEmitted },
    actors: { work: fromPromise<string | Buffer, Buffer>(({ input }) => work(input)) },
    actions: {
      noteShutdown: ({ event }) => {
        if (event.type === 'control.socketShutdown') onSocketShutdown?.(event.reason);
      },
      goodbye: emit({ type: 'outbox', data: 'bye' }),
      finish: emit({ type: 'signal.producerFinished' }),
    },
  }).createMachine({
    context: { data: Buffer.alloc(0) },
    on: onSocketShutdown === undefined ? {} : { 'control.socketShutdown': { actions: 'noteShutdown' } },
    initial: 'waiting',
    states: {
      waiting: {
        on: {
          inbox: { target: 'working', actions: assign({ data: ({ event }) => event.data }) },
          'control.serverShutdown': { actions: ['goodbye', 'finish'] },
          'control.producerFinished': { actions: ['goodbye', 'finish'] },
        },
      },
      working: {
        invoke: {
          src: 'work',
          input: ({ context }) => context.data,
          onDone: { target: 'waiting', actions: emit(({ event }) => ({ type: 'outbox', data: event.output })) },
        },
      },
    },
  });
}
