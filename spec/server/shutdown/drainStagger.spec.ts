import { describe, expect, it } from '@jest/globals';
import { fromCallback, type AnyActorLogic } from 'xstate';
import { endStagger, stagger } from '../../../actors/registry/stagger';
import { serverCore, type ProtocolEmitted, type ProtocolEvent, type ServerCoreOptions } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { scenario, SimulatedClock, type Scenario, type TestClient } from '../../../server/testing/index';
import { deaf, polite } from '../../support/fixtures';

/** A server that drains 1 s after its clients have connected. */
class Drain {
  readonly clients: TestClient[] = [];
  /** When each handler was told of the drain, in that order. */
  readonly told: number[] = [];
  #clock: SimulatedClock | undefined;

  async prepare(clients: number, options: Partial<ServerCoreOptions>): Promise<Scenario<typeof serverCore>> {
    const s = await scenario(serverCore, { protocol: this.#protocol, ...options });
    this.#clock = s.clock;
    while (this.clients.length < clients) this.clients.push(await s.client());
    await s.advance(1_000);
    return s;
  }

  readonly #protocol = (): AnyActorLogic =>
    fromCallback<ProtocolEvent, undefined, ProtocolEmitted>(({ receive, emit }) => {
      receive(({ type }) => {
        if (type !== 'control.serverShutdown') return;
        this.told.push((this.#clock?.now() ?? 0) - 1_000);
        emit({ type: 'signal.producerFinished' });
      });
    });
}

describe('drainStagger', () => {
  it('tells the first handler at once, and the others evenly over its time', async () => {
    const drain = new Drain();
    await using s = await drain.prepare(5, { drainStagger: 1_000 });
    await s.shutsDown();
    expect(drain.told).toEqual([0]);
    await s.advance(1_000);
    expect(drain.told).toEqual([0, 200, 400, 600, 800]);
    expect(s.closed.map(({ durationMs }) => durationMs)).toEqual([1_000, 1_200, 1_400, 1_600, 1_800]);
    expect(s.output).toMatchObject({ reasons: { handlerFinished: 5 } });
    expect(s.leftovers()).toEqual([]);
  });

  it('tells all of them at once by default', async () => {
    const drain = new Drain();
    await using s = await drain.prepare(5, {});
    await s.shutsDown();
    expect(drain.told).toEqual([0, 0, 0, 0, 0]);
    expect(s.output).toMatchObject({ reasons: { handlerFinished: 5 } });
  });

  it('ends at once without connections', async () => {
    const drain = new Drain();
    await using s = await drain.prepare(0, { drainStagger: 60_000 });
    await s.shutsDown();
    expect(s.output).toMatchObject({ connections: 0 });
    expect(s.leftovers()).toEqual([]);
  });

  it('passes over those that have left by themselves, and is done when nobody is left', async () => {
    const drain = new Drain();
    await using s = await drain.prepare(4, { drainStagger: 4_000, shutdownTimeout: 10_000 });
    await s.shutsDown();
    for (const client of drain.clients.slice(2)) await client.leaves();
    await s.advance(999);
    expect(s.server).toBeInState('draining');
    await s.advance(1);
    expect(drain.told).toEqual([0, 1_000]);
    expect(s.output).toMatchObject({ reasons: { handlerFinished: 2, peerClosed: 2 }, durationMs: 2_000 });
    expect(s.leftovers()).toEqual([]);
  });

  it('serves those it has not told yet', async () => {
    await using s = await scenario(serverCore, { protocol: polite, drainStagger: 1_000 });
    const [first, second] = await s.clients('first', 'second');
    await s.shutsDown();
    await first.receives('goodbye');
    await s.advance(499);
    await second.sends('still there?');
    await second.receives('still there?');
    await s.advance(1);
    await second.receives('goodbye');
  });

  it('tells those that are still being opened too', async () => {
    const proxyProtocol = { trusted: ['127.0.0.1'] };
    await using s = await scenario(serverCore, { protocol: polite, drainStagger: 1_000, proxyProtocol });
    const [, second] = await s.clients('first', 'second');
    await s.shutsDown();
    await s.advance(499);
    await second.sends('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello');
    await second.receives('hello');
    await s.advance(1);
    await second.receives('goodbye');
    expect(s.output).toMatchObject({ reasons: { serverShutdown: 1, handlerFinished: 1 } });
  });

  it('is cut short by shutdownTimeout, with nothing left', async () => {
    await using s = await scenario(serverCore, { protocol: deaf, drainStagger: 60_000, shutdownTimeout: 2_000 });
    await s.clients('one', 'two', 'three');
    await s.shutsDown();
    await s.advance(1_999);
    expect(s.server).toBeInState({ draining: 'finishing' });
    await s.advance(1);
    expect(s.output).toMatchObject({ reasons: { aborted: 3 } });
    expect(s.leftovers()).toEqual([]);
  });

  it.each<[string, (s: Scenario<typeof serverCore>) => unknown]>([
    ['control.shutdownMicroprocess', (s) => s.send({ type: 'control.shutdownMicroprocess' })],
    ['stop()', (s) => s.server.stop()],
  ])('is cut short by %s, with nothing left', async (_, cut) => {
    const drain = new Drain();
    await using s = await drain.prepare(10, { drainStagger: 4_000 });
    await s.shutsDown();
    await s.advance(500);
    await cut(s);
    await s.settle();
    expect(drain.told).toEqual([0, 400]);
    expect(s.leftovers()).toEqual([]);
    expect(s.clock.pending).toBe(0);
  });
});

describe('stagger', () => {
  /** Does nothing but count, on a clock whose timers are `late`. */
  function counting(late = 0): { clock: SimulatedClock; actor: never; done: number[]; act: () => void } {
    const clock = new SimulatedClock();
    const lateClock = {
      now: () => clock.now(),
      setTimeout: (run: () => void, ms: number) => clock.setTimeout(run, ms + late),
      clearTimeout: (id: number) => {
        clock.clearTimeout(id);
      },
    };
    const done: number[] = [];
    return { clock, actor: { clock: lateClock } as never, done, act: () => done.push(clock.now()) };
  }

  it.each([0, 3, 40])(
    'spreads 100,000 over 10 s in batches, the last one in time, with timers %d ms late',
    async (late) => {
      const { clock, actor, done, act } = counting(late);
      const all = Array.from({ length: 100_000 }, (_, n) => n);
      const order: number[] = [];
      stagger(actor, all, 10_000, (n) => {
        order.push(n);
        act();
      });
      await clock.advance(10_000 + late);
      expect(order).toEqual(all);
      expect(done.every((at, n) => at >= n / 10 - 0.1 && at <= n / 10 + 10 + late)).toBe(true);
      expect(new Set(done).size).toBeGreaterThan(190);
      expect(clock.pending).toBe(0);
    },
  );

  it('does nothing more when it is ended, even from within', async () => {
    const { clock, actor, done } = counting();
    stagger(actor, [1, 2, 3, 4], 400, (n) => {
      done.push(n);
      if (n === 2) endStagger(actor);
    });
    await clock.advance(1_000);
    expect(done).toEqual([1, 2]);
    endStagger(actor);
  });

  it('is replaced by the next one', async () => {
    const { clock, actor, done } = counting();
    for (const all of [
      [1, 2, 3],
      [4, 5, 6],
    ]) {
      stagger(actor, all, 300, (n) => done.push(n));
    }
    await clock.advance(1_000);
    expect(done).toEqual([1, 4, 5, 6]);
    expect(clock.pending).toBe(0);
  });
});
