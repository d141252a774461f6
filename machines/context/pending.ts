import { isBytes, sizeOf } from '../vocabulary/bytes';
import type { Bytes } from '../vocabulary/connectionTypes';
import type { ProtocolEmitted } from '../protocolEvents';

type PendingEvent = Extract<ProtocolEmitted, { type: 'outbox' | 'signal.producerFinished' }>;

/** What waits for a connection, in order: bytes, and ends. What comes behind an end is for the connection after. */
export interface PendingQueue {
  /** Grows in place: copying it for each of 40,000 messages took half a minute. */
  readonly events: PendingEvent[];
  readonly bytes: number;
}

export const nothingPending = (): PendingQueue => ({ events: [], bytes: 0 });

const toBuffer = (data: Bytes): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : data);

/** Whether these bytes, if they are bytes, may wait too. */
export const hasRoom = (pending: PendingQueue, data: Bytes, maxPendingBytes: number): boolean =>
  isBytes(data) && pending.bytes + sizeOf(data) <= maxPendingBytes;

/** Whether an end waits. */
export const hasEnd = ({ events }: PendingQueue): boolean =>
  events.some(({ type }) => type === 'signal.producerFinished');

/** With these bytes behind the others. */
export function withBytes(pending: PendingQueue, data: Bytes): PendingQueue {
  const size = sizeOf(data);
  if (size > 0) pending.events.push({ type: 'outbox', data });
  return { ...pending, bytes: pending.bytes + size };
}

/** With an end behind the bytes; one is enough. */
export function withEnd(pending: PendingQueue): PendingQueue {
  if (pending.events.at(-1)?.type !== 'signal.producerFinished')
    pending.events.push({ type: 'signal.producerFinished' });
  return { ...pending };
}

/** All the bytes that wait. */
export const bytesOf = ({ events }: PendingQueue): readonly Bytes[] =>
  events.flatMap((event) => (event.type === 'outbox' ? [event.data] : []));

/** What the next connection gets, its bytes in one piece so that `maxBufferedBytes` doesn't count them twice; and the rest. */
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
