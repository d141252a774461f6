/** How often something may happen: a bucket of tokens. Tokens come in evenly, and each time takes one out. */
import type { Check } from './optionChecks';

/** How many clients a server takes in the long run, and how many at once. */
export interface AcceptRate {
  /** Clients per second, on average: a number above 0, such as 0.5. Infinity means no limit. */
  readonly perSecond: number;
  /**
   * How many clients may come at once after a quiet time: a whole number from 1.
   * @defaultValue `perSecond`, rounded up
   */
  readonly burst?: number;
}

/** An {@link AcceptRate} with its default. */
export type TokenRate = Required<AcceptRate>;

const isPerSecond = (value: unknown): boolean => typeof value === 'number' && value > 0;
const isBurst = (value: unknown): boolean => value === undefined || (Number.isInteger(value) && (value as number) >= 1);

/** The check of `acceptRate`: an {@link AcceptRate}, or its `perSecond` alone. */
export const acceptRate: Check = {
  allowed: 'a number above 0, or { perSecond: a number above 0, burst: a whole number from 1 }',
  test: (value) => {
    if (typeof value !== 'object' || value === null) return isPerSecond(value);
    const { perSecond, burst, ...others } = value as Readonly<Record<string, unknown>>;
    return isPerSecond(perSecond) && isBurst(burst) && Object.keys(others).length === 0;
  },
};

/** The rate of an option. A number stands for `perSecond`. */
export function tokenRate(option: AcceptRate | number): TokenRate {
  const { perSecond, burst = Math.ceil(perSecond) } = typeof option === 'number' ? { perSecond: option } : option;
  return { perSecond, burst };
}

/** How many tokens a bucket had at a moment. A bucket never changes: a new one takes its place. */
export interface TokenBucket {
  readonly tokens: number;
  /**
   * The moment, in milliseconds of a clock. If the clock goes back, no token comes in until the clock is past this
   * moment.
   */
  readonly at: number;
}

/** A full bucket, as after a quiet time. */
export const fullBucket = ({ burst }: TokenRate, now: number): TokenBucket => ({ tokens: burst, at: now });

/** The bucket with the tokens that have come in by `now`, and at most `burst` of them. */
function filled({ tokens, at }: TokenBucket, { perSecond, burst }: TokenRate, now: number): TokenBucket {
  // without a limit the bucket is always full; within the same millisecond, Infinity times 0 would be NaN
  if (perSecond === Infinity) return { tokens: burst, at: now };
  const later = Math.max(at, now);
  return { tokens: Math.min(burst, tokens + ((later - at) * perSecond) / 1000), at: later };
}

/** Whether the bucket has a token for one more. */
export const hasToken = (bucket: TokenBucket, rate: TokenRate, now: number): boolean =>
  filled(bucket, rate, now).tokens >= 1;

/** The bucket without one token. Call {@link hasToken} first. */
export function takeToken(bucket: TokenBucket, rate: TokenRate, now: number): TokenBucket {
  const { tokens, at } = filled(bucket, rate, now);
  return { tokens: tokens - 1, at };
}

/** The bucket after a change of the rate. It keeps its tokens, but at most as many as it can hold now. */
export function changeRate(bucket: TokenBucket, from: TokenRate, to: TokenRate, now: number): TokenBucket {
  const { tokens, at } = filled(bucket, from, now);
  return { tokens: Math.min(tokens, to.burst), at };
}
