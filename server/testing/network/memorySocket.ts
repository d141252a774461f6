import type { AddressInfo, SocketReadyState } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressInfo } from './addressInfo';
import { MemoryStream, type MemoryStreamOptions } from './memoryStream';
import { nodeError } from './errors';
import type { WriteCallback } from './sender';
import type { SimulatedClock } from '../simulatedClock';
import type { TcpEnd } from './tcpEnd';

/** The options of `net.Socket` and `net.createConnection`, and a callback for the server. */
export interface MemorySocketOptions extends MemoryStreamOptions {
  readonly timeout?: number | undefined;
  /** Called when the socket is destroyed; 'close' comes later. */
  readonly onDestroy?: (() => void) | undefined;
}

/**
 * The `net.Socket` of a {@link TcpEnd}: its events, methods and properties, in Node's order and with Node's errors. The
 * network's clock measures its time.
 *
 * `ref`, `unref`, `setNoDelay` and `setKeepAlive` do nothing, since they have no meaning without a kernel. Missing
 * are: another connection with `connect`, the events of a look-up ('lookup', 'connectionAttempt'), and all that Node
 * has deprecated.
 */
export class MemorySocket extends MemoryStream {
  /** The milliseconds that {@link setTimeout} was called with. */
  timeout: number | undefined;
  readonly #onDestroy: (() => void) | undefined;
  /** The peer's address, kept from the first question on. */
  #peer: AddressInfo | undefined;

  /**
   * @param clock - gives the turns for events, and the time for timeouts
   * @param end - the end of a connection that stands, or is being made
   * @param options - the options of the connection; its addresses are those of `end`
   */
  constructor(clock: SimulatedClock, end: TcpEnd, options: MemorySocketOptions) {
    super(clock, end, options);
    this.#onDestroy = options.onDestroy;
    this.once('end', () => {
      if (!this.allowHalfOpen) this.write = this.#writeAfterEnd;
    });
    if (options.timeout) this.setTimeout(options.timeout);
  }

  get pending(): boolean {
    return this.destroyed || this.connecting;
  }

  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get localAddress(): string | undefined {
    return this.#sockname?.address;
  }

  get localPort(): number | undefined {
    return this.#sockname?.port;
  }

  get localFamily(): string | undefined {
    return this.#sockname?.family;
  }

  /**
   * Undefined before the connection stands. After the connection has broken or closed, known only if it was read
   * before.
   */
  get remoteAddress(): string | undefined {
    return this.#peername?.address;
  }

  get remotePort(): number | undefined {
    return this.#peername?.port;
  }

  get remoteFamily(): string | undefined {
    return this.#peername?.family;
  }

  /** The address of this end; empty before the connection stands, and after it has closed. */
  address(): AddressInfo | Record<string, never> {
    return this.#sockname ?? {};
  }

  /**
   * Emits 'timeout' after so many milliseconds in which nothing was read or written. The socket stays as it is.
   * @param ms - the milliseconds; 0 for never
   * @param listener - called at the next 'timeout'; with 0, the listener to remove
   * @throws RangeError, ERR_OUT_OF_RANGE
   */
  setTimeout(ms: number, listener?: () => void): this {
    if (this.destroyed) return this;
    if (!(ms >= 0 && ms < Infinity)) {
      throw nodeError('ERR_OUT_OF_RANGE', `A timeout can't be ${String(ms)} ms`, RangeError);
    }
    this.timeout = ms;
    this.idleTimer.start(ms);
    if (listener === undefined) return this;
    return ms === 0 ? this.off('timeout', listener) : this.once('timeout', listener);
  }

  /** Closes when all bytes are written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _destroy(error: Error | null, done: WriteCallback): void {
    super._destroy(error, done);
    this.#onDestroy?.();
  }

  get #sockname(): AddressInfo | undefined {
    return this.pending ? undefined : addressInfo(this.tcpEnd.local);
  }

  /** The peer's address. Node, too, asks the system only once. */
  get #peername(): AddressInfo | undefined {
    if (!this.pending && this.tcpEnd.error === undefined) this.#peer ??= addressInfo(this.tcpEnd.remote);
    return this.#peer;
  }

  /** Takes the place of `write` when the peer has ended, on a socket that ends with its peer. */
  readonly #writeAfterEnd = (...given: unknown[]): boolean => {
    if (!this.writableEnded) return super.write(...(given as Parameters<Duplex['write']>));
    const error = nodeError('EPIPE', 'This socket has been ended by the other party');
    const done = given.find((each) => typeof each === 'function');
    if (done !== undefined) process.nextTick(done, error);
    this.destroy(error);
    return false;
  };
}
