import type { Run } from '../run';
import { Violation } from '../violation';
import * as boxes from './boxes';
import * as bytes from './bytes';
import * as connections from './connections';
import * as ending from './ending';

/** What holds in every run that is over: what is yielded is in violation of it. */
type Invariant = (run: Run) => Iterable<string>;

const invariants: readonly [name: string, holds: Invariant][] = [
  // first what tells most
  ...Object.entries<Invariant>(ending).toSorted(([name]) => (name === 'nothingIsUnhandled' ? -1 : 0)),
  ...Object.entries<Invariant>(connections),
  ...Object.entries<Invariant>(bytes),
  ...Object.entries<Invariant>(boxes),
];

/**
 * Checks all that holds in every run.
 * @throws {@link Violation} naming the first that doesn't
 */
export function checkInvariants(run: Run): void {
  for (const [name, violationsOf] of invariants) {
    for (const violation of violationsOf(run)) throw new Violation(name, violation, run.s);
  }
}
