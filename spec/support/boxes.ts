import type { EventObject } from 'xstate';
import type { Bytes, SingleServerEmitted, TcpClientEmitted } from '../../server/index';

/** A scenario, with the events that its root has emitted so far. */
interface EmittingScenario<TEvent extends EventObject> {
  readonly emitted: readonly TEvent[];
}

/** A scenario whose root has an inbox: a SingleServer or a tcpClient. */
interface InboxScenario {
  send(event: { type: 'inbox'; data: Bytes } | { type: 'control.producerFinished' }): Promise<void>;
}

/** The emitted events of one type, in order. */
export const emittedOf = <TEvent extends EventObject, TType extends TEvent['type']>(
  { emitted }: EmittingScenario<TEvent>,
  type: TType,
): Extract<TEvent, { type: TType }>[] =>
  emitted.filter((event): event is Extract<TEvent, { type: TType }> => event.type === type);

/** All bytes that have come out of the root's outbox. */
export const outboxOf = (s: EmittingScenario<SingleServerEmitted | TcpClientEmitted>): Buffer =>
  Buffer.concat(emittedOf(s, 'outbox').map(({ data }) => data));

/** Puts bytes for the other side into the root's inbox, one message after the other. */
export async function inbox(s: InboxScenario, ...all: readonly Bytes[]): Promise<void> {
  for (const data of all) await s.send({ type: 'inbox', data });
}

/** Ends the connection, behind the bytes that were sent before. */
export async function finish(s: InboxScenario): Promise<void> {
  await s.send({ type: 'control.producerFinished' });
}
