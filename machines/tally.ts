import type { ClosedConnection, CloseReason } from './connectionTypes';
import type { ServerSummary } from './events';

/** What a server has served so far, as it is kept in its context. */
export interface Tally {
  /** `performance.now()` at the server's creation. */
  readonly since: number;
  readonly connections: number;
  readonly rejected: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly reasons: Readonly<Partial<Record<CloseReason, number>>>;
  /** Grows in place while a server drains: copying it for each of 10,000 closes would cost 50 million copies. */
  readonly drained: ClosedConnection[];
}

/** Milliseconds since an earlier `performance.now()`, to the microsecond. */
export const elapsedMs = (since: number): number => Math.round((performance.now() - since) * 1000) / 1000;

export const emptyTally = (): Tally => ({
  since: performance.now(),
  connections: 0,
  rejected: 0,
  bytesIn: 0,
  bytesOut: 0,
  reasons: {},
  drained: [],
});

/** The tally with one more connection that ended. */
export const addClosed = (tally: Tally, { reason, bytesIn, bytesOut }: ClosedConnection): Tally => ({
  ...tally,
  bytesIn: tally.bytesIn + bytesIn,
  bytesOut: tally.bytesOut + bytesOut,
  reasons: { ...tally.reasons, [reason]: (tally.reasons[reason] ?? 0) + 1 },
});

/** The tally as users see it, as of now. */
export const summarise = ({ since, ...served }: Tally): ServerSummary => ({
  ...served,
  durationMs: elapsedMs(since),
});
