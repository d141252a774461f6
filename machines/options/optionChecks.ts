/** How the value of an option is checked. */
import { InvalidOptionError } from '../vocabulary/errors';
import { isActorLogic } from '../vocabulary/logic';

/** What an option's value must be, in words and as a test. */
export interface Check {
  readonly allowed: string;
  readonly test: (value: unknown) => boolean;
}

/** setTimeout's limit: a longer delay would fire at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
export const longestDelay = 2 ** 31 - 1;

export const integer = (least: number, most: number, words: string): Check => ({
  allowed: words,
  test: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});
const millisecondsFrom = (least: number): Check =>
  integer(least, longestDelay, `a whole number of milliseconds from ${String(least)} to ${String(longestDelay)}`);
export const milliseconds = millisecondsFrom(0);
/** For what would be over before it began. */
export const positiveMilliseconds = millisecondsFrom(1);
export const positiveMillisecondsOrInfinity: Check = {
  allowed: `${positiveMilliseconds.allowed}, or Infinity`,
  test: (value) => value === Infinity || positiveMilliseconds.test(value),
};
export const bytes: Check = {
  allowed: 'a number of bytes from 0, or Infinity',
  test: (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= 0),
};
export const boolean: Check = { allowed: 'true or false', test: (value) => typeof value === 'boolean' };
/** Node would cut a text off at its first NUL, except that a path may start with one: Linux's abstract sockets. */
export const text: Check = {
  allowed: 'a string that is not empty',
  test: (value) => typeof value === 'string' && value !== '' && !value.includes('\0', 1) && value !== '\0',
};
export const countOrInfinity = (least: number): Check => ({
  allowed: `a whole number from ${String(least)}, or Infinity`,
  test: (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= least),
});

/**
 * Checks options, and that there are no others.
 * @param prefix - of their names in the error
 * @throws {@link InvalidOptionError}
 */
export function check(options: unknown, checks: Readonly<Record<string, Check>>, prefix = ''): void {
  const entries = entriesOf(options);
  if (entries === undefined) throw new InvalidOptionError(prefix.slice(0, -1) || 'options', options, 'an object');
  for (const [name, value] of entries) {
    const rule = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (rule === undefined) {
      const known = Object.keys(checks).join(', ');
      throw new InvalidOptionError(prefix + name, value, `left out: there is no such option. The options are ${known}`);
    }
    // an option that is there but undefined was left out
    if (value !== undefined && !passes(value, rule)) throw new InvalidOptionError(prefix + name, value, rule.allowed);
  }
}

/** The names and values of options; undefined for what can have none, or can't be looked at, such as a revoked proxy. */
export function entriesOf(options: unknown): [name: string, value: unknown][] | undefined {
  try {
    return isObject(options) ? Object.entries(options) : undefined;
  } catch {
    return undefined;
  }
}

export function passes(value: unknown, { test }: Check): boolean {
  try {
    return test(value);
  } catch {
    // a value that can't even be looked at, such as a revoked proxy
    return false;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const protocolCheck: Check = {
  allowed: 'actor logic (a machine, fromCallback, fromTransition, …) or a function that returns it',
  test: (value) => typeof value === 'function' || isActorLogic(value),
};
