import type { Run } from '../run';
import { Violation } from '../violation';
import * as boxes from './boxes';
import * as bytes from './bytes';
import * as connections from './connections';
import * as ending from './ending';

/** What must hold in every run that is over. Yields each violation. */
type Invariant = (run: Run) => Iterable<string>;

const invariants: readonly [name: string, holds: Invariant][] = [
  // the invariants whose violations tell most come first
  ...Object.entries<Invariant>(ending).toSorted(([name]) => (name === 'nothingIsUnhandled' ? -1 : 0)),
  ...Object.entries<Invariant>(connections),
  ...Object.entries<Invariant>(bytes),
  ...Object.entries<Invariant>(boxes),
];

/**
 * Checks all invariants on a run.
 * @throws {@link Violation} that names the first invariant that doesn't hold
 */
export function checkInvariants(run: Run): void {
  for (const [name, violationsOf] of invariants) {
    for (const violation of violationsOf(run)) throw new Violation(name, violation, run.s);
  }
}
