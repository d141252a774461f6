import { afterEach, beforeEach, jest } from '@jest/globals';
import { working } from './serving';

/**
 * Fails each spec of a file that prints, or that leaves an error to nobody.
 *
 * XState throws an error that nobody took from a timer. Jest fails a spec for that, as for an unhandled rejection, as long
 * as it runs; listeners would hear nothing, since the `process` that a spec sees is not the real one.
 */
export function expectQuiet(): void {
  const printed: unknown[][] = [];

  beforeEach(() => {
    printed.length = 0;
    for (const level of ['log', 'warn', 'error'] as const) {
      jest.spyOn(console, level).mockImplementation((...args: unknown[]) => {
        printed.push(args);
      });
    }
  });

  afterEach(async () => {
    await working(1);
    jest.restoreAllMocks();
    if (printed.length > 0) throw new Error(`Printed: ${printed.map((args) => args.map(String).join(' ')).join('\n')}`);
  });
}
