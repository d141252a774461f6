import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidOptionError } from '../../../machines/vocabulary/errors';
import { check } from '../../../machines/options/optionChecks';
import {
  acceptRate,
  changeRate,
  fullBucket,
  hasToken,
  takeToken,
  tokenRate,
  type TokenBucket,
  type TokenRate,
} from '../../../machines/options/tokenBucket';

/** Takes all tokens at one moment, `most` at most. Returns their number. */
function takeAll(bucket: TokenBucket, rate: TokenRate, now: number, most = 1_000): readonly [number, TokenBucket] {
  let taken = 0;
  let left = bucket;
  for (; taken < most && hasToken(left, rate, now); taken += 1) left = takeToken(left, rate, now);
  return [taken, left];
}

/** The number of tokens at a moment. */
const available = (bucket: TokenBucket, rate: TokenRate, now: number): number => takeAll(bucket, rate, now)[0];

describe('A token bucket', () => {
  const rate = { perSecond: 2, burst: 3 };

  it('lets a burst pass, then one for each part of a second', () => {
    const [taken, empty] = takeAll(fullBucket(rate, 1_000), rate, 1_000);
    expect(taken).toBe(3);
    expect(available(empty, rate, 1_499)).toBe(0);
    expect(available(empty, rate, 1_500)).toBe(1);
    expect(available(empty, rate, 2_000)).toBe(2);
  });

  it('holds no more than a burst, however long nothing came', () => {
    expect(available(fullBucket(rate, 0), rate, 86_400_000)).toBe(3);
  });

  it('lets one pass in ten seconds at a tenth a second', () => {
    const slow = tokenRate(0.1);
    const empty = takeToken(fullBucket(slow, 0), slow, 0);
    expect(hasToken(empty, slow, 9_999)).toBe(false);
    expect(available(empty, slow, 10_000)).toBe(1);
  });

  it('adds up what comes in while it is asked in vain', () => {
    let bucket = takeAll(fullBucket(rate, 0), rate, 0)[1];
    // taking a token keeps the half token that came in before
    bucket = takeToken(bucket, rate, 750);
    expect(hasToken(bucket, rate, 750)).toBe(false);
    expect(hasToken(bucket, rate, 1_000)).toBe(true);
  });

  it('neither gives nor takes when the time goes back', () => {
    const bucket = takeToken(fullBucket(rate, 10_000), rate, 10_000);
    expect(available(bucket, rate, 0)).toBe(2);
    const earlier = takeToken(bucket, rate, 0);
    expect(available(earlier, rate, 10_000)).toBe(1);
    expect(available(earlier, rate, 10_500)).toBe(2);
  });

  it('has no end without a limit, within one millisecond too', () => {
    const unlimited = tokenRate(Infinity);
    expect(available(fullBucket(unlimited, 0), unlimited, 0)).toBe(1_000);
    const empty = { tokens: 0, at: 0 };
    expect(available(empty, unlimited, 0)).toBe(1_000);
    expect(available(empty, { perSecond: Infinity, burst: 5 }, 0)).toBe(1_000);
  });

  it('never lets more pass in any time than a burst and what comes in', () => {
    const rates = fc.record({
      perSecond: fc.double({ min: 0.01, max: 10_000, noNaN: true }),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    // the time goes mostly forward, sometimes back
    const steps = fc.array(
      fc.record({ step: fc.double({ min: -100, max: 2_000, noNaN: true }), asks: fc.integer({ min: 0, max: 60 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(rates, steps, (anyRate, moments) => {
        let now = 0;
        let bucket = fullBucket(anyRate, now);
        const passed: { readonly at: number; readonly taken: number }[] = [];
        for (const { step, asks } of moments) {
          now += step;
          const [taken, left] = takeAll(bucket, anyRate, now, asks);
          bucket = left;
          passed.push({ at: Math.max(now, passed.at(-1)?.at ?? 0), taken });
        }
        for (const [first, { at: from }] of passed.entries()) {
          let sum = 0;
          for (const { at, taken } of passed.slice(first)) {
            sum += taken;
            expect(sum).toBeLessThanOrEqual(anyRate.burst + ((at - from) * anyRate.perSecond) / 1000 + 1e-6);
          }
        }
      }),
    );
  });

  it('loses nothing: whoever asks evenly at the rate always passes', () => {
    const perSeconds = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(perSeconds, (perSecond) => {
        const even = { perSecond, burst: 1 };
        let bucket = fullBucket(even, 0);
        for (let n = 0; n < 100; n += 1) {
          const now = n * (1_000 / perSecond + 1e-6);
          expect(hasToken(bucket, even, now)).toBe(true);
          bucket = takeToken(bucket, even, now);
        }
      }),
    );
  });
});

describe('A token bucket whose rate changes', () => {
  const slow = { perSecond: 1, burst: 10 };
  const fast = { perSecond: 1_000, burst: 100 };

  it('keeps the tokens that it has', () => {
    expect(available(changeRate(fullBucket(slow, 0), slow, fast, 0), fast, 0)).toBe(10);
  });

  it('holds no more of them than the new burst', () => {
    const changed = changeRate(fullBucket(fast, 0), fast, slow, 0);
    expect(changed.tokens).toBe(10);
    expect(available(changed, slow, 0)).toBe(10);
  });

  it('counts the time before at the old rate', () => {
    const empty = { tokens: 0, at: 0 };
    expect(available(changeRate(empty, slow, fast, 5_000), fast, 5_000)).toBe(5);
  });

  it('can lose its limit, and get one', () => {
    const unlimited = tokenRate(Infinity);
    const free = changeRate({ tokens: 0, at: 0 }, slow, unlimited, 0);
    expect(available(free, unlimited, 0)).toBe(1_000);
    expect(available(changeRate(free, unlimited, slow, 0), slow, 0)).toBe(10);
  });
});

describe('The option acceptRate', () => {
  it.each([
    [100, { perSecond: 100, burst: 100 }],
    [{ perSecond: 2.5 }, { perSecond: 2.5, burst: 3 }],
    [{ perSecond: 0.1 }, { perSecond: 0.1, burst: 1 }],
    [
      { perSecond: 5, burst: 50 },
      { perSecond: 5, burst: 50 },
    ],
    [Infinity, { perSecond: Infinity, burst: Infinity }],
  ])('may be %j', (value, rate) => {
    expect(() => {
      check({ acceptRate: value }, { acceptRate });
    }).not.toThrow();
    expect(tokenRate(value)).toEqual(rate);
  });

  it.each([
    0,
    -1,
    NaN,
    '5',
    null,
    [],
    [5],
    {},
    { perSecond: 0 },
    { perSecond: NaN },
    { perSecond: '1' },
    { burst: 5 },
    { perSecond: 1, burst: 0 },
    { perSecond: 1, burst: 1.5 },
    { perSecond: 1, burst: Infinity },
    { perSecond: 1, window: 5 },
  ])('may not be %j', (value) => {
    expect(() => {
      check({ acceptRate: value }, { acceptRate });
    }).toThrow(InvalidOptionError);
  });
});
