import type { OnReadOpts } from 'node:net';
import { addAbortSignal, Duplex } from 'node:stream';
import { IdleTimer } from './idleTimer';
import { ReadBuffer } from './readBuffer';
import { Sender, type Done } from './sender';
import type { SimulatedClock } from '../simulatedClock';
import type { OutputCounters } from '../../../actors/socket/nodeInternals';
import { nodeError, systemError } from './errors';
import type { TcpEnd } from './tcpEnd';

/** As `net.Socket` has them. */
export interface MemoryStreamOptions {
  readonly allowHalfOpen?: boolean | undefined;
  readonly highWaterMark?: number | undefined;
  readonly onread?: OnReadOpts | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What somebody wrote. */
interface Written {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/**
 * How bytes, ends and errors get from a {@link TcpEnd} into Node's stream and back, with the order of events and the errors
 * that `net.Socket` has.
 */
export class MemoryStream extends Duplex implements OutputCounters {
  /** The connection is being made. */
  connecting: boolean;
  /** Bytes that arrived. */
  bytesRead = 0;
  protected readonly tcpEnd: TcpEnd;
  /** Anything that is read or written, or the connection being made, is activity. */
  protected readonly idleTimer: IdleTimer;
  readonly #clock: SimulatedClock;
  /** Undefined without `onread`, and once the peer has ended: then there is nothing left to start reading for. */
  #readBuffer: ReadBuffer | undefined;
  #isReading = false;
  #isPolled = false;
  #resets = false;
  readonly #sender: Sender;
  /** Bytes of the write that waits for the connection; the stream has those behind it. */
  #early = 0;

  constructor(clock: SimulatedClock, end: TcpEnd, options: MemoryStreamOptions) {
    const { allowHalfOpen = false, highWaterMark, onread, signal } = options;
    super({ allowHalfOpen, highWaterMark, emitClose: false, decodeStrings: false });
    this.#clock = clock;
    this.tcpEnd = end;
    this.connecting = !end.isConnected;
    this.#readBuffer = onread && new ReadBuffer(onread);
    this.#sender = new Sender(end);
    this.idleTimer = new IdleTimer(clock, () => {
      // a large write that goes on by and by is activity, too
      if (this.#sender.hasProgressed()) this.idleTimer.refresh();
      else this.emit('timeout');
    });
    end.watch(() => {
      this.#poll();
    });
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  /** Node's name: what of the bytes handed on has not been taken yet. */
  get _handle(): { readonly writeQueueSize: number } {
    return { writeQueueSize: this.#sender.waiting };
  }

  /** Node's name: bytes that were handed on to be sent. */
  get _bytesDispatched(): number {
    return this.#sender.dispatched;
  }

  /** Bytes that were written, whether or not they could be sent yet. */
  get bytesWritten(): number {
    const { writableBuffer } = this as unknown as { readonly writableBuffer: readonly Written[] };
    return writableBuffer.reduce(
      (sum, { chunk, encoding }) => sum + Buffer.byteLength(chunk, encoding),
      this._bytesDispatched + this.#early,
    );
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

  // With a read buffer these three stop and start at once: there is no stream to fill up to its high-water mark.

  override pause(): this {
    if (this.#readBuffer !== undefined && !this.connecting) this.#isReading = false;
    return super.pause();
  }

  override resume(): this {
    if (this.#readBuffer !== undefined) this.#startReading();
    return super.resume();
  }

  override read(size?: number): unknown {
    if (this.#readBuffer !== undefined) this.#startReading();
    return super.read(size);
  }

  override _read(): void {
    if (this.connecting) {
      this.once('connect', () => {
        this._read();
      });
      return;
    }
    this.#startReading();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.#dispatch(bytesOf({ chunk, encoding }), done);
  }

  override _writev(writes: Written[], done: Done): void {
    this.#dispatch(Buffer.concat(writes.map(bytesOf)), done);
  }

  override _final(done: Done): void {
    if (this.connecting) {
      this.once('connect', () => {
        this._final(done);
      });
      return;
    }
    this.tcpEnd.shutdown();
    this.#clock.defer(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.connecting = false;
    this.idleTimer.start(0);
    if (this.#resets) this.tcpEnd.reset();
    else this.tcpEnd.close();
    done(error);
    this.#clock.defer(() => {
      this.#sender.cancel();
      this.emit('close', error !== null);
    });
  }

  #dispatch(bytes: Buffer, done: Done): void {
    if (this.connecting) {
      const onConnect = (): void => {
        this.off('close', onClose);
        this.#early = 0;
        this.#dispatch(bytes, done);
      };
      const onClose = (): void => {
        const message = 'Socket closed before the connection was established';
        done(nodeError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', message));
      };
      this.#early = bytes.length;
      this.once('connect', onConnect).once('close', onClose);
      return;
    }
    if (this.destroyed) {
      done(nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'));
      return;
    }
    this.idleTimer.refresh();
    this.#sender.start(bytes, done);
  }

  #startReading(): void {
    if (this.connecting || this.#isReading) return;
    this.#isReading = true;
    this.#poll();
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
      else if (this.#sender.send()) this.idleTimer.refresh();
    });
  }

  #finishConnecting(): void {
    const { error, remote } = this.tcpEnd;
    if (error !== undefined) {
      this.destroy(systemError(error, 'connect', remote));
      return;
    }
    this.connecting = false;
    this.idleTimer.refresh();
    this.emit('connect');
    this.emit('ready');
    // so that an end or a reset is noticed without anybody reading
    if (!this.isPaused()) this.read(0);
  }

  /** Reads once; tells whether there may be more. */
  #receive(): boolean {
    const bytes = this.tcpEnd.read(this.#readBuffer?.size);
    if (bytes !== undefined) {
      this.idleTimer.refresh();
      this.bytesRead += bytes.length;
      const wantsMore = this.#readBuffer === undefined ? this.push(bytes) : this.#readBuffer.deliver(bytes);
      if (!wantsMore) this.#isReading = false;
      return this.#isReading;
    }
    if (this.tcpEnd.isAtEnd) {
      this.idleTimer.refresh();
      this.#isReading = false;
      this.#readBuffer = undefined;
      this.push(null);
      this.read(0);
    } else if (this.tcpEnd.error !== undefined) {
      this.destroy(systemError(this.tcpEnd.error, 'read'));
    }
    return false;
  }
}

const bytesOf = ({ chunk, encoding }: Written): Buffer =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
