import { Duplex } from 'node:stream';
import { systemError } from './systemError';
import type { SimulatedClock } from './simulatedClock';
import type { TcpEnd } from './tcpEnd';

type Done = (error?: Error | null) => void;

/** A write that the peer's window has no room for yet. */
interface Outgoing {
  rest: Buffer;
  readonly done: Done;
}

/**
 * What `net.Socket` is to a descriptor, on a {@link TcpEnd}: as far as this library uses it, with the order of events and
 * the errors that Node has.
 */
export class MemorySocket extends Duplex {
  /** The connection is being made. */
  connecting: boolean;
  /** Bytes that arrived. */
  bytesRead = 0;
  /** Node's name: bytes that were handed on to be sent. */
  _bytesDispatched = 0;
  readonly #clock: SimulatedClock;
  readonly #end: TcpEnd;
  #isReading = false;
  #isPolled = false;
  #resets = false;
  #outgoing: Outgoing | undefined;

  /**
   * @param clock - whose turns events come in
   * @param end - connected, or to be connected
   * @param allowHalfOpen - as `net.Socket` has it
   */
  constructor(clock: SimulatedClock, end: TcpEnd, allowHalfOpen = false) {
    super({ allowHalfOpen, emitClose: false });
    this.#clock = clock;
    this.#end = end;
    this.connecting = !end.isConnected;
    end.watch(() => {
      this.#poll();
    });
  }

  get localAddress(): string | undefined {
    return this.destroyed ? undefined : addressOf(this.#end.local);
  }

  get localPort(): number | undefined {
    return this.destroyed ? undefined : this.#end.local.port;
  }

  /** Undefined before the connection stands, and after it has broken or closed. */
  get remoteAddress(): string | undefined {
    return this.#isConnected ? addressOf(this.#end.remote) : undefined;
  }

  get remotePort(): number | undefined {
    return this.#isConnected ? this.#end.remote.port : undefined;
  }

  /** Node's name: what of the bytes handed on has not been taken yet. */
  get _handle(): { readonly writeQueueSize: number } {
    return { writeQueueSize: this.#outgoing?.rest.length ?? 0 };
  }

  /** Breaks the connection: the peer gets a reset. */
  resetAndDestroy(): this {
    if (this.destroyed) return this;
    const reset = (): void => {
      this.#resets = true;
      this.destroy();
    };
    if (this.connecting) this.once('connect', reset);
    else reset();
    return this;
  }

  override _read(): void {
    if (this.connecting) {
      this.once('connect', () => {
        this._read();
      });
      return;
    }
    this.#isReading = true;
    this.#poll();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#dispatch(chunk, done);
  }

  override _writev(writes: { readonly chunk: unknown }[], done: Done): void {
    this.#dispatch(Buffer.concat(writes.map(({ chunk }) => chunk as Buffer)), done);
  }

  override _final(done: Done): void {
    if (this.connecting) {
      this.once('connect', () => {
        this._final(done);
      });
      return;
    }
    this.#end.shutdown();
    this.#clock.defer(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.connecting = false;
    if (this.#resets) this.#end.reset();
    else this.#end.close();
    done(error);
    this.#clock.defer(() => {
      // as from Node 22 on; before, it was called back as if it had been written
      this.#outgoing?.done(systemError('ECANCELED', 'write'));
      this.#outgoing = undefined;
      this.emit('close', error !== null);
    });
  }

  get #isConnected(): boolean {
    return !this.destroyed && !this.connecting && this.#end.error === undefined;
  }

  #dispatch(bytes: Buffer, done: Done): void {
    if (this.connecting) {
      const onConnect = (): void => {
        this.off('close', onClose);
        this.#dispatch(bytes, done);
      };
      const onClose = (): void => {
        const error = new Error('Socket closed before the connection was established');
        done(Object.assign(error, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' }));
      };
      this.once('connect', onConnect).once('close', onClose);
      return;
    }
    this._bytesDispatched += bytes.length;
    this.#outgoing = { rest: bytes, done };
    this.#send();
  }

  /** Looks what has happened to the connection, in the next turn. */
  #poll(): void {
    if (this.#isPolled) return;
    this.#isPolled = true;
    this.#clock.defer(() => {
      this.#isPolled = false;
      if (this.destroyed) return;
      if (this.connecting) this.#finishConnecting();
      // as libuv does: first all is read, then it is written
      else if (this.#isReading && this.#receive()) this.#poll();
      else this.#send();
    });
  }

  #finishConnecting(): void {
    const { error, remote } = this.#end;
    if (error !== undefined) {
      this.destroy(systemError(error, 'connect', remote));
      return;
    }
    this.connecting = false;
    this.emit('connect');
    this.emit('ready');
    // so that an end or a reset is noticed without anybody reading
    if (!this.isPaused()) this.read(0);
  }

  /** Reads once; tells whether there may be more. */
  #receive(): boolean {
    const bytes = this.#end.read();
    if (bytes !== undefined) {
      this.bytesRead += bytes.length;
      this.#isReading = this.push(bytes);
      return this.#isReading;
    }
    if (this.#end.isAtEnd) {
      this.#isReading = false;
      this.push(null);
      this.read(0);
    } else if (this.#end.error !== undefined) {
      this.destroy(systemError(this.#end.error, 'read'));
    }
    return false;
  }

  #send(): void {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.destroyed) return;
    const { error } = this.#end;
    if (error === undefined) {
      const taken = this.#end.write(outgoing.rest);
      outgoing.rest = outgoing.rest.subarray(taken);
      if (outgoing.rest.length > 0) return;
    }
    this.#outgoing = undefined;
    outgoing.done(error === undefined ? null : systemError(error, 'write'));
  }
}

/** A unix socket has none. */
const addressOf = ({ address, port }: TcpEnd['local']): string | undefined =>
  port === undefined ? undefined : address;
