import type { ClosedConnection, CloseReason } from '../vocabulary/connectionTypes';
import type { ServerSummary } from '../events';
import { clockOf, elapsedMs, timeOf } from '../vocabulary/time';

/** What a server has served so far, as it is kept in its context. */
export interface Tally {
  /** The server's creation, as its clock has it. */
  readonly since: number;
  readonly connections: number;
  readonly rejected: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly reasons: Readonly<Partial<Record<CloseReason, number>>>;
  /** Grows in place while a server drains: copying it for each of 10,000 closes would cost 50 million copies. */
  readonly drained: ClosedConnection[];
}

/** The tally of a server that has just been made. */
export const emptyTally = (server: object): Tally => ({
  since: timeOf(clockOf(server)),
  connections: 0,
  rejected: 0,
  bytesIn: 0,
  bytesOut: 0,
  reasons: {},
  drained: [],
});

/** The tally with one more client that was taken. */
export const addTaken = (tally: Tally): Tally => ({ ...tally, connections: tally.connections + 1 });

/** The tally with so many more clients that were turned away. */
export const addRejected = (tally: Tally, count: number): Tally => ({ ...tally, rejected: tally.rejected + count });

/** The tally with one more connection that ended. */
export const addClosed = (tally: Tally, { reason, bytesIn, bytesOut }: ClosedConnection): Tally => ({
  ...tally,
  bytesIn: tally.bytesIn + bytesIn,
  bytesOut: tally.bytesOut + bytesOut,
  reasons: { ...tally.reasons, [reason]: (tally.reasons[reason] ?? 0) + 1 },
});

/** The tally as users see it, as of now. */
export const summarise = ({ since, ...served }: Tally, server: object): ServerSummary => ({
  ...served,
  durationMs: elapsedMs(since, clockOf(server)),
});
