import { ServerchartError } from '../../../machines/vocabulary/errors';
import type { TimeLimits } from '../../../machines/options/timeLimits';
import { ReceiveTimeouts, type TimedInput } from './receiveTimeouts';
import type { Sweep, SweepEntry } from './sweep';

/** A connection, as its time limits see it. */
interface TimedConnection extends TimedInput {
  /** Bytes that the kernel took. */
  readonly bytesOut: number;
}

/**
 * The time limits of one connection, as an entry of a {@link Sweep}. The connection is told of each limit that is over;
 * the connection's chart decides what that means in its present state. Times are the sweep's milliseconds; Infinity is
 * never.
 */
export class Timeouts implements SweepEntry {
  place = -1;
  due = Infinity;
  readonly #connection: TimedConnection;
  readonly #limits: TimeLimits;
  readonly #sweep: Sweep;
  #openUntil = Infinity;
  #startUntil = Infinity;
  #lastUntil: number;
  /** The limits of what the peer sends, if there are any: from the handler's start until no more input is expected. */
  #peer: ReceiveTimeouts | undefined;
  /** Since when written bytes wait and none have left. */
  #stalledSince = Infinity;
  #progress = 0;

  /**
   * @param connection - hears when a limit is over
   * @param limits - in milliseconds; a limit that is left out doesn't exist
   * @param sweep - gets the limits as a new entry
   * @param acceptedAt - in the sweep's milliseconds
   */
  constructor(connection: TimedConnection, limits: TimeLimits, sweep: Sweep, acceptedAt: number) {
    this.#connection = connection;
    this.#limits = limits;
    this.#sweep = sweep;
    this.#lastUntil = acceptedAt + (limits.maxConnectionDuration ?? Infinity);
    this.due = this.#lastUntil;
    sweep.add(this);
  }

  get now(): number {
    return this.#sweep.now;
  }

  /** At this time something may be due. */
  expect(due: number): void {
    if (due >= this.due) return;
    this.due = due;
    this.#sweep.expect(due);
  }

  /**
   * A PROXY header or a TLS handshake is awaited. When one follows the other, `openTimeout` counts for both together.
   */
  opening(): void {
    if (this.#openUntil !== Infinity) return;
    this.#openUntil = this.now + (this.#limits.openTimeout ?? Infinity);
    this.expect(this.#openUntil);
  }

  /** Neither a PROXY header nor a TLS handshake is awaited any more. */
  opened(): void {
    this.#openUntil = Infinity;
    // the bytes of a handshake don't count for minReceiveRate
    this.#peer?.beginWindow(this.now);
  }

  /** The handler has been made. The socket isn't read yet. */
  started(): void {
    const { idleTimeout = Infinity, handlerStartTimeout = Infinity, minReceiveRate } = this.#limits;
    this.opened();
    if (idleTimeout !== Infinity || minReceiveRate !== undefined) {
      this.#peer = new ReceiveTimeouts(this.#connection, this.#limits, this);
    }
    if (handlerStartTimeout === Infinity) return;
    this.#startUntil = this.now + handlerStartTimeout;
    this.expect(this.#startUntil);
  }

  /**
   * Bytes have come.
   * @param areTaken - whether the handler has taken the bytes; if not, the socket isn't read until the handler does
   */
  received(areTaken: boolean): void {
    if (areTaken) this.#startUntil = Infinity;
    this.#peer?.received(areTaken);
  }

  /** The handler has taken or written something. */
  handlerStarted(): void {
    this.#startUntil = Infinity;
  }

  /** The socket isn't read for a while. */
  paused(): void {
    this.#peer?.paused();
  }

  /** The socket is read again. */
  resumed(): void {
    this.#peer?.resumed();
  }

  /** The peer will send no more bytes, or nobody will read them. */
  inputEnded(): void {
    this.#peer = undefined;
    this.#startUntil = Infinity;
  }

  /** Our side is closing: nothing is awaited but that written bytes leave, for which there is still `writeTimeout`. */
  closing(): void {
    this.inputEnded();
    this.#lastUntil = Math.max(this.#lastUntil, this.now + this.#writeTimeout);
    this.stalled();
  }

  /** Written bytes wait until the kernel takes them. */
  stalled(): void {
    if (this.#stalledSince !== Infinity) return;
    this.#stalledSince = this.now;
    this.#progress = this.#connection.bytesOut;
    this.expect(this.#stalledSince + this.#writeTimeout);
  }

  /** No written bytes wait any more. */
  flowing(): void {
    this.#stalledSince = Infinity;
  }

  /** The connection is over: no limit counts any more. */
  stop(): void {
    this.#sweep.remove(this);
  }

  look(now: number): void {
    if (now >= this.#openUntil) {
      this.#openUntil = Infinity;
      this.#connection.timedOut({ type: '_timeouts.openTimeout' });
    }
    if (now >= this.#startUntil) this.#lookAtStart();
    this.#peer?.look(now);
    if (now >= this.#stalledSince + this.#writeTimeout) this.#lookAtProgress(now);
    if (now >= this.#lastUntil) {
      // a second time if what was written takes too long to leave
      this.#lastUntil = now + this.#writeTimeout;
      this.#connection.timedOut({ type: '_timeouts.maxConnectionDuration' });
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
    if (this.#connection.isHandlerIdle) return;
    const { handlerStartTimeout } = this.#limits;
    const message = `The handler did nothing for ${String(handlerStartTimeout)} ms (handlerStartTimeout)`;
    this.#connection.timedOut({
      type: '_timeouts.handlerStartTimeout',
      error: new ServerchartError('ERR_HANDLER_START', message),
    });
  }

  #lookAtProgress(now: number): void {
    const { bytesOut } = this.#connection;
    const hasLeft = bytesOut !== this.#progress;
    this.#stalledSince = now;
    this.#progress = bytesOut;
    if (!hasLeft) this.#connection.timedOut({ type: '_timeouts.writeTimeout' });
  }
}
