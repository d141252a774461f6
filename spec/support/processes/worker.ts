import { assign, emit, fromPromise, setup } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted, ProtocolEvent } from '../../../server/index';

/**
 * Makes a protocol that works on each chunk in a state that doesn't read, until the spec calls `finishWork`. The
 * protocol doesn't handle the server's shutdown. `begun` has the chunks that it has begun to work on, in order.
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- XState's inferred type
export function makeWorker() {
  const pending: (() => void)[] = [];
  const begun: string[] = [];
  const worker = setup({
    types: {} as {
      context: { data: string };
      events: ProtocolEvent;
      input: ConnectionInfo;
      emitted: ProtocolEmitted;
    },
    actors: {
      work: fromPromise<string, string>(async ({ input }) => {
        begun.push(input);
        await new Promise<void>((resolve) => pending.push(resolve));
        return input.toUpperCase();
      }),
    },
  }).createMachine({
    id: 'worker',
    context: { data: '' },
    initial: 'idle',
    states: {
      idle: {
        on: { inbox: { target: 'busy', actions: assign({ data: ({ event }) => event.data.toString() }) } },
      },
      busy: {
        invoke: {
          src: 'work',
          input: ({ context }) => context.data,
          onDone: { target: 'idle', actions: emit(({ event }) => ({ type: 'outbox', data: event.output })) },
        },
      },
    },
  });
  return { worker, begun, finishWork: () => pending.shift()?.() };
}
