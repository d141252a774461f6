import { ServerchartError } from '../machines/errors';
import type { TimeoutEvent } from '../machines/events';
import type { TimeLimits } from '../machines/timeLimits';
import type { Sweep, Swept } from './sweep';

/** Whose time it is. */
interface TimeoutsOwner {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Nothing keeps bytes of the peer from coming in. */
  readonly isReading: boolean;
  /** Whether the handler waits for bytes. */
  readonly isHandlerIdle: boolean;
  /** Calls back as soon as it does. */
  onceHandlerIdle(callback: () => void): void;
  timedOut(event: TimeoutEvent): void;
}

const defaultWindow = 10_000;

/**
 * The time limits of one connection, kept by a {@link Sweep}. It tells of each that is up; what that means in which state
 * is the chart's affair. Times are the sweep's milliseconds; Infinity is never.
 */
export class Timeouts implements Swept {
  place = -1;
  due = Infinity;
  readonly #owner: TimeoutsOwner;
  readonly #limits: TimeLimits;
  readonly #sweep: Sweep;
  #openUntil = Infinity;
  #startUntil = Infinity;
  #lastUntil: number;
  /** There is a limit for what the peer sends: from the handler's start until nothing more is expected of the peer. */
  #watchesPeer = false;
  /** Since when it is not the peer's turn; Infinity while it is. */
  #pausedAt = Infinity;
  #isHandlerAwaited = false;
  /** When the last byte came, or the peer's turn began. */
  #receivedAt = 0;
  #windowSince = 0;
  #windowBytes = 0;
  /** Since when something waits of which nothing has left. */
  #stalledSince = Infinity;
  #progress = 0;

  /**
   * @param owner - told when a time is up
   * @param limits - in milliseconds; what is left out is no limit
   * @param sweep - looks after it from now on
   * @param acceptedAt - in the sweep's milliseconds
   */
  constructor(owner: TimeoutsOwner, limits: TimeLimits, sweep: Sweep, acceptedAt: number) {
    this.#owner = owner;
    this.#limits = limits;
    this.#sweep = sweep;
    this.#lastUntil = acceptedAt + (limits.maxConnectionDuration ?? Infinity);
    this.due = this.#lastUntil;
    sweep.add(this);
  }

  /** The PROXY header or the TLS handshake is awaited; the time for the first is the time for both. */
  opening(): void {
    if (this.#openUntil !== Infinity) return;
    this.#openUntil = this.#sweep.now + (this.#limits.openTimeout ?? Infinity);
    this.#expect(this.#openUntil);
  }

  /** It no longer is. */
  opened(): void {
    this.#openUntil = Infinity;
    // a handshake is not what the window is about
    if (this.#watchesPeer) this.#beginWindow(this.#sweep.now);
  }

  /** The handler is there; it is not read yet. */
  started(): void {
    const { idleTimeout = Infinity, handlerStartTimeout = Infinity, minReceiveRate } = this.#limits;
    this.opened();
    this.#watchesPeer = idleTimeout !== Infinity || minReceiveRate !== undefined;
    if (!this.#watchesPeer && handlerStartTimeout === Infinity) return;
    const { now } = this.#sweep;
    this.#startUntil = now + handlerStartTimeout;
    this.#pausedAt = now;
    this.#beginWindow(now);
    this.#expect(this.#startUntil);
  }

  /**
   * Bytes have come.
   * @param areTaken - by the handler; if not, the peer is not read until they are
   */
  received(areTaken: boolean): void {
    if (areTaken) this.#startUntil = Infinity;
    if (!this.#watchesPeer) return;
    this.#receivedAt = this.#sweep.now;
    if (!areTaken) this.paused();
    else if (!this.#owner.isHandlerIdle) this.#awaitHandler();
  }

  /** The handler has taken or written something. */
  handlerStarted(): void {
    this.#startUntil = Infinity;
  }

  /** The peer is not read for a while, or waits for the handler: how long tells nothing about the peer. */
  paused(): void {
    if (this.#watchesPeer && this.#pausedAt === Infinity) this.#pausedAt = this.#sweep.now;
  }

  /** It is the peer's turn again, unless the handler is still busy with what came before. */
  resumed(): void {
    if (!this.#watchesPeer || this.#pausedAt === Infinity || !this.#owner.isReading) return;
    if (!this.#owner.isHandlerIdle) {
      this.#awaitHandler();
      return;
    }
    const { now } = this.#sweep;
    this.#windowSince += now - Math.max(this.#pausedAt, this.#windowSince);
    this.#receivedAt = now;
    this.#pausedAt = Infinity;
    this.#expect(Math.min(this.#idleUntil, this.#windowUntil));
  }

  /** The peer will send no more, or nobody will read it. */
  inputEnded(): void {
    this.#watchesPeer = false;
    this.#startUntil = Infinity;
  }

  /** What was written still has its time to leave, and nothing else is awaited. */
  closing(): void {
    this.inputEnded();
    this.#lastUntil = Math.max(this.#lastUntil, this.#sweep.now + this.#writeTimeout);
    this.stalled();
  }

  /** Something waits to be taken by the peer. */
  stalled(): void {
    if (this.#stalledSince !== Infinity) return;
    this.#stalledSince = this.#sweep.now;
    this.#progress = this.#owner.bytesOut;
    this.#expect(this.#stalledSince + this.#writeTimeout);
  }

  /** Nothing waits any more. */
  flowing(): void {
    this.#stalledSince = Infinity;
  }

  /** Nothing is awaited any more. */
  stop(): void {
    this.#sweep.remove(this);
  }

  look(now: number): void {
    if (now >= this.#openUntil) {
      this.#openUntil = Infinity;
      this.#owner.timedOut({ type: '_timeouts.openTimeout' });
    }
    if (now >= this.#startUntil) this.#lookAtStart();
    if (now >= this.#idleUntil) this.#lookAtIdleness(now);
    if (now >= this.#windowUntil) this.#lookAtWindow(now);
    if (now >= this.#stalledSince + this.#writeTimeout) this.#lookAtProgress(now);
    if (now >= this.#lastUntil) {
      // once more when what was written takes too long to leave
      this.#lastUntil = now + this.#writeTimeout;
      this.#owner.timedOut({ type: '_timeouts.maxConnectionDuration' });
    }
    this.due = Math.min(
      this.#openUntil,
      this.#startUntil,
      this.#idleUntil,
      this.#windowUntil,
      this.#stalledSince + this.#writeTimeout,
      this.#lastUntil,
    );
  }

  get #writeTimeout(): number {
    return this.#limits.writeTimeout ?? Infinity;
  }

  get #isPeersTurn(): boolean {
    return this.#watchesPeer && this.#pausedAt === Infinity;
  }

  get #idleUntil(): number {
    return this.#isPeersTurn ? this.#receivedAt + (this.#limits.idleTimeout ?? Infinity) : Infinity;
  }

  get #windowUntil(): number {
    const { minReceiveRate } = this.#limits;
    if (minReceiveRate === undefined || !this.#isPeersTurn) return Infinity;
    return this.#windowSince + (minReceiveRate.window ?? defaultWindow);
  }

  #expect(due: number): void {
    if (due >= this.due) return;
    this.due = due;
    this.#sweep.expect(due);
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

  #beginWindow(now: number): void {
    this.#windowSince = now;
    this.#windowBytes = this.#owner.bytesIn;
  }

  #lookAtStart(): void {
    this.#startUntil = Infinity;
    if (this.#owner.isHandlerIdle) return;
    const { handlerStartTimeout } = this.#limits;
    const message = `The handler did nothing for ${String(handlerStartTimeout)} ms (handlerStartTimeout)`;
    this.#owner.timedOut({
      type: '_timeouts.handlerStartTimeout',
      error: new ServerchartError('ERR_HANDLER_START', message),
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
    this.#beginWindow(now);
    if (isSlow) this.#owner.timedOut({ type: '_timeouts.minReceiveRate' });
  }

  #lookAtProgress(now: number): void {
    const { bytesOut } = this.#owner;
    const hasLeft = bytesOut !== this.#progress;
    this.#stalledSince = now;
    this.#progress = bytesOut;
    if (!hasLeft) this.#owner.timedOut({ type: '_timeouts.writeTimeout' });
  }
}
