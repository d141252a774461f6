/** How often a listener may fail, and be given another chance. */
import type { ListenError } from '../vocabulary/errors';
import { countOrInfinity, isObject, milliseconds, someMilliseconds, type Check } from './optionChecks';

/**
 * What happens when the listener fails that has listened before: when its port can't be had again (`control.resume`, or
 * `whenBusy: 'refuse'`), or when its socket breaks. A new one takes its place; connections that are open go on. Not with `fd`, which
 * can't be opened again.
 */
export interface Restart {
  /**
   * How many failures there may be `within` that time. The one after it ends the server in its error.
   * @defaultValue 5
   */
  readonly max?: number;
  /**
   * Milliseconds.
   * @defaultValue 60 000
   */
  readonly within?: number;
  /**
   * Milliseconds from a failure to the next try.
   * @defaultValue 1 000
   */
  readonly delay?: number;
}

export const restartDefaults = { max: 5, within: 60_000, delay: 1_000 } as const satisfies Restart;

const checks: Readonly<Record<keyof Restart, Check>> = {
  max: countOrInfinity(0),
  within: someMilliseconds,
  delay: milliseconds,
};

export const restartCheck: Check = {
  allowed: 'an object with max, a whole number from 0 or Infinity, within and delay, whole numbers of milliseconds',
  test: (value) =>
    isObject(value) &&
    Object.entries(value).every(
      ([name, given]) =>
        Object.hasOwn(checks, name) && (given === undefined || checks[name as keyof Restart].test(given)),
    ),
};

/** A failure of the listener, and when it was, in the clock's milliseconds. */
export interface ListenFailure {
  readonly error: ListenError;
  readonly at: number;
}

interface Failing {
  /** Undefined as long as it has never listened: then a failure is told at once. */
  readonly address: object | undefined;
  readonly options: { readonly restart: Required<Restart>; readonly fd?: number };
  readonly failures: readonly ListenFailure[];
}

/** The failures that still count at a moment. */
export const recentFailures = ({ options, failures }: Failing, now: number): readonly ListenFailure[] =>
  failures.filter(({ at }) => now - at < options.restart.within);

/** Whether a failure at a moment is one that the server survives. */
export const mayRestart = (failing: Failing, now: number): boolean =>
  failing.address !== undefined &&
  // by then its number may be that of a client's socket
  failing.options.fd === undefined &&
  recentFailures(failing, now).length < failing.options.restart.max;
