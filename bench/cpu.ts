import { interleave, serversOf, start, type Bench, type Measurement } from './bench';
import type { Clients } from './clients';
import type { CpuScenario } from './scenarios';
import type { ServerUnderTest } from './serverUnderTest';

interface Cost {
  /** CPU of the server for one operation, in µs. */
  readonly cpu: number;
  /** Operations a second. */
  readonly perSecond: number;
}

/**
 * Puts the clients to work, and measures what their operations cost the server.
 * @param held - how many connections the server has when the work is done
 */
export async function costOf(
  clients: Clients,
  server: ServerUnderTest,
  operations: number,
  held: number,
): Promise<Cost> {
  await server.collect();
  const before = await server.usage();
  const ms = await clients.run();
  await server.untilOpen(held);
  const after = await server.usage();
  return { cpu: (after.cpu - before.cpu) / operations, perSecond: (operations / ms) * 1000 };
}

/** Measures the server's CPU for each operation. */
export async function measureCpu(scenario: CpuScenario, bench: Bench): Promise<Measurement[]> {
  const { name, mode, operations, load } = scenario;
  const count = Math.ceil((operations * bench.share) / 1_000) * 1_000;
  const candidates: { server: ServerUnderTest; measurement: Measurement }[] = [];
  for (const server of serversOf(scenario, bench)) {
    candidates.push({
      server: await start(server, mode, bench),
      measurement: { scenario: name, server, unit: 'µs', values: [], perSecond: [] },
    });
  }
  await interleave(bench, candidates, async ({ server, measurement }, isWarmUp) => {
    const settings = load(server.port, count);
    const held = settings.kind === 'visits' ? settings.held : settings.connections;
    await bench.clients.open(settings);
    await server.untilOpen(held);
    const { cpu, perSecond } = await costOf(bench.clients, server, count, held);
    await bench.clients.close();
    await server.untilOpen(0);
    if (isWarmUp) return;
    measurement.values.push(cpu);
    measurement.perSecond.push(perSecond);
  });
  for (const { server } of candidates) await server.stop();
  return candidates.map(({ measurement }) => measurement);
}
