import type { AddressInfo, SocketReadyState } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressInfo } from './addressInfo';
import { MemoryStream, type MemoryStreamOptions } from './memoryStream';
import { nodeError } from './errors';
import type { Done } from './sender';
import type { SimulatedClock } from '../simulatedClock';
import type { TcpEnd } from './tcpEnd';

/** As `net.Socket` and `net.createConnection` have them, and what a server needs to know. */
export interface MemorySocketOptions extends MemoryStreamOptions {
  readonly timeout?: number | undefined;
  /** Called when the socket is destroyed; 'close' comes later. */
  readonly onDestroy?: (() => void) | undefined;
}

/**
 * What `net.Socket` is to a descriptor, on a {@link TcpEnd}: its events, methods and properties, in the order and with the
 * errors that Node has. Time is that of the network's clock.
 *
 * What has no meaning without a kernel does nothing: `ref`, `unref`, `setNoDelay`, `setKeepAlive`. What is missing: making
 * another connection with `connect`, the events of looking a host up ('lookup', 'connectionAttempt'), and what Node has
 * deprecated.
 */
export class MemorySocket extends MemoryStream {
  /** What {@link setTimeout} was called with. */
  timeout: number | undefined;
  readonly #onDestroy: (() => void) | undefined;
  /** The peer's address, once somebody has asked for it. */
  #peer: AddressInfo | undefined;

  /**
   * @param clock - whose turns events come in, and whose time timeouts take
   * @param end - connected, or to be connected
   * @param options - of the connection, without where it goes
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

  /** Undefined before the connection stands, and after it has broken or closed unless it was read before. */
  get remoteAddress(): string | undefined {
    return this.#peername?.address;
  }

  get remotePort(): number | undefined {
    return this.#peername?.port;
  }

  get remoteFamily(): string | undefined {
    return this.#peername?.family;
  }

  /** Where this end is: empty before the connection stands, and after it has closed. */
  address(): AddressInfo | Record<string, never> {
    return this.#sockname ?? {};
  }

  /**
   * Has 'timeout' emitted whenever so many milliseconds have passed without anything being read or written. The socket stays
   * as it is.
   * @param ms - 0 for never
   * @param listener - for the next 'timeout'; for 0, one that is to hear of none
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

  /** Closes once all is written that was to be. */
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

  override _destroy(error: Error | null, done: Done): void {
    super._destroy(error, done);
    this.#onDestroy?.();
  }

  get #sockname(): AddressInfo | undefined {
    return this.pending ? undefined : addressInfo(this.tcpEnd.local);
  }

  /** As Node does, it asks the system once. */
  get #peername(): AddressInfo | undefined {
    if (!this.pending && this.tcpEnd.error === undefined) this.#peer ??= addressInfo(this.tcpEnd.remote);
    return this.#peer;
  }

  /** What `write` becomes when the peer has ended, for a socket that ends with it. */
  readonly #writeAfterEnd = (...given: unknown[]): boolean => {
    if (!this.writableEnded) return super.write(...(given as Parameters<Duplex['write']>));
    const error = nodeError('EPIPE', 'This socket has been ended by the other party');
    const done = given.find((each) => typeof each === 'function');
    if (done !== undefined) process.nextTick(done, error);
    this.destroy(error);
    return false;
  };
}
