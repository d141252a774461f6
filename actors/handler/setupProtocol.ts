import { emit, setup, type EventObject, type MachineContext } from 'xstate';
import type { Bytes, ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import type { ProtocolEmitted, ProtocolEvent } from '../../machines/protocolEvents';
import type { None, ProtocolActions, ProtocolSetup, ReplyParams } from './protocolSetup';

/**
 * XState's `setup`, made ready for a protocol: typed events and boxes, the {@link ConnectionInfo} as input, and the
 * actions
 *
 * - `reply`: sends `params.data` to the peer, or back what just came when there are no params;
 * - `finish`: flushes, then closes the connection (`signal.producerFinished`);
 * - `abort`: closes it now (`signal.shutdownMicroprocess`);
 * - `shutdownServer`: drains the whole server (`serversignal.serverShutdown`).
 *
 * Add your own actions, guards and delays with `.extend({ … })`, your context and further events with the type
 * parameters. A protocol that invokes actors uses XState's own `setup` with the types {@link ProtocolEvent} and
 * {@link ProtocolEmitted}. A transition that does nothing (`inbox: {}`) counts as none: that state isn't reading.
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
export function setupProtocol<
  TContext extends MachineContext = MachineContext,
  TEvent extends EventObject = never,
>(): ProtocolSetup<TContext, ProtocolEvent | TEvent, ProtocolActions, None, never> {
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
    // the same object: only the types are stricter
  }) as unknown as ProtocolSetup<TContext, ProtocolEvent | TEvent, ProtocolActions, None, never>;
}
