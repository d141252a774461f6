/**
 * What accepting and closing one connection costs the server while few and while many others are open.
 *
 * `npm run bench:growth [-- live …]` prints, for raw `node:net` and for handlers with and without a pending `after`, the server's CPU time for
 * one connect–close among 10 and among 15,000 live connections (or the numbers that you name). The server runs in a
 * process of its own, so that the clients' work doesn't count.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createServerCore, setupProtocol, type Protocol } from '../server/index';

interface Report {
  readonly port?: number;
  readonly cpu?: number;
  readonly open?: number;
}

const rounds = 5;
const pairsPerRound = 1_000;
const concurrency = 20;
const backlog = 4_096;

const idle = setupProtocol().createMachine({ id: 'idle', on: { inbox: { actions: 'reply' } } });
const waiting = setupProtocol().createMachine({
  id: 'waiting',
  on: { inbox: { actions: 'reply' } },
  after: { 3_600_000: { actions: 'finish' } },
});

async function serve(kind: string): Promise<void> {
  const [port, countOpen] = kind === 'raw' ? await serveRaw() : await serveOurs(kind === 'after' ? waiting : idle);
  process.send?.({ port });
  process.on('message', (message) => {
    // what opening the others has left to collect is not the cost of the next one
    if (message === 'collect') globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: user + system, open: countOpen() } satisfies Report);
  });
  process.on('disconnect', () => process.exit());
}

async function serveOurs(protocol: Protocol): Promise<[port: number, countOpen: () => number]> {
  const server = createServerCore({ protocol, port: 0, backlog });
  const { port } = await server.start();
  return [port, () => server.actor.getSnapshot().context.open];
}

/** What Node itself takes: the growth that is not ours. */
async function serveRaw(): Promise<[port: number, countOpen: () => number]> {
  let open = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    open += 1;
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => undefined);
    socket.on('close', () => (open -= 1));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog });
  await once(server, 'listening');
  return [(server.address() as AddressInfo).port, () => open];
}

async function ask(server: ChildProcess, message = 'cpu'): Promise<Report> {
  server.send(message);
  const [report] = (await once(server, 'message')) as [Report];
  return report;
}

async function untilOpen(server: ChildProcess, count: number): Promise<void> {
  while ((await ask(server)).open !== count) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(concurrency, count - sockets.length) }, () =>
      connect(port, '127.0.0.1'),
    );
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
    sockets.push(...batch);
  }
  return sockets;
}

async function closeAll(sockets: Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => once(socket.destroy(), 'close')));
}

/** Microseconds of server CPU for one connect and close. */
async function measure(server: ChildProcess, port: number, live: number): Promise<number> {
  const before = await ask(server, 'collect');
  for (let done = 0; done < pairsPerRound; done += concurrency) await closeAll(await open(port, concurrency));
  await untilOpen(server, live);
  const after = await ask(server);
  return ((after.cpu ?? 0) - (before.cpu ?? 0)) / pairsPerRound;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

async function main(lives: readonly number[]): Promise<void> {
  console.log(
    `CPU of the server for one connect-close, µs, medians of ${String(rounds)} rounds of ${String(pairsPerRound)}`,
  );
  for (const kind of ['raw', 'plain', 'after']) {
    const server = fork(__filename, ['serve', kind], {
      execArgv: ['--expose-gc', '-r', 'ts-node/register'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const [{ port = 0 }] = (await once(server, 'message')) as [Report];
    const figures = new Map<number, number[]>(lives.map((live) => [live, []]));
    await measure(server, port, 0); // warm-up
    for (let round = 0; round < rounds; round += 1) {
      for (const [live, values] of figures) {
        const others = await open(port, live);
        await untilOpen(server, live);
        values.push(await measure(server, port, live));
        await closeAll(others);
        await untilOpen(server, 0);
      }
    }
    const [first = 0] = lives;
    const base = median(figures.get(first) ?? []);
    for (const [live, values] of figures) {
      const spread = `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`;
      const ratio = (median(values) / base).toFixed(2);
      const label = { raw: 'raw node:net', plain: 'ours', after: 'ours, with an after each' }[kind] ?? kind;
      console.log(
        `${label.padEnd(26)} ${String(live).padStart(6)} live: ${median(values).toFixed(0)} (${spread})  ×${ratio}`,
      );
    }
    server.disconnect();
  }
}

const [mode, kind = 'plain'] = process.argv.slice(2);
const work =
  mode === 'serve' ? serve(kind) : main(process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 15_000]);
work.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
