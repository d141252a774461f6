import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { echo, serverCore, singleServer, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { storyOf } from '../../support/proxy/proxied';

type Core = Scenario<typeof serverCore>;
type Rate = NonNullable<ServerCoreOptions['acceptRate']>;

const start = (acceptRate: Rate, options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, acceptRate, ...options });

/** Connects `count` clients at once. Returns how many are let in; the others must be rejected for the rate. */
async function letIn(s: Core, count: number): Promise<number> {
  let taken = 0;
  for (let n = 0; n < count; n += 1) {
    const client = await s.client();
    if (client.id === undefined) await client.isRejected('rateLimited');
    else taken += 1;
  }
  return taken;
}

describe('ServerCore with acceptRate', () => {
  it('takes a burst, then one each time that there is a token', async () => {
    await using s = await start({ perSecond: 2, burst: 3 });
    expect(await letIn(s, 5)).toBe(3);
    await s.advance(499);
    expect(await letIn(s, 1)).toBe(0);
    await s.advance(1);
    expect(await letIn(s, 2)).toBe(1);
    await s.advance(1_000);
    expect(await letIn(s, 3)).toBe(2);
    // no more than the bucket holds
    await s.advance(3_600_000);
    expect(await letIn(s, 5)).toBe(3);
  });

  it.each<[string, Rate, number, number]>([
    ['a number of clients per second, and as many at once', 2, 2, 500],
    ['part of a client per second, and one at once', 0.5, 1, 2_000],
    ['a number with a fraction, and the next whole one at once', 2.5, 3, 400],
    ['a rate whose burst is left out', { perSecond: 4 }, 4, 250],
    ['a slow rate with a burst', { perSecond: 0.1, burst: 2 }, 2, 10_000],
  ])('takes %s', async (_, rate, burst, each) => {
    await using s = await start(rate);
    expect(await letIn(s, burst + 1)).toBe(burst);
    for (let n = 0; n < 3; n += 1) {
      await s.advance(each - 1);
      expect(await letIn(s, 1)).toBe(0);
      await s.advance(1);
      expect(await letIn(s, 2)).toBe(1);
    }
  });

  it.each<[Rate, number]>([
    [Infinity, 50],
    [{ perSecond: Infinity, burst: 2 }, 50],
  ])('takes all with %j', async (rate, count) => {
    await using s = await start(rate);
    expect(await letIn(s, count)).toBe(count);
  });

  it('tells whom it has turned away, and why, but not them', async () => {
    await using s = await start(1, { busyReply: 'not for them' });
    const [first, second] = await s.clients('first', 'second');
    await second.isRejected('rateLimited');
    await second.receivesNothing();
    expect(storyOf(s)).toEqual(['opened connection:1 127.0.0.1', 'rejected connection:2 rateLimited']);
    expect(s).toHaveEmitted({
      type: 'connection.rejected',
      info: expect.objectContaining({ peer: '127.0.0.1', peerport: second.port }),
    });
    await first.isOpen();
  });

  it('gives a token only to those that it takes: not to who is denied, nor to who finds no place', async () => {
    await using s = await start({ perSecond: 0.001, burst: 3 }, { deny: ['192.0.2.1'], maxConnections: 2 });
    for (let n = 0; n < 3; n += 1) await (await s.client('denied', { localAddress: '192.0.2.1' })).isRejected('denied');
    const [first] = await s.clients('first', 'second');
    for (let n = 0; n < 3; n += 1) await (await s.client()).isRejected('atCapacity');
    await first.ends();
    expect(await letIn(s, 2)).toBe(1);
  });

  it('gives one to who waits for a place, once', async () => {
    await using s = await start({ perSecond: 0.001, burst: 3 }, { maxConnections: 1, whenBusy: 'queue' });
    const [first, second] = await s.clients('first', 'second');
    await first.ends();
    await second.isOpen();
    await (await s.client('third')).isOpen();
    await (await s.client('fourth')).isRejected('rateLimited');
  });

  it('counts what comes in while it is suspended and quiet', async () => {
    await using s = await start({ perSecond: 1, burst: 2 });
    expect(await letIn(s, 2)).toBe(2);
    await s.send({ type: 'control.suspend' });
    await s.advance(1_000);
    await s.send({ type: 'control.resume' });
    expect(await letIn(s, 2)).toBe(1);
  });
});

describe('SingleServer with acceptRate', () => {
  it('turns away who comes too fast, one after the other', async () => {
    await using s = await scenario(singleServer, { acceptRate: 1 });
    await (await s.client('first')).leaves();
    await (await s.client('second')).isRejected('rateLimited');
    await s.advance(1_000);
    const third = await s.client('third');
    await third.isOpen();
  });
});

describe('However clients come', () => {
  const rates = fc.record({
    perSecond: fc.double({ min: 0.1, max: 50, noNaN: true }),
    burst: fc.integer({ min: 1, max: 10 }),
  });

  it('no more are let in, in any time, than burst and rate allow; and none is turned away before that', async () => {
    await fc.assert(
      fc.asyncProperty(rates, fc.array(fc.nat(400), { minLength: 10, maxLength: 50 }), async (rate, gaps) => {
        await using s = await start(rate);
        const taken: number[] = [];
        let [now, since, level] = [0, 0, rate.burst];
        for (const gap of gaps) {
          await s.advance(gap);
          now += gap;
          // the tokens that a bucket would have, with a margin for rounding
          level = Math.min(rate.burst, level + ((now - since) * rate.perSecond) / 1_000);
          since = now;
          const count = await letIn(s, 1);
          expect([count, Math.abs(level - 1) < 1e-6 ? 1 - count : count]).toContain(level >= 1 ? 1 : 0);
          level -= count;
          if (count === 1) taken.push(now);
        }
        for (const [first, from] of taken.entries()) {
          for (const [more, until] of taken.slice(first).entries()) {
            expect(more + 1).toBeLessThanOrEqual(rate.burst + ((until - from) * rate.perSecond) / 1_000 + 1e-6);
          }
        }
        const rejected = s.emitted.filter(({ type }) => type === 'connection.rejected');
        expect(rejected).toHaveLength(gaps.length - taken.length);
      }),
      { numRuns: 30 },
    );
  });
});
