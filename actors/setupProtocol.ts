import { emit, setup, type EventObject, type MachineContext } from 'xstate';
import type { Bytes, ConnectionInfo } from '../machines/connectionTypes';
import type { ProtocolEmitted, ProtocolEvent } from '../machines/events';

/** What `reply` sends; without it, the bytes that just came. */
export interface ReplyParams {
  readonly data: Bytes;
}

/**
 * XState's `setup`, made ready for a protocol: typed events and boxes, the {@link ConnectionInfo} as input, and the
 * actions
 *
 * - `reply`: sends `params.data` to the peer, or back what just came when there are no params;
 * - `finish`: flushes, then closes the connection (`signal.producerFinished`);
 * - `abort`: closes it now (`signal.shutdownMicroprocess`);
 * - `shutdownServer`: drains the whole server (`serversignal.serverShutdown`).
 *
 * Add your own actions and guards with `.extend({ … })`, your context and further events with the type parameters. A
 * protocol that invokes actors uses XState's own `setup` with the types {@link ProtocolEvent} and
 * {@link ProtocolEmitted}.
 *
 * @example
 * ```ts
 * const shout = setupProtocol().createMachine({
 *   entry: { type: 'reply', params: { data: 'Say something.\n' } },
 *   on: {
 *     inbox: { actions: { type: 'reply', params: ({ event }) => ({ data: event.data.toString().toUpperCase() }) } },
 *     'control.serverShutdown': { actions: 'finish' },
 *   },
 * });
 * ```
 */
// The return type is XState's, twenty type parameters long, and only inference can keep it right.
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types
export function setupProtocol<TContext extends MachineContext = MachineContext, TEvent extends EventObject = never>() {
  return setup({
    types: {} as {
      context: TContext;
      events: ProtocolEvent | TEvent;
      input: ConnectionInfo;
      emitted: ProtocolEmitted;
    },
    actions: {
      reply: emit(({ event }, params: ReplyParams | undefined) => {
        const data = params?.data ?? ('data' in event ? (event.data as Bytes) : '');
        return { type: 'outbox', data } as const;
      }),
      finish: emit({ type: 'signal.producerFinished' }),
      abort: emit({ type: 'signal.shutdownMicroprocess' }),
      shutdownServer: emit({ type: 'serversignal.serverShutdown' }),
    },
  });
}
