import { ServerchartError } from '../../../machines/vocabulary/errors';
import type { TimeLimits } from '../../../machines/options/timeLimits';
import { PeerTimeouts, type PeerOwner } from './peerTimeouts';
import type { Sweep, Swept } from './sweep';

/** Whose time it is. */
interface TimeoutsOwner extends PeerOwner {
  readonly bytesOut: number;
}

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
  /** If what it sends has a limit: from the handler's start until nothing more is expected of the peer. */
  #peer: PeerTimeouts | undefined;
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

  get now(): number {
    return this.#sweep.now;
  }

  /** Something may be due then. */
  expect(due: number): void {
    if (due >= this.due) return;
    this.due = due;
    this.#sweep.expect(due);
  }

  /** The PROXY header or the TLS handshake is awaited; the time for the first is the time for both. */
  opening(): void {
    if (this.#openUntil !== Infinity) return;
    this.#openUntil = this.now + (this.#limits.openTimeout ?? Infinity);
    this.expect(this.#openUntil);
  }

  /** It no longer is. */
  opened(): void {
    this.#openUntil = Infinity;
    // a handshake is not what the window is about
    this.#peer?.beginWindow(this.now);
  }

  /** The handler is there; it is not read yet. */
  started(): void {
    const { idleTimeout = Infinity, handlerStartTimeout = Infinity, minReceiveRate } = this.#limits;
    this.opened();
    if (idleTimeout !== Infinity || minReceiveRate !== undefined) {
      this.#peer = new PeerTimeouts(this.#owner, this.#limits, this);
    }
    if (handlerStartTimeout === Infinity) return;
    this.#startUntil = this.now + handlerStartTimeout;
    this.expect(this.#startUntil);
  }

  /**
   * Bytes have come.
   * @param areTaken - by the handler; if not, the peer is not read until they are
   */
  received(areTaken: boolean): void {
    if (areTaken) this.#startUntil = Infinity;
    this.#peer?.received(areTaken);
  }

  /** The handler has taken or written something. */
  handlerStarted(): void {
    this.#startUntil = Infinity;
  }

  /** The peer is not read for a while. */
  paused(): void {
    this.#peer?.paused();
  }

  /** The peer is read again. */
  resumed(): void {
    this.#peer?.resumed();
  }

  /** The peer will send no more, or nobody will read it. */
  inputEnded(): void {
    this.#peer = undefined;
    this.#startUntil = Infinity;
  }

  /** What was written still has its time to leave, and nothing else is awaited. */
  closing(): void {
    this.inputEnded();
    this.#lastUntil = Math.max(this.#lastUntil, this.now + this.#writeTimeout);
    this.stalled();
  }

  /** Something waits to be taken by the peer. */
  stalled(): void {
    if (this.#stalledSince !== Infinity) return;
    this.#stalledSince = this.now;
    this.#progress = this.#owner.bytesOut;
    this.expect(this.#stalledSince + this.#writeTimeout);
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
    this.#peer?.look(now);
    if (now >= this.#stalledSince + this.#writeTimeout) this.#lookAtProgress(now);
    if (now >= this.#lastUntil) {
      // once more when what was written takes too long to leave
      this.#lastUntil = now + this.#writeTimeout;
      this.#owner.timedOut({ type: '_timeouts.maxConnectionDuration' });
    }
    this.due = Math.min(
      this.#openUntil,
      this.#startUntil,
      this.#peer?.due ?? Infinity,
      this.#stalledSince + this.#writeTimeout,
      this.#lastUntil,
    );
  }

  get #writeTimeout(): number {
    return this.#limits.writeTimeout ?? Infinity;
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

  #lookAtProgress(now: number): void {
    const { bytesOut } = this.#owner;
    const hasLeft = bytesOut !== this.#progress;
    this.#stalledSince = now;
    this.#progress = bytesOut;
    if (!hasLeft) this.#owner.timedOut({ type: '_timeouts.writeTimeout' });
  }
}
