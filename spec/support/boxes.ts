import type { EventObject } from 'xstate';
import type { Bytes, SingleServerEmitted, TcpClientEmitted } from '../../server/index';

/** What a scenario's root has emitted so far. */
interface Emitting<TEvent extends EventObject> {
  readonly emitted: readonly TEvent[];
}

/** A scenario's root with an inbox: a SingleServer, a tcpClient. */
interface Boxed {
  send(event: { type: 'inbox'; data: Bytes } | { type: 'control.producerFinished' }): Promise<void>;
}

/** What of all that was emitted is of one type, in order. */
export const emittedOf = <TEvent extends EventObject, TType extends TEvent['type']>(
  { emitted }: Emitting<TEvent>,
  type: TType,
): Extract<TEvent, { type: TType }>[] =>
  emitted.filter((event): event is Extract<TEvent, { type: TType }> => event.type === type);

/** All bytes that have come out of its outbox. */
export const outboxOf = (s: Emitting<SingleServerEmitted | TcpClientEmitted>): Buffer =>
  Buffer.concat(emittedOf(s, 'outbox').map(({ data }) => data));

/** Sends what is for the other side, one after the other. */
export async function inbox(s: Boxed, ...all: readonly Bytes[]): Promise<void> {
  for (const data of all) await s.send({ type: 'inbox', data });
}

/** Ends the connection, behind what was sent. */
export async function finish(s: Boxed): Promise<void> {
  await s.send({ type: 'control.producerFinished' });
}
