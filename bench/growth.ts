import { interleave, serversOf, start, type Bench, type Measurement } from './bench';
import { forkModule, nextMessage } from './child';
import { costOf } from './cpu';
import type { GrowthScenario } from './scenarios';

/** Measures what connecting and closing cost a server that has few idle connections, and one that has many. */
export async function measureGrowth(scenario: GrowthScenario, bench: Bench): Promise<Measurement[]> {
  const operations = Math.ceil((scenario.operations * bench.share) / 100) * 100;
  const most = scenario.inMemory ? Infinity : bench.maxConnections;
  const [fewest = 10] = scenario.live;
  const levels = new Set(scenario.live.map((live) => Math.min(Math.max(live * bench.share, fewest), most)));
  const candidates = serversOf(scenario, bench).map((server) => ({
    server,
    measurements: [...levels].map((live): Measurement => ({
      scenario: scenario.name,
      server,
      live,
      unit: 'µs',
      values: [],
      perSecond: [],
    })),
  }));
  const measure = scenario.inMemory ? inMemory : overSockets;
  // many connections take long to open
  const rounds = Math.min(bench.rounds, 3);
  await interleave({ ...bench, rounds }, candidates, async ({ server, measurements }, isWarmUp) => {
    // each round has a process of its own, which warms itself up
    if (!isWarmUp) await measure(server, measurements);
  });
  return candidates.flatMap(({ measurements }) => measurements);

  async function overSockets(candidate: Measurement['server'], measurements: readonly Measurement[]): Promise<void> {
    const { clients } = bench;
    const server = await start(candidate, scenario.mode, bench);
    const measureAt = async (live: number): Promise<number> => {
      await clients.open({ kind: 'visits', port: server.port, held: live, count: operations, size: 0 });
      await server.untilOpen(live);
      const { cpu } = await costOf(clients, server, operations, live);
      await clients.close();
      await server.untilOpen(0);
      return cpu;
    };
    for (let n = 0; n < 3; n += 1) await measureAt(0);
    const [first] = measurements;
    // a process gets faster while it warms up: every second round begins with the most connections
    const inTurn = (first?.values.length ?? 0) % 2 === 0 ? measurements : measurements.toReversed();
    for (const { live = 0, values } of inTurn) values.push(await measureAt(live));
    await server.stop();
  }

  async function inMemory(candidate: Measurement['server'], measurements: readonly Measurement[]): Promise<void> {
    const child = forkModule('server/inMemory', [
      candidate,
      String(operations),
      ...measurements.map(({ live }) => String(live)),
    ]);
    const figures = await nextMessage<number[]>(child);
    for (const [n, { values }] of measurements.entries()) values.push(figures[n] ?? NaN);
  }
}
