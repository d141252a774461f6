import type { Scenario } from '../../server/testing/index';

/** The number of the trace's lines that a violation shows. */
const mostLines = 40;

/** An invariant did not hold in this run. */
export class Violation extends Error {
  override readonly name = 'Violation';

  /**
   * @param invariant - the invariant's name
   * @param found - what is wrong
   * @param s - the run's scenario
   */
  constructor(invariant: string, found: string, s: Pick<Scenario<never>, 'trace'>) {
    const tail = s.trace().split('\n').slice(-mostLines).join('\n');
    super(`${invariant}: ${found}\n\nWhat happened last:\n${tail}`);
  }
}
