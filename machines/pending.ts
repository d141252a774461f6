import type { Bytes } from './connectionTypes';
import type { ProtocolEmitted } from './events';

/** What waits for a connection, in order: bytes, and perhaps the end behind them. */
export interface Pending {
  readonly events: readonly Extract<ProtocolEmitted, { type: 'outbox' | 'signal.producerFinished' }>[];
  readonly bytes: number;
}

export const nothingPending: Pending = { events: [], bytes: 0 };

const sizeOf = (data: Bytes): number => (typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength);

/** Whether these bytes may wait too. */
export const hasRoom = (pending: Pending, data: Bytes, maxPendingBytes: number): boolean =>
  pending.bytes + sizeOf(data) <= maxPendingBytes;

/** With these bytes behind the others. */
export const withBytes = (pending: Pending, data: Bytes): Pending => ({
  events: [...pending.events, { type: 'outbox', data }],
  bytes: pending.bytes + sizeOf(data),
});

/** With the end behind the bytes. */
export const withEnd = (pending: Pending): Pending => ({
  ...pending,
  events: [...pending.events, { type: 'signal.producerFinished' }],
});
