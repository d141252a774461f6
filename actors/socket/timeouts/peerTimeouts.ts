import type { TimeoutEvent } from '../../../machines/events';
import type { TimeLimits } from '../../../machines/options/timeLimits';

const defaultWindow = 10_000;

/** Whose peer it is. */
export interface PeerOwner {
  readonly bytesIn: number;
  /** Nothing keeps bytes of the peer from coming in. */
  readonly isReading: boolean;
  /** Whether the handler waits for bytes. */
  readonly isHandlerIdle: boolean;
  /** Calls back as soon as it does. */
  onceHandlerIdle(callback: () => void): void;
  timedOut(event: TimeoutEvent): void;
}

/** What keeps the time. */
interface Timekeeper {
  /** Milliseconds. */
  readonly now: number;
  /** Something may be due then. */
  expect(due: number): void;
}

/**
 * The time limits of what a peer sends: `idleTimeout` and `minReceiveRate`. Time in which it isn't read, or in which it
 * waits for the handler, tells nothing about it, and doesn't count.
 */
export class PeerTimeouts {
  readonly #owner: PeerOwner;
  readonly #limits: TimeLimits;
  readonly #time: Timekeeper;
  /** Since when it is not the peer's turn; Infinity while it is. */
  #pausedAt: number;
  #isHandlerAwaited = false;
  /** When the last byte came, or the peer's turn began. */
  #receivedAt = 0;
  #windowSince = 0;
  #windowBytes = 0;

  /**
   * @param owner - of whom it isn't known yet whether it is read
   * @param limits - in milliseconds
   * @param time - told when to look
   */
  constructor(owner: PeerOwner, limits: TimeLimits, time: Timekeeper) {
    this.#owner = owner;
    this.#limits = limits;
    this.#time = time;
    this.#pausedAt = time.now;
    this.beginWindow(time.now);
  }

  /** When there is something to look at; Infinity: it isn't the peer's turn, or has no limit. */
  get due(): number {
    return Math.min(this.#idleUntil, this.#windowUntil);
  }

  /**
   * Bytes have come.
   * @param areTaken - by the handler; if not, the peer is not read until they are
   */
  received(areTaken: boolean): void {
    this.#receivedAt = this.#time.now;
    if (!areTaken) this.paused();
    else if (!this.#owner.isHandlerIdle) this.#awaitHandler();
  }

  /** It is not the peer's turn for a while. */
  paused(): void {
    if (this.#pausedAt === Infinity) this.#pausedAt = this.#time.now;
  }

  /** It is the peer's turn again, unless the handler is still busy with what came before. */
  resumed(): void {
    if (this.#pausedAt === Infinity || !this.#owner.isReading) return;
    if (!this.#owner.isHandlerIdle) {
      this.#awaitHandler();
      return;
    }
    const { now } = this.#time;
    this.#windowSince += now - Math.max(this.#pausedAt, this.#windowSince);
    this.#receivedAt = now;
    this.#pausedAt = Infinity;
    this.#time.expect(this.due);
  }

  /** What has come so far is not what the window is about. */
  beginWindow(now: number): void {
    this.#windowSince = now;
    this.#windowBytes = this.#owner.bytesIn;
  }

  /** Tells its owner what is due. */
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
    this.#owner.onceHandlerIdle(() => {
      this.#isHandlerAwaited = false;
      this.resumed();
    });
  }

  #lookAtIdleness(now: number): void {
    // it may have found something to do without bytes
    if (this.#owner.isHandlerIdle) {
      this.#receivedAt = now;
      this.#owner.timedOut({ type: '_timeouts.idleTimeout' });
    } else this.#awaitHandler();
  }

  #lookAtWindow(now: number): void {
    const { bytesPerSecond = 0 } = this.#limits.minReceiveRate ?? {};
    const came = this.#owner.bytesIn - this.#windowBytes;
    const isSlow = came > 0 && came < (bytesPerSecond * (now - this.#windowSince)) / 1_000;
    this.beginWindow(now);
    if (isSlow) this.#owner.timedOut({ type: '_timeouts.minReceiveRate' });
  }
}
