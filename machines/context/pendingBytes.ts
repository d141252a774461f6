import { isBytes, sizeOf } from '../vocabulary/bytes';
import type { Bytes } from '../vocabulary/connectionTypes';
import type { ProtocolEmitted } from '../protocolEvents';

type PendingEvent = Extract<ProtocolEmitted, { type: 'outbox' | 'signal.producerFinished' }>;

/** The bytes and ends that wait for a connection, in order. What comes behind an end is for the next connection. */
export interface PendingQueue {
  /** Grows in place: a copy for each of 40,000 messages took half a minute. */
  readonly events: PendingEvent[];
  readonly bytes: number;
}

/** An empty queue. */
export const nothingPending = (): PendingQueue => ({ events: [], bytes: 0 });

const toBuffer = (data: Bytes): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : data);

/** Whether there is room for `data`. Never for a value that is neither bytes nor a string. */
export const hasRoom = (pending: PendingQueue, data: Bytes, maxPendingBytes: number): boolean =>
  isBytes(data) && pending.bytes + sizeOf(data) <= maxPendingBytes;

/** Whether an end waits. */
export const hasEnd = ({ events }: PendingQueue): boolean =>
  events.some(({ type }) => type === 'signal.producerFinished');

/** The queue with `data` at its end. Empty data is left out. */
export function withBytes(pending: PendingQueue, data: Bytes): PendingQueue {
  const size = sizeOf(data);
  if (size > 0) pending.events.push({ type: 'outbox', data });
  return { ...pending, bytes: pending.bytes + size };
}

/** The queue with an end behind its bytes. A second end in a row is left out. */
export function withEnd(pending: PendingQueue): PendingQueue {
  if (pending.events.at(-1)?.type !== 'signal.producerFinished')
    pending.events.push({ type: 'signal.producerFinished' });
  return { ...pending };
}

/** All bytes that wait, in order. */
export const bytesOf = ({ events }: PendingQueue): readonly Bytes[] =>
  events.flatMap((event) => (event.type === 'outbox' ? [event.data] : []));

/**
 * The events for the next connection, and the queue without them. The bytes are joined in one piece, so that
 * `maxBufferedBytes` doesn't count them twice.
 */
export function takeNext(pending: PendingQueue): readonly [next: readonly PendingEvent[], rest: PendingQueue] {
  const end = pending.events.findIndex(({ type }) => type === 'signal.producerFinished');
  const count = end === -1 ? pending.events.length : end + 1;
  const nextBytes = bytesOf({ ...pending, events: pending.events.slice(0, count) });
  const data = Buffer.concat(nextBytes.map(toBuffer));
  const next: readonly PendingEvent[] = [
    ...(data.length === 0 ? [] : [{ type: 'outbox', data } as const]),
    ...(end === -1 ? [] : [{ type: 'signal.producerFinished' } as const]),
  ];
  return [next, { events: pending.events.slice(count), bytes: pending.bytes - data.length }];
}
