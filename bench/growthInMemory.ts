/**
 * What one connection costs among few and among many, without the kernel: the real registry, charts and socket adapter,
 * on streams in memory. Beside `bench/growth.ts` it tells how much of the growth there is ours.
 *
 * `npm run bench:growth:memory [-- live …]` prints the CPU time of one open and FIN among 10 and among 15,000.
 */
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { createActor, fromTransition, type AnyActorRef } from 'xstate';
import { ConnectedSocketAdapter } from '../actors/connectedSocketAdapter';
import { connections } from '../actors/connections';
import { setupProtocol, type Protocol } from '../server/index';

const rounds = 5;
const pairsPerRound = 1_000;

const protocols: Readonly<Record<string, Protocol>> = {
  plain: setupProtocol().createMachine({ on: { inbox: { actions: 'reply' } } }),
  'an after each': setupProtocol().createMachine({
    on: { inbox: { actions: 'reply' } },
    after: { 3_600_000: { actions: 'finish' } },
  }),
};

/** Microseconds of CPU for each of many opens and FINs beside `live` connections: one figure a round. */
function measure(protocol: Protocol, live: number): number[] {
  const limits = { allowHalfOpen: false, writeTimeout: 30_000, lingerTimeout: 2_000, maxBufferedBytes: 2 ** 24 };
  // hears how each connection ended, and does nothing about it
  const server = createActor(fromTransition((ended: number) => ended + 1, 0)).start() as AnyActorRef;
  const registry = createActor(connections, { input: { options: { ...limits, protocol }, server } }).start();
  let count = 0;
  const open = (): Duplex => {
    const socket = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    const id = `connection:${String((count += 1))}`;
    const info = { id, peer: '', peerport: 0, localip: '', localport: 0, encrypted: false };
    registry.send({
      type: 'spawnConnection',
      CSA: new ConnectedSocketAdapter(socket as unknown as Socket, info, limits),
    });
    return socket;
  };
  for (let n = 0; n < live; n += 1) open();
  globalThis.gc?.();
  const figures = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (let n = 0; n < pairsPerRound; n += 1) open().emit('end');
    const { user, system } = process.cpuUsage(before);
    return (user + system) / pairsPerRound;
  });
  const { size } = (registry.getSnapshot() as { live: ReadonlyMap<string, unknown> }).live;
  if (size !== live) throw new Error(`${String(size)} connections are open instead of ${String(live)}`);
  registry.stop();
  server.send({ type: 'xstate.stop' });
  return figures;
}

const lives = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 15_000];
const figures = new Map<string, number[]>();
// interleaved, and the first pass only to warm up
for (let pass = 0; pass < 3; pass += 1) {
  for (const [name, protocol] of Object.entries(protocols)) {
    for (const live of lives) {
      const key = `${name.padEnd(14)} ${String(live).padStart(6)} live`;
      const values = measure(protocol, live);
      if (pass > 0) figures.set(key, [...(figures.get(key) ?? []), ...values]);
    }
  }
}
console.log(
  `CPU for one open and FIN in memory, µs, medians of ${String(2 * rounds)} rounds of ${String(pairsPerRound)}`,
);
for (const [key, values] of figures) {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? NaN;
  console.log(`${key}: ${median.toFixed(0)} (${(sorted[0] ?? NaN).toFixed(0)}–${(sorted.at(-1) ?? NaN).toFixed(0)})`);
}
