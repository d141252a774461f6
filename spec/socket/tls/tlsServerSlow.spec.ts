import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { SimulatedClock } from 'xstate';
import type { Client } from '../../support/client';
import { eventually } from '../../support/events';
import { Recorder } from '../../support/recorder';
import { turn } from '../../support/serving';
import { TlsServer } from '../../support/tls/tlsServers';

const mebibyte = 2 ** 20;
/** More than the kernel's buffers on both sides can hold: Linux lets them grow to 36 MiB. */
const tooMuch = Buffer.alloc(64 * mebibyte);
const finished = { type: 'signal.producerFinished' } as const;

let clock: SimulatedClock;
let recorder: Recorder;
let served: TlsServer;
let wire: Socket;
let client: Client;

beforeEach(async () => {
  clock = new SimulatedClock();
  recorder = new Recorder();
  served = await TlsServer.start('ServerCore', recorder.protocol, { clock, writeTimeout: 1_000 });
  const raw = await served.connectRaw();
  wire = raw.socket;
  client = await served.encrypted(raw);
  client.socket.removeAllListeners('data').pause();
});

/** Lets time pass, and lets the timers that are due run. */
async function advance(ms: number): Promise<void> {
  clock.increment(ms);
  await turn();
}

/** Waits until the kernel takes no more bytes, and the server has noticed. */
async function isStalled(): Promise<void> {
  for (let before = -1; before !== served.socket().bytesOut;) {
    before = served.socket().bytesOut;
    for (let turns = 0; turns < 20; turns += 1) await turn();
  }
}

/** Reads at least `bytes` bytes, and stops. */
async function read(bytes: number): Promise<void> {
  for (let left = bytes; left > 0;) {
    const chunk = client.socket.read() as Buffer | null;
    if (chunk === null) await turn();
    else left -= chunk.length;
  }
}

describe.each([
  ['that stays', false],
  ['that has finished', true],
])('writeTimeout over TLS, given a handler %s', (_, finishes) => {
  beforeEach(async () => {
    recorder.first.write(tooMuch);
    if (finishes) recorder.first.emit(finished);
    await eventually(() => recorder.first.events.length > 0);
    await isStalled();
  });

  it('cuts a client that never reads', async () => {
    await advance(999);
    expect(served.told).not.toContain('connection.closed');
    await advance(1);
    // some bytes may have left in the first period
    await advance(1_000);
    const { reason, bytesOut } = await served.ended();
    expect(reason).toBe('slowConsumer');
    // the client's kernel may hold bytes that the client has not read
    expect(bytesOut).toBeGreaterThanOrEqual(wire.bytesRead);
    expect(bytesOut).toBeLessThan(tooMuch.length);
  });

  it('does not cut a client that reads some in each period', async () => {
    for (let period = 0; period < 6; period += 1) {
      const before = served.socket().bytesOut;
      await read(3 * mebibyte);
      await eventually(() => served.socket().bytesOut > before);
      await advance(1_000);
    }
    expect(served.told).not.toContain('connection.closed');
    await isStalled();
    await advance(1_000);
    await advance(1_000);
    expect(await served.ended()).toMatchObject({ reason: 'slowConsumer' });
  });
});

describe('maxBufferedBytes over TLS', () => {
  it('ends the connection when a write finds more waiting', async () => {
    recorder.first.write(tooMuch);
    await eventually(() => recorder.first.events.length > 0);
    recorder.first.write('one more');
    expect(await served.ended()).toMatchObject({ reason: 'slowConsumer' });
    expect(recorder.first.events.at(-1)).toEqual({ type: 'control.socketShutdown', reason: 'slowConsumer' });
  });
});
