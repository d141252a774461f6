import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Socket } from 'node:net';
import { createActor } from 'xstate';
import { createServerCore, echo, serverCore, type ServerCoreOptions, type TimeLimits } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { handler, memoryNetwork, scenario } from '../../../server/testing/index';
import { Recorder } from '../../support/recorder';
import { inCi } from '../../support/thoroughness';

/** A server with many clients, which write on request. */
class Crowd {
  /** When each connection was closed, and for which reason. */
  readonly closed = new Map<number, { readonly at: number; readonly reason: string }>();
  readonly clients: Socket[] = [];
  readonly #network = memoryNetwork();
  readonly #server;

  constructor(limits: TimeLimits) {
    const input = { protocol: echo, lingerTimeout: 0, ...limits };
    this.#server = this.#network.host(createActor(serverCore, { input, clock: this.clock as never }));
    this.#server.on('connection.closed', ({ id, reason }) => {
      this.closed.set(Number(id.split(':')[1]) - 1, { at: this.clock.now(), reason });
    });
    this.#server.start();
  }

  get clock(): ReturnType<typeof memoryNetwork>['clock'] {
    return this.#network.clock;
  }

  async connect(count: number): Promise<void> {
    await this.clock.settled();
    for (let n = 0; n < count; n += 1) {
      const client = this.#network.createConnection({ port: 1601 });
      this.clients.push(client.on('error', () => undefined).resume());
    }
    await this.clock.settled();
  }

  /** Makes a client send bytes, unless its connection has been closed. */
  write(which: number, bytes = 1): boolean {
    if (this.closed.has(which)) return false;
    this.clients[which]?.write(Buffer.alloc(bytes));
    return true;
  }

  /** Ends the server and its clients. Returns the number of timers that are left. */
  async end(): Promise<number> {
    this.#server.send({ type: 'control.shutdownMicroprocess' });
    await this.clock.settled();
    return this.clock.pending;
  }
}

describe('The time limits of many connections', () => {
  it.each([
    [50, 20],
    [inCi(5_000, 2_000), 1],
  ])(
    'close none of %d early, and each at most 0.02 ms late for each, whatever they send',
    async (connections, numRuns) => {
      const idleTimeout = 1_000;
      const late = connections * 0.02 + 1;
      const words = fc.array(fc.nat(connections - 1), { minLength: connections, maxLength: connections });
      const run = fc.asyncProperty(words, async (who) => {
        const crowd = new Crowd({ idleTimeout, maxConnectionDuration: 3_000 });
        await crowd.connect(connections);
        const lastWord = new Map<number, number>();
        const atOnce = connections / 50;
        for (let first = 0; first < who.length; first += atOnce) {
          for (const which of who.slice(first, first + atOnce)) {
            if (crowd.write(which)) lastWord.set(which, crowd.clock.now());
          }
          await crowd.clock.advance(51);
        }
        await crowd.clock.advance(1_000);
        expect(crowd.closed.size).toBe(connections);
        for (const [which, { at, reason }] of crowd.closed) {
          const due = Math.min(3_000, (lastWord.get(which) ?? 0) + idleTimeout);
          expect(at).toBeGreaterThanOrEqual(due);
          expect(at).toBeLessThanOrEqual(due + late);
          expect(reason).toMatch(at < 3_000 ? /^idleTimeout$/ : /^(idleTimeout|maxDuration)$/);
        }
        expect(await crowd.end()).toBe(0);
      });
      await fc.assert(run, { numRuns });
    },
    60_000,
  );

  it('share one timer', async () => {
    const crowd = new Crowd({
      idleTimeout: 1_000,
      minReceiveRate: { bytesPerSecond: 1 },
      handlerStartTimeout: 1_000,
      maxConnectionDuration: 10_000,
    });
    await crowd.connect(1_000);
    expect(crowd.clock.pending).toBe(1);
    expect(await crowd.end()).toBe(0);
  });

  it('take no timer when all are Infinity, or left out', async () => {
    const crowd = new Crowd({ idleTimeout: Infinity, handlerStartTimeout: Infinity, maxConnectionDuration: Infinity });
    await crowd.connect(100);
    for (let which = 0; which < 100; which += 1) crowd.write(which);
    await crowd.clock.settled();
    expect(crowd.clock.pending).toBe(0);
    expect(await crowd.end()).toBe(0);
  });
});

describe('Several time limits', () => {
  const limits = {
    idleTimeout: 4_000,
    minReceiveRate: { bytesPerSecond: 100, window: 3_000 },
    maxConnectionDuration: 10_000,
  };

  it.each([
    ['idleTimeout', 4_000, async () => Promise.resolve()],
    ['slowSender', 3_000, async (send: (bytes: number) => Promise<void>) => send(10)],
  ])('each bite on their own: %s', async (reason, durationMs, act) => {
    await using h = await handler(echo, limits);
    await act((bytes) => h.inbox(Buffer.alloc(bytes)));
    await h.advance(durationMs - 1);
    await h.peer.isOpen();
    await h.advance(1);
    expect(await h.isClosed()).toMatchObject({ reason, durationMs });
  });

  it('do so until the last one, which nothing puts off', async () => {
    await using h = await handler(echo, limits);
    for (let n = 0; n < 10; n += 1) {
      await h.inbox(Buffer.alloc(300));
      await h.advance(999);
      await h.peer.isOpen();
      await h.advance(1);
    }
    expect(await h.isClosed('maxDuration')).toMatchObject({ durationMs: 10_000 });
  });

  it('tell the handler once, though they are up in the same millisecond', async () => {
    const same = {
      idleTimeout: 1_000,
      minReceiveRate: { bytesPerSecond: 1, window: 1_000 },
      maxConnectionDuration: 1_000,
    };
    const recorder = new Recorder();
    await using h = await handler(recorder.protocol, same);
    await h.advance(1_000);
    await h.isClosed('idleTimeout');
    expect(recorder.first.events).toEqual([{ type: 'control.socketShutdown', reason: 'idleTimeout' }]);
    expect(h.scenario.emitted.filter(({ type }) => type === 'connection.closed')).toHaveLength(1);
    expect(h.scenario.clock.pending).toBe(0);
  });

  it('are those of the server at the time of the accept', async () => {
    await using s = await scenario(serverCore, { protocol: echo, idleTimeout: 1_000 });
    const before = await s.client('before');
    await s.send({ type: 'control.configure', options: { idleTimeout: 5_000 } });
    const after = await s.client('after');
    await s.advance(1_000);
    await before.isClosed('idleTimeout');
    await s.advance(3_999);
    await after.isOpen();
    await s.advance(1);
    await after.isClosed('idleTimeout');
  });
});

describe('A time limit', () => {
  const refused: readonly [keyof TimeLimits, unknown][] = [
    ['idleTimeout', 0],
    ['idleTimeout', -1],
    ['idleTimeout', 1.5],
    ['idleTimeout', '1000'],
    ['idleTimeout', 2 ** 31],
    ['openTimeout', NaN],
    ['handlerStartTimeout', null],
    ['maxConnectionDuration', -Infinity],
    ['minReceiveRate', 100],
    ['minReceiveRate', {}],
    ['minReceiveRate', { bytesPerSecond: 0 }],
    ['minReceiveRate', { bytesPerSecond: 1, window: 0 }],
    ['minReceiveRate', { bytesPerSecond: 1, windows: 1 }],
  ];
  it.each(refused)('%s can not be %p', (option, value) => {
    const options = { protocol: echo, [option]: value } as unknown as ServerCoreOptions;
    expect(() => createServerCore(options)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', option }));
  });
});
