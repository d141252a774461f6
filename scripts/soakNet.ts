/**
 * Attacks servers on real sockets for so many minutes, and watches their memory: `npm run soak:net -- --help`. The
 * script waits after each round until no connection is left. It fails when a good client was cut off or got a wrong
 * answer, and when the heap grows. The other figures are printed for a reader to judge.
 */
import { Command, InvalidArgumentError } from 'commander';
import { attacks } from '../spec/abuse/attacks';
import { GoodClient } from '../spec/abuse/goodClient';
import { Victim } from '../spec/abuse/victim';
import type { Holdings } from '../spec/abuse/target';

interface Flags {
  readonly minutes: number;
  readonly clients: number;
}

/** The share of the time in which the server warms up: code is compiled, and the heap finds its size. */
const warmUp = 0.2;
/**
 * How many bytes the heap may grow in a minute, after full collections: a tenth of what 1,000 idle connections take.
 */
const flat = 1024 * 1024;

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(2);

function whole(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

/** The slope of a line through points, by least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

async function main(): Promise<void> {
  const { minutes, clients } = new Command()
    .option('--minutes <count>', 'how long', whole, 15)
    .option('--clients <count>', 'how many take part in an attack', whole, 400)
    .parse()
    .opts<Flags>();
  const victim = await Victim.start();
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 60_000;
  const samples: (readonly [minute: number, held: Holdings])[] = [];
  let rounds = 0;
  let answers = 0;
  let slowest = 0;
  while (elapsed() < minutes) {
    const good = await GoodClient.connect(victim.ports.plain);
    // all attacks at once, each with a random number of clients, so that they meet in other ways each time
    await Promise.all(
      Object.values(attacks).map((attack) =>
        attack(victim.ports, { clients: 10 + Math.ceil(Math.random() * clients) }),
      ),
    );
    await good.stop();
    rounds += 1;
    answers += good.answers;
    slowest = Math.max(slowest, good.slowest);
    const held = await victim.lookAtRest();
    samples.push([elapsed(), held]);
    console.log(
      `${elapsed().toFixed(1)} min: round ${String(rounds)}, heap ${mebibytes(held.heap)} MiB, RSS ${mebibytes(held.rss)} MiB, ` +
        `${String(held.descriptors)} descriptors, ${String(held.timers)} timers; the good client waited ${slowest.toFixed(0)} ms at most`,
    );
  }
  const [, { reasons }] = samples.at(-1) ?? [0, await victim.look()];
  const summaries = await victim.drain();
  const steady = samples.filter(([minute]) => minute >= warmUp * minutes);
  const heap = slope(steady.map(([minute, held]) => [minute, held.heap]));
  const rss = slope(steady.map(([minute, held]) => [minute, held.rss]));
  const descriptors = new Set(steady.map(([, held]) => held.descriptors));
  console.log(
    `${String(rounds)} rounds, ${String(answers)} answers to good clients, the slowest after ${slowest.toFixed(0)} ms`,
  );
  console.log(`Ends: ${JSON.stringify(reasons)}`);
  console.log(
    `After the first ${(warmUp * minutes).toFixed(1)} min: heap ${mebibytes(heap)} MiB/min, RSS ${mebibytes(rss)} MiB/min, ` +
      `descriptors ${[...descriptors].join(', ')}, left at the end: ${String(summaries.reduce((sum, { drained }) => sum + drained, 0))}`,
  );
  if (heap > flat) throw new Error(`The heap grows by ${mebibytes(heap)} MiB a minute`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  process.exit(1);
});
