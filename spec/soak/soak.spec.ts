import { describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { onceFailed } from './onceFailed';
import { play, replay, soak } from './soak';
import { Statistic } from './statistic';
import { inCi } from '../support/thoroughness';

/** The most runs, and the milliseconds for all of them. */
const [mostSeeds, mostMs] = [200, inCi(10_000, 4_000)];

describe('Any server, whatever happens to it', () => {
  describe('once failed, but keeps its promises now', () => {
    it.each(onceFailed)('%s', async (_, program) => {
      await expect(play(program)).resolves.toBeDefined();
    });
  });

  it('keeps its promises with seeds that nobody has tried', async () => {
    const from = randomInt(2 ** 31 - mostSeeds);
    console.info(`Soaking from a fresh seed on: ${replay(from)}`);
    const statistic = new Statistic();
    const until = performance.now() + mostMs;
    for (let seed = from; seed < from + mostSeeds && performance.now() < until; seed += 1) {
      await soak(seed, (run) => {
        statistic.add(run);
      });
    }
    // makes sure that something has happened at all
    expect([...statistic.reasons.keys()]).toEqual(expect.arrayContaining(['handlerFinished', 'handlerFailed']));
  }, 90_000);
});
