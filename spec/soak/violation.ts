import type { Scenario } from '../../server/testing/index';

/** Lines of the trace that a violation shows. */
const mostLines = 40;

/** Something that is to hold in every run didn't in this one. */
export class Violation extends Error {
  override readonly name = 'Violation';

  /**
   * @param invariant - what was to hold
   * @param found - what was found instead
   * @param s - where
   */
  constructor(invariant: string, found: string, s: Pick<Scenario<never>, 'trace'>) {
    const tail = s.trace().split('\n').slice(-mostLines).join('\n');
    super(`${invariant}: ${found}\n\nWhat happened last:\n${tail}`);
  }
}
