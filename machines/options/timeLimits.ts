/** How long a connection may take, for what. */
import { isObject, positiveMilliseconds, positiveMillisecondsOrInfinity, type Check } from './optionChecks';

/** A speed, and for how long it is measured. */
export interface ReceiveRate {
  /** At least 1. */
  readonly bytesPerSecond: number;
  /**
   * Milliseconds.
   * @defaultValue 10 000
   */
  readonly window?: number;
}

/**
 * The time limits of connections. When one is up, `connection.closed` tells so by its reason.
 *
 * However many connections there are, and however many of the limits are set, they share one timer. With some dozen
 * connections a limit is kept to the millisecond; with 10,000 it may be noticed up to 0.2 s late (see `actors/socket/timeouts/sweep.ts`).
 */
export interface TimeLimits {
  /**
   * Milliseconds that a connection may take to open: the PROXY header and the TLS handshake together. Then it ends with
   * `openTimeout`; a later upgrade (`makessl`) that takes longer ends with `tlsFailed`.
   * @defaultValue 10 000
   */
  readonly openTimeout?: number;
  /**
   * Milliseconds from its start in which a handler must have taken or written something, or must wait for bytes (a machine
   * in a state with `inbox`). One that hasn't is taken for stuck, and ends with `handlerFailed` and an error with code
   * `ERR_HANDLER_START`.
   * @defaultValue Infinity
   */
  readonly handlerStartTimeout?: number;
  /**
   * Milliseconds without a single byte from the peer; then what was written is flushed, and the connection ends with
   * `idleTimeout`. Only what comes in counts: a handler that writes doesn't keep a dead peer alive. Time in which we
   * don't read (the handler is busy, or the peer doesn't take what was written) is not the peer's, and doesn't count.
   * @defaultValue Infinity
   */
  readonly idleTimeout?: number;
  /**
   * How fast a peer that sends must send. Where fewer bytes come in a `window` (but any at all), the connection ends with
   * `slowSender`. For protocols in which peers send in bulk: one who types at a terminal is slow, too.
   * @defaultValue none
   */
  readonly minReceiveRate?: ReceiveRate;
  /**
   * Milliseconds from the accept; then what was written is flushed, and the connection ends with `maxDuration`.
   * @defaultValue Infinity
   */
  readonly maxConnectionDuration?: number;
  /**
   * Milliseconds that a peer may go without taking any of the bytes that wait for it; then the connection ends with
   * `slowConsumer`. Whether some have left is looked at once in this time, so where some had, it is noticed after up to
   * twice as long.
   * @defaultValue 30 000
   */
  readonly writeTimeout?: number;
}

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

export const timeLimitChecks: Readonly<Record<keyof TimeLimits, Check>> = {
  openTimeout: positiveMillisecondsOrInfinity,
  handlerStartTimeout: positiveMillisecondsOrInfinity,
  idleTimeout: positiveMillisecondsOrInfinity,
  minReceiveRate: receiveRate,
  maxConnectionDuration: positiveMillisecondsOrInfinity,
  writeTimeout: positiveMilliseconds,
};
