/** How often a listener may fail, and be given another chance. */
import type { ListenError } from '../vocabulary/errors';
import { countOrInfinity, isObject, milliseconds, positiveMilliseconds, type Check } from './optionChecks';

/**
 * How often a server survives that its listener fails, once the server has listened. A listener fails when its port can't be
 * had again (`control.resume`, or `whenBusy: 'refuse'`), or when its socket breaks. A new listener takes its place;
 * connections that are open go on. A server with `fd` survives no failure, since a descriptor can't be opened again.
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
  within: positiveMilliseconds,
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

/** The part of a server's context that decides whether a failed listener gets another chance. */
interface ListenerHistory {
  /** Undefined as long as the server has never listened: a failure ends the server then. */
  readonly address: object | undefined;
  readonly options: { readonly restart: Required<Restart>; readonly fd?: number };
  readonly failures: readonly ListenFailure[];
}

/** The failures that still count at a moment. */
export const recentFailures = ({ options, failures }: ListenerHistory, now: number): readonly ListenFailure[] =>
  failures.filter(({ at }) => now - at < options.restart.within);

/** Whether a failure at a moment is one that the server survives. */
export const mayRestart = (history: ListenerHistory, now: number): boolean =>
  history.address !== undefined &&
  // a descriptor that was closed may have become a client's socket by then
  history.options.fd === undefined &&
  recentFailures(history, now).length < history.options.restart.max;
