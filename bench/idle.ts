/**
 * Measures what idle connections cost a server: `npm run bench:idle`. The bar: with all time limits on, 10,000 idle
 * connections take less than 1 % of a core. No limit is reached, but the server checks one of them every few seconds
 * for each connection.
 */
import { setTimeout } from 'node:timers/promises';
import { Clients } from './clients';
import { compile } from './compiled';
import { connectionLimit } from './connectionLimit';
import { startNode } from './serverUnderTest';

const connections = Math.min(10_000, connectionLimit());
/** How long each server is measured. */
const seconds = 30;
const rounds = 2;

/** Measures the share of a core that a server takes while all clients are connected and silent, in percent. */
async function measure(kind: string, clients: Clients): Promise<number> {
  const server = await startNode(kind, 'echo');
  await clients.open({ kind: 'visits', port: server.port, held: connections, count: 0, size: 0 });
  await server.untilOpen(connections);
  // V8 collects the garbage of the opening for half a minute (1 to 1.7 % of a core): that must not count
  await server.collect();
  await setTimeout(45_000);
  const before = await server.usage();
  const since = performance.now();
  await setTimeout(seconds * 1_000);
  const after = await server.usage();
  const elapsed = (performance.now() - since) * 1_000;
  await server.untilOpen(connections);
  await clients.close();
  await server.stop();
  return (100 * (after.cpu - before.cpu)) / elapsed;
}

async function main(): Promise<void> {
  await compile();
  const clients = new Clients();
  console.log(`${String(connections)} silent connections for ${String(seconds)} s: % of a core`);
  for (let round = 1; round <= rounds; round += 1) {
    const off = await measure('transition', clients);
    const on = await measure('transition-limited', clients);
    console.log(`  time limits off ${off.toFixed(2)}, all on ${on.toFixed(2)}`);
  }
  clients.end();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
