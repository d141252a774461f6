import { randomInt } from 'node:crypto';
import { check } from '../../../machines/options/optionChecks';
import { wholeNumber } from '../optionChecks';
import { ScenarioError } from './scenarioError';

/** The seeds to play. */
export interface Seeds {
  /**
   * The first seed; the others are the numbers after it.
   * @defaultValue a random one, another each time
   */
  readonly from?: number;
  /** How many seeds are played. */
  readonly count: number;
}

const mostSeed = 2 ** 31;

/**
 * Plays a scenario with one seed after the other, and stops at the first seed that fails.
 *
 * @example
 * ```ts
 * await forSeeds({ count: 100 }, async (seed) => {
 *   await using s = await scenario(serverCore, { protocol: echo }, { seed, faults: { reset: 0.05 } });
 *   // …
 * });
 * ```
 * @throws {@link ScenarioError} that names the seed, with the failure as its `cause`
 */
export async function forSeeds(
  { from = randomInt(mostSeed), count }: Seeds,
  play: (seed: number) => unknown,
): Promise<void> {
  check({ from, count }, { from: wholeNumber(0), count: wholeNumber(0) });
  for (let seed = from; seed < from + count; seed += 1) {
    try {
      await play(seed);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const again = `forSeeds({ from: ${String(seed)}, count: 1 }, …)`;
      throw new ScenarioError(`Seed ${String(seed)} fails; ${again} plays it again.\n\n${message}`, { cause });
    }
  }
}
