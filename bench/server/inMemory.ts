/**
 * Measures what one connection costs while few or many others are open, without the kernel: the real registry, charts
 * and socket adapter, on streams in memory. `inMemory.ts <kind of handler> <operations> <live>…` sends its parent the
 * CPU for one open and FIN, in µs, for each number of live connections. The numbers must ascend.
 */
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { createActor, fromTransition, type AnyActorRef } from 'xstate';
import { SocketAdapter } from '../../actors/socket/socketAdapter';
import { connections } from '../../actors/registry/connections';
import { echoes } from './handlers';

const [kind = 'statechart', operations = '1000', ...lives] = process.argv.slice(2);
const limits = { allowHalfOpen: false, writeTimeout: 30_000, lingerTimeout: 2_000, maxBufferedBytes: 2 ** 24 };

// takes the place of the server: hears how each connection ended, and does nothing about that
const server = createActor(fromTransition((ended: number) => ended + 1, 0)).start() as AnyActorRef;
const options = { ...limits, ...(echoes[kind] && { protocol: echoes[kind] }) };
const registry = createActor(connections, { input: { server } }).start();
let opened = 0;

const countLive = (): number => (registry.getSnapshot() as { live: ReadonlyMap<string, unknown> }).live.size;

function open(): Duplex {
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const info = {
    id: `connection:${String((opened += 1))}`,
    peer: '',
    peerport: 0,
    localip: '',
    localport: 0,
    encrypted: false,
  };
  registry.send({
    type: 'spawnConnection',
    CSA: new SocketAdapter(socket as unknown as Socket, info),
    options,
  });
  return socket;
}

/** µs of CPU for one open and FIN. */
async function measure(): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < Number(operations); n += 1) {
    open().emit('end');
    // as many as a server accepts in one turn of the event loop
    if (n % 50 === 0) await new Promise(setImmediate);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Number(operations);
}

async function main(): Promise<void> {
  for (let n = 0; n < 5; n += 1) await measure();
  const figures: number[] = [];
  for (const live of lives.map(Number)) {
    while (countLive() < live) open();
    globalThis.gc?.();
    figures.push(await measure());
    if (countLive() !== live) throw new Error(`${String(countLive())} connections are open instead of ${String(live)}`);
  }
  // exits by itself: the handlers' timers would keep the process alive for an hour
  process.send?.(figures, () => process.exit());
}

void main();
