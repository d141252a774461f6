/** How often something may happen: a bucket of tokens that fills evenly, from which each time takes one. */
import type { Check } from './optionChecks';

/** How many clients a server accepts in the long run, and how many at once. */
export interface AcceptRate {
  /** Clients per second, on average: a number above 0, such as 0.5. Infinity is no limit. */
  readonly perSecond: number;
  /**
   * How many may come at once after a quiet time: a whole number from 1.
   * @defaultValue `perSecond`, rounded up
   */
  readonly burst?: number;
}

/** An {@link AcceptRate} whose default is filled in. */
export type TokenRate = Required<AcceptRate>;

const isPerSecond = (value: unknown): boolean => typeof value === 'number' && value > 0;
const isBurst = (value: unknown): boolean => value === undefined || (Number.isInteger(value) && (value as number) >= 1);

/** An {@link AcceptRate}, or its `perSecond` alone. */
export const acceptRate: Check = {
  allowed: 'a number above 0, or { perSecond: a number above 0, burst: a whole number from 1 }',
  test: (value) => {
    if (typeof value !== 'object' || value === null) return isPerSecond(value);
    const { perSecond, burst, ...others } = value as Readonly<Record<string, unknown>>;
    return isPerSecond(perSecond) && isBurst(burst) && Object.keys(others).length === 0;
  },
};

/** The rate that the option says: a number is `perSecond`. */
export function tokenRate(option: AcceptRate | number): TokenRate {
  const { perSecond, burst = Math.ceil(perSecond) } = typeof option === 'number' ? { perSecond: option } : option;
  return { perSecond, burst };
}

/** The tokens that there were at a moment. A bucket never changes: the next one takes its place. */
export interface TokenBucket {
  readonly tokens: number;
  /** Milliseconds of a clock that goes forward. Should it go back, no token comes in until it is here again. */
  readonly at: number;
}

/** The bucket of a server that has been quiet. */
export const fullBucket = ({ burst }: TokenRate, now: number): TokenBucket => ({ tokens: burst, at: now });

/** The bucket with what has come in since, and no more than it holds. */
function filled({ tokens, at }: TokenBucket, { perSecond, burst }: TokenRate, now: number): TokenBucket {
  // no limit is none within the same millisecond either, where Infinity times 0 would be no number
  if (perSecond === Infinity) return { tokens: burst, at: now };
  const later = Math.max(at, now);
  return { tokens: Math.min(burst, tokens + ((later - at) * perSecond) / 1000), at: later };
}

/** Whether one more is within the rate. */
export const hasToken = (bucket: TokenBucket, rate: TokenRate, now: number): boolean =>
  filled(bucket, rate, now).tokens >= 1;

/** The bucket without a token that {@link hasToken} has seen. */
export function takeToken(bucket: TokenBucket, rate: TokenRate, now: number): TokenBucket {
  const { tokens, at } = filled(bucket, rate, now);
  return { tokens: tokens - 1, at };
}

/** The bucket under another rate: with the tokens that it has, and no more than it now holds. */
export function changeRate(bucket: TokenBucket, from: TokenRate, to: TokenRate, now: number): TokenBucket {
  const { tokens, at } = filled(bucket, from, now);
  return { tokens: Math.min(tokens, to.burst), at };
}
