/** How the value of an option is checked. */
import { InvalidOptionError } from '../vocabulary/errors';
import { isActorLogic } from '../vocabulary/logic';

/** What an option's value must be. */
export interface Check {
  /** In words, for the error: what stands behind "must be". */
  readonly allowed: string;
  readonly test: (value: unknown) => boolean;
}

/**
 * The longest delay of setTimeout, in milliseconds. A longer one fires at once
 * (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args).
 */
export const longestDelay = 2 ** 31 - 1;

/** A whole number from `least` to `most`. */
export const integer = (least: number, most: number, words: string): Check => ({
  allowed: words,
  test: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});
const millisecondsFrom = (least: number): Check =>
  integer(least, longestDelay, `a whole number of milliseconds from ${String(least)} to ${String(longestDelay)}`);
/** A whole number of milliseconds, from 0 to {@link longestDelay}. */
export const milliseconds = millisecondsFrom(0);
/** For a time limit: with 0 it would be up before it began. */
export const positiveMilliseconds = millisecondsFrom(1);
/** For a time limit that may be switched off, with Infinity. */
export const positiveMillisecondsOrInfinity: Check = {
  allowed: `${positiveMilliseconds.allowed}, or Infinity`,
  test: (value) => value === Infinity || positiveMilliseconds.test(value),
};
/** A whole number of bytes from 0, or Infinity. */
export const bytes: Check = {
  allowed: 'a number of bytes from 0, or Infinity',
  test: (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= 0),
};
/** true or false, and nothing that stands for one. */
export const boolean: Check = { allowed: 'true or false', test: (value) => typeof value === 'boolean' };
/**
 * For a host, a path or a name. Node cuts a text off at its first NUL. Only a path may start with one, for Linux's
 * abstract sockets.
 */
export const text: Check = {
  allowed: 'a string that is not empty',
  test: (value) => typeof value === 'string' && value !== '' && !value.includes('\0', 1) && value !== '\0',
};
/** A whole number from `least`, or Infinity. */
export const countOrInfinity = (least: number): Check => ({
  allowed: `a whole number from ${String(least)}, or Infinity`,
  test: (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= least),
});

/**
 * Checks the value of each option, and that there are no other options.
 * @param prefix - stands before the names in the error, such as `tls.`
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
    // an option that is undefined counts as left out
    if (value !== undefined && !passes(value, rule)) throw new InvalidOptionError(prefix + name, value, rule.allowed);
  }
}

/**
 * The names and values of options. Undefined for a value that isn't an object, or that throws when one looks at it,
 * such as a revoked proxy.
 */
export function entriesOf(options: unknown): [name: string, value: unknown][] | undefined {
  try {
    return isObject(options) ? Object.entries(options) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value passes a check. A value that makes the check throw does not. */
export function passes(value: unknown, { test }: Check): boolean {
  try {
    return test(value);
  } catch {
    // the value throws when one looks at it, as a revoked proxy does
    return false;
  }
}

/** Whether a value is an object, but no array. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The check of `protocol`: actor logic of any kind, or a function. */
export const protocolCheck: Check = {
  allowed: 'actor logic (a machine, fromCallback, fromTransition, …) or a function that returns it',
  test: (value) => typeof value === 'function' || isActorLogic(value),
};
