import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { memoryNetwork, type MemoryNetwork } from '../../../server/testing/index';
import { tooMuch } from '../../support/fixtures';
import { Net, networks } from '../../support/networks';

/** Milliseconds within which a few bytes have come from one socket to another. */
const patience = 400;

describe.each(networks)('A socket’s timeout on %s', (_, make) => {
  const net = new Net(make);
  const clock = (): MemoryNetwork['clock'] | undefined => (net.network as Partial<MemoryNetwork>).clock;
  const now = (): number => clock()?.now() ?? performance.now();

  /**
   * Milliseconds since a moment. On real TCP, no more than `most`, and that if it is near: the system's timers come late, and
   * count from the beginning of a turn, which a large write makes a long one.
   */
  const passed = (since: number, most: number): number => {
    const ms = now() - since;
    return clock() === undefined && ms > 0.75 * most ? most : ms;
  };

  /** Waits for an event; time passes meanwhile, on real TCP by itself. */
  const comes = async (socket: NodeJS.EventEmitter, event: string): Promise<void> => {
    let events = 0;
    const coming = once(socket, event).then(() => (events += 1));
    for (let ms = 0; clock() !== undefined && events === 0 && ms < 1_000; ms += 1) await clock()?.advance(1);
    await coming;
  };

  /** Lets so much time pass, by another socket's timeout. */
  const passes = async (ms: number): Promise<void> => {
    const [{ socket }] = await net.pair();
    await comes(socket.setTimeout(ms), 'timeout');
  };

  it('comes when nothing has happened for so long, and changes nothing', async () => {
    const [{ socket, log }] = await net.pair();
    expect(socket.timeout).toBeUndefined();
    const since = now();
    expect(socket.setTimeout(40)).toBe(socket);
    expect(socket.timeout).toBe(40);
    await comes(socket, 'timeout');
    expect(passed(since, 40)).toBe(40);
    expect([socket.destroyed, log]).toEqual([false, []]);
  });

  it('comes again only when something has happened since', async () => {
    const [client, server] = await net.pair();
    let timeouts = 0;
    client.reads().socket.on('timeout', () => (timeouts += 1));
    await comes(client.socket.setTimeout(20), 'timeout');
    await passes(50);
    expect(timeouts).toBe(1);
    await server.write('x');
    await comes(client.socket, 'timeout');
    await passes(50);
    expect(timeouts).toBe(2);
  });

  /**
   * Which of two sockets times out first, when both have the same time from now on and something is done meanwhile. It needs
   * no moment in between, at which a busy machine may be late: what is put off comes behind.
   */
  const order = async (subject: Socket, act: () => Promise<unknown>): Promise<string[]> => {
    const [{ socket: rival }] = await net.pair();
    const came: string[] = [];
    subject.setTimeout(patience).on('timeout', () => came.push('subject'));
    rival.setTimeout(patience).on('timeout', () => came.push('rival'));
    const both = Promise.all([once(subject, 'timeout'), once(rival, 'timeout')]);
    await act();
    expect(came).toEqual([]);
    for (let ms = 0; clock() !== undefined && ms < 2 * patience; ms += 1) await clock()?.advance(1);
    await both;
    return came;
  };

  it('is put off by bytes that come', async () => {
    const [client, server] = await net.pair();
    client.reads();
    expect(await order(client.socket, () => Promise.all([server.write('x'), client.receives(1)]))).toEqual([
      'rival',
      'subject',
    ]);
  });

  it('is put off by an end that comes', async () => {
    const [client, server] = await net.pair();
    client.reads();
    const ends = async (): Promise<void> => {
      server.socket.end();
      await client.sees('end');
    };
    expect(await order(client.socket, ends)).toEqual(['rival', 'subject']);
  });

  it('is put off by bytes that are handed to a callback', async () => {
    let taken!: () => void;
    const come = new Promise<void>((resolve) => (taken = resolve));
    const callback = (): boolean => {
      taken();
      return true;
    };
    const [client, server] = await net.pair({ onread: { buffer: Buffer.alloc(1), callback } });
    expect(await order(client.socket, () => Promise.all([server.write('x'), come]))).toEqual(['rival', 'subject']);
  });

  it('is put off by bytes that are written', async () => {
    const [client] = await net.pair();
    expect(await order(client.socket, () => client.write('x'))).toEqual(['rival', 'subject']);
  });

  it('is not put off by bytes that nobody reads', async () => {
    const [client, server] = await net.pair();
    expect(await order(server.socket, () => client.write('x'))).toEqual(['subject', 'rival']);
  });

  it('is put off once by a large write of which a part has left', async () => {
    const [client, server] = await net.pair();
    const since = now();
    client.socket.setTimeout(40);
    const written = client.write(tooMuch);
    await comes(client.socket, 'timeout');
    expect(passed(since, 80)).toBe(80);
    server.socket.resume();
    const completion = written.then(now);
    await written;
    await comes(client.socket, 'timeout');
    expect(passed(await completion, 40)).toBe(40);
  });

  it('calls a listener once', async () => {
    const [client] = await net.pair();
    let calls = 0;
    client.socket.setTimeout(20, () => (calls += 1));
    await comes(client.socket, 'timeout');
    await client.write('x');
    await comes(client.socket, 'timeout');
    expect(calls).toBe(1);
  });

  it('is over with 0, and so is its listener', async () => {
    const [{ socket }] = await net.pair();
    let calls = 0;
    const listener = (): unknown => (calls += 1);
    socket.setTimeout(20, listener).setTimeout(0, listener);
    expect([socket.timeout, socket.listenerCount('timeout')]).toEqual([0, 0]);
    socket.on('timeout', listener);
    await passes(50);
    expect(calls).toBe(0);
  });

  it('is over when the socket is destroyed, and cannot be set any more', async () => {
    const [{ socket }] = await net.pair();
    let calls = 0;
    socket.setTimeout(20).on('timeout', () => (calls += 1));
    socket.destroy();
    expect(socket.setTimeout(30)).toBe(socket);
    expect(socket.timeout).toBe(20);
    await passes(50);
    expect(calls).toBe(0);
  });

  it('may be an option of the connection', async () => {
    const since = now();
    const [{ socket }] = await net.pair({ timeout: 30 });
    expect(socket.timeout).toBe(30);
    await comes(socket, 'timeout');
    expect(passed(since, 30)).toBe(30);
  });

  it('is a number of milliseconds', async () => {
    const [{ socket }] = await net.pair();
    for (const ms of [-1, NaN, Infinity]) {
      expect(() => socket.setTimeout(ms)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
  });
});

describe('A socket’s timeout on memory with latency', () => {
  it('runs while the connection is being made, and anew when it stands', async () => {
    const network = memoryNetwork({ latency: 20 });
    const { clock } = network;
    const server = network.createServer({});
    server.listen({ port: 1601 });
    const times: number[] = [];
    const socket = network.createConnection({ port: 1601, timeout: 30 });
    socket.on('timeout', () => times.push(clock.now()));
    await clock.advance(100);
    // it connects at 40
    expect(times).toEqual([30, 70]);
    socket.destroy();
    server.close();
    await clock.advance(20);
  });
});
