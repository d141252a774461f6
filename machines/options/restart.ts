/** How often a server survives a failure of its listener. */
import type { ListenError } from '../vocabulary/errors';
import { countOrInfinity, isObject, milliseconds, positiveMilliseconds, type Check } from './optionChecks';

/**
 * How often a server that has listened survives a failure of its listener. A listener fails when it can't listen on
 * its port again (`control.resume`, or `whenBusy: 'refuse'`), or when its socket breaks. A new listener takes its
 * place, and open connections go on. A server with `fd` survives no failure, because a descriptor can't be opened
 * again.
 */
export interface Restart {
  /**
   * How many failures the server survives `within` that time: a whole number from 0, or Infinity. The next failure
   * ends the server in its error.
   * @defaultValue 5
   */
  readonly max?: number;
  /**
   * Milliseconds for which a failure counts, from 1.
   * @defaultValue 60 000
   */
  readonly within?: number;
  /**
   * Milliseconds from a failure to the next try, from 0.
   * @defaultValue 1 000
   */
  readonly delay?: number;
}

/** The defaults of {@link Restart}. */
export const restartDefaults = { max: 5, within: 60_000, delay: 1_000 } as const satisfies Restart;

const checks: Readonly<Record<keyof Restart, Check>> = {
  max: countOrInfinity(0),
  within: positiveMilliseconds,
  delay: milliseconds,
};

/** The check of the option `restart`. */
export const restartCheck: Check = {
  allowed: 'an object with max, a whole number from 0 or Infinity, within and delay, whole numbers of milliseconds',
  test: (value) =>
    isObject(value) &&
    Object.entries(value).every(
      ([name, given]) =>
        Object.hasOwn(checks, name) && (given === undefined || checks[name as keyof Restart].test(given)),
    ),
};

/** A failure of the listener. `at` is its time, in milliseconds of the clock. */
export interface ListenFailure {
  readonly error: ListenError;
  readonly at: number;
}

/** The part of a server's context that decides whether a failed listener gets another chance. */
interface ListenerHistory {
  /** Where the server listens. Undefined until it has listened: a failure ends it then. */
  readonly address: object | undefined;
  readonly options: { readonly restart: Required<Restart>; readonly fd?: number };
  readonly failures: readonly ListenFailure[];
}

/** The failures that still count at `now`. */
export const recentFailures = ({ options, failures }: ListenerHistory, now: number): readonly ListenFailure[] =>
  failures.filter(({ at }) => now - at < options.restart.within);

/** Whether the server survives a failure at `now`. */
export const mayRestart = (history: ListenerHistory, now: number): boolean =>
  history.address !== undefined &&
  // a descriptor that was closed may be the socket of a client by then
  history.options.fd === undefined &&
  recentFailures(history, now).length < history.options.restart.max;
