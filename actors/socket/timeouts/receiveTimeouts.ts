import type { TimeoutEvent } from '../../../machines/events';
import type { TimeLimits } from '../../../machines/options/timeLimits';

const defaultWindow = 10_000;

/** The input of a connection, as the time limits see it. */
export interface TimedInput {
  /** Bytes read from the socket. */
  readonly bytesIn: number;
  /** Whether the socket is read. */
  readonly isReading: boolean;
  /** Whether the handler waits for bytes. */
  readonly isHandlerIdle: boolean;
  /** Calls back as soon as the handler waits for bytes. */
  onceHandlerIdle(callback: () => void): void;
  /** A time limit is over. */
  timedOut(event: TimeoutEvent): void;
}

interface Timekeeper {
  /** Milliseconds. */
  readonly now: number;
  /** At this time something may be due. */
  expect(due: number): void;
}

/**
 * The time limits of what a peer sends: `idleTimeout` and `minReceiveRate`. Only the peer's turn counts. While the
 * socket isn't read, or the handler is busy, it isn't the peer's turn: that time says nothing about the peer.
 */
export class ReceiveTimeouts {
  readonly #connection: TimedInput;
  readonly #limits: TimeLimits;
  readonly #time: Timekeeper;
  /** Since when it isn't the peer's turn; Infinity while it is. */
  #pausedAt: number;
  #isHandlerAwaited = false;
  /** When the last byte came, or when the peer's turn began, whichever was later. */
  #receivedAt = 0;
  #windowSince = 0;
  #windowBytes = 0;

  /**
   * @param connection - a connection that may not be read yet
   * @param limits - in milliseconds
   * @param time - calls {@link look} when something is due
   */
  constructor(connection: TimedInput, limits: TimeLimits, time: Timekeeper) {
    this.#connection = connection;
    this.#limits = limits;
    this.#time = time;
    this.#pausedAt = time.now;
    this.beginWindow(time.now);
  }

  /** When {@link look} has something to do; Infinity: it isn't the peer's turn, or the turn has no limit. */
  get due(): number {
    return Math.min(this.#idleUntil, this.#windowUntil);
  }

  /**
   * Bytes have come.
   * @param areTaken - whether the handler has taken the bytes; if not, the socket isn't read until the handler does
   */
  received(areTaken: boolean): void {
    this.#receivedAt = this.#time.now;
    if (!areTaken) this.paused();
    else if (!this.#connection.isHandlerIdle) this.#awaitHandler();
  }

  /** It is not the peer's turn for a while. */
  paused(): void {
    if (this.#pausedAt === Infinity) this.#pausedAt = this.#time.now;
  }

  /** It is the peer's turn again, unless the handler is still busy with what came before. */
  resumed(): void {
    if (this.#pausedAt === Infinity || !this.#connection.isReading) return;
    if (!this.#connection.isHandlerIdle) {
      this.#awaitHandler();
      return;
    }
    const { now } = this.#time;
    this.#windowSince += now - Math.max(this.#pausedAt, this.#windowSince);
    this.#receivedAt = now;
    this.#pausedAt = Infinity;
    this.#time.expect(this.due);
  }

  /** Begins a window of `minReceiveRate`: bytes that have come so far don't count any more. */
  beginWindow(now: number): void {
    this.#windowSince = now;
    this.#windowBytes = this.#connection.bytesIn;
  }

  /** Tells the connection which limits are over. */
  look(now: number): void {
    if (now >= this.#idleUntil) this.#lookAtIdleness(now);
    if (now >= this.#windowUntil) this.#lookAtWindow(now);
  }

  get #isPeersTurn(): boolean {
    return this.#pausedAt === Infinity;
  }

  get #idleUntil(): number {
    return this.#isPeersTurn ? this.#receivedAt + (this.#limits.idleTimeout ?? Infinity) : Infinity;
  }

  get #windowUntil(): number {
    const { minReceiveRate } = this.#limits;
    if (minReceiveRate === undefined || !this.#isPeersTurn) return Infinity;
    return this.#windowSince + (minReceiveRate.window ?? defaultWindow);
  }

  #awaitHandler(): void {
    this.paused();
    if (this.#isHandlerAwaited) return;
    this.#isHandlerAwaited = true;
    this.#connection.onceHandlerIdle(() => {
      this.#isHandlerAwaited = false;
      this.resumed();
    });
  }

  #lookAtIdleness(now: number): void {
    // the handler may have found work without the peer's bytes
    if (this.#connection.isHandlerIdle) {
      this.#receivedAt = now;
      this.#connection.timedOut({ type: '_timeouts.idleTimeout' });
    } else this.#awaitHandler();
  }

  #lookAtWindow(now: number): void {
    const { bytesPerSecond = 0 } = this.#limits.minReceiveRate ?? {};
    const came = this.#connection.bytesIn - this.#windowBytes;
    const isSlow = came > 0 && came < (bytesPerSecond * (now - this.#windowSince)) / 1_000;
    this.beginWindow(now);
    if (isSlow) this.#connection.timedOut({ type: '_timeouts.minReceiveRate' });
  }
}
