/** Plays random programs against servers in memory, and checks all that is promised of them: `npm run soak -- --help`. */
import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { replay, soak } from '../spec/soak/soak';
import { Statistic } from '../spec/soak/statistic';

interface Flags {
  readonly seeds: number;
  readonly from: number;
}

/** Between two lines that tell how far it is. */
const secondsOfSilence = 10;

const whole = (value: string): number => {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
};

async function main(): Promise<void> {
  const { seeds, from } = new Command()
    .option('--seeds <count>', 'how many to play', whole, 1_000)
    .option('--from <seed>', 'the first one; the others follow it', whole, randomInt(2 ** 31))
    .parse()
    .opts<Flags>();
  console.log(`From seed ${String(from)} on: npm run soak -- --from ${String(from)} --seeds ${String(seeds)}`);
  const statistic = new Statistic();
  const start = performance.now();
  let told = start;
  const tell = (count: number): void => {
    told = performance.now();
    const seconds = (told - start) / 1_000;
    console.log(`${String(count)} seeds in ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(0)} seeds/s`);
  };
  let count = 0;
  // what a run can't catch ends the process
  process.on('uncaughtExceptionMonitor', () => {
    console.error(`Nobody took an error; it came with this seed, or the one before: ${replay(from + count)}`);
  });
  for (; count < seeds; count += 1) {
    await soak(from + count, (run) => {
      statistic.add(run);
    });
    if (performance.now() - told > secondsOfSilence * 1_000) tell(count + 1);
  }
  tell(seeds);
  console.log(String(statistic));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
