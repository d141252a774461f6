import { interleave, serversOf, start, type Bench, type Measurement } from './bench';
import type { MemoryScenario } from './scenarios';

/** Measures the server's memory for each idle connection. Each round has a new process: an old one keeps its memory. */
export async function measureMemory(scenario: MemoryScenario, bench: Bench): Promise<Measurement[]> {
  const { name, mode } = scenario;
  const connections = Math.min(Math.ceil(scenario.connections * bench.share), bench.maxConnections);
  if (connections < scenario.connections) bench.tell(`  with ${String(connections)} connections`);
  const measurements = serversOf(scenario, bench).map((server): Measurement => ({
    scenario: name,
    server,
    unit: 'bytes',
    values: [],
    perSecond: [],
  }));
  // each round opens 10,000 connections
  const rounds = Math.min(bench.rounds, 5);
  await interleave({ ...bench, rounds }, measurements, async ({ server: candidate, values }, isWarmUp) => {
    // there is nothing to warm up
    if (isWarmUp) return;
    const server = await start(candidate, mode, bench);
    const open = (held: number): Promise<void> =>
      bench.clients.open({ kind: 'visits', port: server.port, held, count: 0, size: 0 });
    // the first connections make the process allocate what it needs only once: that must not count
    await open(100);
    await server.untilOpen(100);
    await bench.clients.close();
    await server.untilOpen(0);
    await server.collect();
    const { rss: before } = await server.usage();
    await open(connections);
    await server.untilOpen(connections);
    await server.collect();
    const { rss: after } = await server.usage();
    values.push((after - before) / connections);
    await bench.clients.close();
    await server.stop();
  });
  return measurements;
}
