/** The time limits of a connection. */
import { isObject, positiveMilliseconds, positiveMillisecondsOrInfinity, type Check } from './optionChecks';

/** The lowest speed of a peer that sends. */
export interface ReceiveRate {
  /** How many bytes must come per second, on average over `window`: a whole number from 1. */
  readonly bytesPerSecond: number;
  /**
   * Milliseconds over which the bytes are counted, from 1.
   * @defaultValue 10 000
   */
  readonly window?: number;
}

/**
 * The time limits of connections. When a limit is up, the connection ends, and `connection.closed` has the reason.
 *
 * All limits of all connections share one timer. With some dozen connections a limit is kept to the millisecond. With
 * 10,000 connections a limit may be noticed up to 0.2 s late (see `actors/socket/timeouts/sweep.ts`).
 */
export interface TimeLimits {
  /**
   * Milliseconds that a connection may take to open: for the PROXY header and the TLS handshake together. Then the
   * connection ends with `openTimeout`. A later upgrade (`makessl`) has the same limit, and ends the connection with
   * `tlsFailed`.
   * @defaultValue 10 000
   */
  readonly openTimeout?: number;
  /**
   * Milliseconds from a handler's start within which the handler must take or write something, or must wait for bytes
   * (a machine in a state with `inbox`). A handler that has done none of these counts as stuck. Its connection ends
   * with `handlerFailed` and an error with code `ERR_HANDLER_START`.
   * @defaultValue Infinity
   */
  readonly handlerStartTimeout?: number;
  /**
   * Milliseconds without a single byte from the peer. Then what was written is flushed, and the connection ends with
   * `idleTimeout`. Only bytes from the peer count: a handler that writes doesn't keep a dead peer alive. Time in
   * which we don't read (the handler is busy, or the peer doesn't take what was written) is not the peer's fault, and
   * doesn't count.
   * @defaultValue Infinity
   */
  readonly idleTimeout?: number;
  /**
   * How fast a peer that sends must send. When fewer bytes come in a `window`, but at least one, the connection ends
   * with `slowSender`. This is for protocols in which peers send in bulk: a person at a terminal is slow, too.
   * @defaultValue none
   */
  readonly minReceiveRate?: ReceiveRate;
  /**
   * Milliseconds from the accept. Then what was written is flushed, and the connection ends with `maxDuration`.
   * @defaultValue Infinity
   */
  readonly maxConnectionDuration?: number;
  /**
   * Milliseconds for which a peer may take none of the bytes that wait for it. Then the connection ends with
   * `slowConsumer`. The peer's progress is looked at once in this time. So after some progress, a stall is noticed
   * after up to twice this time.
   * @defaultValue 30 000
   */
  readonly writeTimeout?: number;
}

/** The defaults of {@link TimeLimits}. */
export const timeLimitDefaults = {
  openTimeout: 10_000,
  handlerStartTimeout: Infinity,
  idleTimeout: Infinity,
  maxConnectionDuration: Infinity,
  writeTimeout: 30_000,
} as const satisfies TimeLimits;

const receiveRate: Check = {
  allowed: 'an object with bytesPerSecond, a whole number from 1, and window, a whole number of milliseconds from 1',
  test: (value) => {
    if (!isObject(value)) return false;
    const { bytesPerSecond, window, ...others } = value;
    const isRate = Number.isInteger(bytesPerSecond) && (bytesPerSecond as number) >= 1;
    return isRate && (window === undefined || positiveMilliseconds.test(window)) && Object.keys(others).length === 0;
  },
};

/** The checks of {@link TimeLimits}. */
export const timeLimitChecks: Readonly<Record<keyof TimeLimits, Check>> = {
  openTimeout: positiveMillisecondsOrInfinity,
  handlerStartTimeout: positiveMillisecondsOrInfinity,
  idleTimeout: positiveMillisecondsOrInfinity,
  minReceiveRate: receiveRate,
  maxConnectionDuration: positiveMillisecondsOrInfinity,
  writeTimeout: positiveMilliseconds,
};
