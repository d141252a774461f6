import type { OnReadOpts } from 'node:net';
import { addAbortSignal, Duplex } from 'node:stream';
import { IdleTimer } from './idleTimer';
import { ReadBuffer } from './readBuffer';
import { Sender, type WriteCallback } from './sender';
import type { SimulatedClock } from '../simulatedClock';
import type { OutputCounters } from '../../../actors/socket/nodeInternals';
import { nodeError, systemError } from './errors';
import type { TcpEnd } from './tcpEnd';

/** Options of `net.Socket`. */
export interface MemoryStreamOptions {
  readonly allowHalfOpen?: boolean | undefined;
  readonly highWaterMark?: number | undefined;
  readonly onread?: OnReadOpts | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A write that waits in the stream. */
interface QueuedWrite {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/**
 * Carries bytes, ends and errors from a {@link TcpEnd} into Node's stream and back. The order of events and the
 * errors are those of `net.Socket`.
 */
export class MemoryStream extends Duplex implements OutputCounters {
  /** Whether the connection is being made. */
  connecting: boolean;
  /** How many bytes were read. */
  bytesRead = 0;
  protected readonly tcpEnd: TcpEnd;
  /** Goes off after a time without activity: reading, writing, and the end of connecting are activity. */
  protected readonly idleTimer: IdleTimer;
  readonly #clock: SimulatedClock;
  /** Undefined without `onread`, and after the peer has ended: nothing is left to read then. */
  #readBuffer: ReadBuffer | undefined;
  #isReading = false;
  #isPolled = false;
  #resets = false;
  readonly #sender: Sender;
  /** Bytes of the write that waits for the connection. The stream keeps the writes behind that. */
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
      // a large write that makes progress is activity, too
      if (this.#sender.hasProgressed()) this.idleTimer.refresh();
      else this.emit('timeout');
    });
    end.watch(() => {
      this.#poll();
    });
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  /** Node's name: the bytes of the write under way that are not sent yet. */
  get _handle(): { readonly writeQueueSize: number } {
    return { writeQueueSize: this.#sender.waiting };
  }

  /** Node's name: the bytes of all writes that the stream has handed on. */
  get _bytesDispatched(): number {
    return this.#sender.dispatched;
  }

  /** The bytes of all writes, sent or not. */
  get bytesWritten(): number {
    const { writableBuffer } = this as unknown as { readonly writableBuffer: readonly QueuedWrite[] };
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

  // With a read buffer, the next three methods stop and start at once: no stream fills up to its high-water mark first.

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

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: WriteCallback): void {
    this.#dispatch(bytesOf({ chunk, encoding }), done);
  }

  override _writev(writes: QueuedWrite[], done: WriteCallback): void {
    this.#dispatch(Buffer.concat(writes.map(bytesOf)), done);
  }

  override _final(done: WriteCallback): void {
    if (this.connecting) {
      this.once('connect', () => {
        this._final(done);
      });
      return;
    }
    this.tcpEnd.shutdown();
    this.#clock.defer(done);
  }

  override _destroy(error: Error | null, done: WriteCallback): void {
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

  #dispatch(bytes: Buffer, done: WriteCallback): void {
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

  /** Looks at the connection in the next turn, and goes on with what has happened to it. */
  #poll(): void {
    if (this.#isPolled) return;
    this.#isPolled = true;
    this.#clock.defer(() => {
      this.#isPolled = false;
      if (this.destroyed) return;
      if (this.connecting) this.#finishConnecting();
      // libuv, too, first reads all, and then writes
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
    // the socket must notice an end or a reset even when nobody reads
    if (!this.isPaused()) this.read(0);
  }

  /** Reads once. Returns whether there may be more. */
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

const bytesOf = ({ chunk, encoding }: QueuedWrite): Buffer =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
