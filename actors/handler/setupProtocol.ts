import { emit, setup, type EventObject, type MachineContext } from 'xstate';
import type { Bytes, ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import type { ProtocolEmitted, ProtocolEvent } from '../../machines/protocolEvents';
import type { None, ProtocolActions, ProtocolSetup, ReplyParams } from './setupProtocolTypes';

/**
 * XState's `setup`, made ready for a protocol: typed events and boxes, the {@link ConnectionInfo} as input, and the
 * actions
 *
 * - `reply`: sends `params.data` to the peer; without params, sends back the bytes that just came;
 * - `finish`: flushes, then closes the connection (`signal.producerFinished`);
 * - `abort`: closes the connection now (`signal.shutdownMicroprocess`);
 * - `shutdownServer`: drains the whole server (`serversignal.serverShutdown`).
 *
 * `.extend({ … })` adds actions, guards and delays of your own; the type parameters add your context and further
 * events. A protocol that invokes actors uses XState's own `setup`, with the types {@link ProtocolEvent} and
 * {@link ProtocolEmitted}. A transition that does nothing (`inbox: {}`) counts as no transition: that state isn't
 * reading.
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
    // only the types change: they are stricter
  }) as unknown as ProtocolSetup<TContext, ProtocolEvent | TEvent, ProtocolActions, None, never>;
}
