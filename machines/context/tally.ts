import type { ClosedConnection, CloseReason } from '../vocabulary/connectionTypes';
import type { ServerSummary } from '../events';
import { clockOf, elapsedMs, timeOf } from '../vocabulary/time';

/** What a server has served so far, as its context keeps it. */
export interface Tally {
  /** When the server was created, in milliseconds of its clock. */
  readonly since: number;
  readonly connections: number;
  readonly rejected: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly reasons: Readonly<Partial<Record<CloseReason, number>>>;
  /**
   * How each connection ended that was open when a drain began. Grows in place: a copy for each of 10,000 closes
   * would copy 50 million entries.
   */
  readonly drained: ClosedConnection[];
}

/** The tally of a new server. */
export const emptyTally = (server: object): Tally => ({
  since: timeOf(clockOf(server)),
  connections: 0,
  rejected: 0,
  bytesIn: 0,
  bytesOut: 0,
  reasons: {},
  drained: [],
});

/** The tally with one more client that the server took. */
export const addTaken = (tally: Tally): Tally => ({ ...tally, connections: tally.connections + 1 });

/** The tally with `count` more clients that were turned away. */
export const addRejected = (tally: Tally, count: number): Tally => ({ ...tally, rejected: tally.rejected + count });

/** The tally with one more connection that has ended. */
export const addClosed = (tally: Tally, { reason, bytesIn, bytesOut }: ClosedConnection): Tally => ({
  ...tally,
  bytesIn: tally.bytesIn + bytesIn,
  bytesOut: tally.bytesOut + bytesOut,
  reasons: { ...tally.reasons, [reason]: (tally.reasons[reason] ?? 0) + 1 },
});

/** The tally for users, with the time until now. */
export const summarise = ({ since, ...served }: Tally, server: object): ServerSummary => ({
  ...served,
  durationMs: elapsedMs(since, clockOf(server)),
});
