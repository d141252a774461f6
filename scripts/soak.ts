/** Plays random programs with servers in memory, and checks what must hold in every run: `npm run soak -- --help`. */
import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { replay, soak } from '../spec/soak/soak';
import { Statistic } from '../spec/soak/statistic';

interface Flags {
  readonly seeds: number;
  readonly from: number;
}

/** How many seconds pass between two lines about the progress, at least. */
const progressInterval = 10;

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
  let lastProgress = start;
  const printProgress = (count: number): void => {
    lastProgress = performance.now();
    const seconds = (lastProgress - start) / 1_000;
    console.log(`${String(count)} seeds in ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(0)} seeds/s`);
  };
  let count = 0;
  // an error that a run can't catch ends the process: this tells which run it was
  process.on('uncaughtExceptionMonitor', () => {
    console.error(`An error was not caught. It came with this seed, or with the one before: ${replay(from + count)}`);
  });
  for (; count < seeds; count += 1) {
    await soak(from + count, (run) => {
      statistic.add(run);
    });
    if (performance.now() - lastProgress > progressInterval * 1_000) printProgress(count + 1);
  }
  printProgress(seeds);
  console.log(String(statistic));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
