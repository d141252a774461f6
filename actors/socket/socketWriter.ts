import type { Socket } from 'node:net';
import { sizeOf } from '../../machines/vocabulary/bytes';
import type { Bytes } from '../../machines/vocabulary/connectionTypes';
import { beforeDestroy, dispatchedBytes, takenBytes, unsentBytes } from './nodeInternals';

const nothing = Buffer.alloc(0);

/** Hears whether the kernel takes what is written. */
interface WriterListener {
  /** The kernel takes no more bytes: some wait in this process. */
  noSpaceInBox(): void;
  /** No bytes wait any more. */
  spaceInBox(): void;
}

/** The write side of a socket: how many bytes have left, how many wait, and when the kernel takes no more. */
export class SocketWriter {
  readonly #socket: Socket;
  readonly #listener: WriterListener;
  readonly #rawSocket: Socket;
  #isFull = false;
  #isLooking = false;
  #written = 0;
  /** Bytes that the kernel had not taken when the socket was destroyed: at 'close', Node doesn't know them any more. */
  #unsentAtDestroy = 0;

  /**
   * @param socket - where to write
   * @param listener - hears whether the kernel takes what is written
   * @param rawSocket - with TLS, the socket below: only the raw socket knows what has left
   */
  constructor(socket: Socket, listener: WriterListener, rawSocket = socket) {
    this.#socket = socket;
    this.#listener = listener;
    this.#rawSocket = rawSocket;
    if (this.#isEncrypted) this.#keepUnsent();
  }

  /** Bytes that the kernel took. With TLS these are the encrypted bytes and all that left before TLS. */
  get bytesOut(): number {
    if (this.#isEncrypted) return this.#takenFromRawSocket;
    if (this.#socket.destroyed) return this.#written - this.#unsentAtDestroy;
    // nearly always the kernel has taken everything at once
    return this.isFlushed ? this.#written : takenBytes(this.#socket);
  }

  /** Bytes that wait in this process. */
  get waiting(): number {
    if (this.#isEncrypted) return this.#socket.writableLength;
    return this.#isFull ? this.#written - this.bytesOut : 0;
  }

  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  write(data: Bytes): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    const size = sizeOf(data);
    this.#written += size;
    socket.write(data);
    // the kernel has refused the write because the peer has closed; Node destroys the socket later
    if (socket.destroyed || socket.errored) this.#written -= size;
    // What write() returns doesn't tell: for a large write that is false even if the kernel took everything at once,
    // for a small one true even if the kernel took nothing.
    if (socket.writableLength === 0 || this.#isFull) return;
    if (this.#isEncrypted) this.#lookLater();
    else this.#fill();
  }

  get #isEncrypted(): boolean {
    return this.#rawSocket !== this.#socket;
  }

  get #takenFromRawSocket(): number {
    return dispatchedBytes(this.#rawSocket) - (unsentBytes(this.#rawSocket) ?? this.#unsentAtDestroy);
  }

  /**
   * Looks, in a later turn, whether the kernel takes what was encrypted. Node reports encrypted bytes as written only
   * in a later turn, and passes a large write on in pieces, each when the one before has left. So waiting bytes don't
   * show that the kernel takes no more; a piece that the kernel has taken only in part does.
   */
  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      const { writable, writableLength } = this.#socket;
      if (!writable || writableLength === 0) return;
      if ((unsentBytes(this.#rawSocket) ?? 0) > 0) this.#fill();
      else this.#lookLater();
    });
  }

  #fill(): void {
    this.#isFull = true;
    if (!this.#isEncrypted) this.#keepUnsent();
    this.#listener.noSpaceInBox();
    const socket = this.#socket;
    const look = (error?: Error | null): void => {
      if (error || socket.writableEnded) return;
      if (socket.writableLength > 0) {
        // look again after what was written meanwhile: Node emits 'drain' only after more than the high-water mark
        socket.write(nothing, look);
        return;
      }
      this.#isFull = false;
      this.#listener.spaceInBox();
    };
    socket.write(nothing, look);
  }

  /** Notes how many bytes are unsent at the moment when the socket is destroyed, whatever the cause. */
  #keepUnsent(): void {
    beforeDestroy(this.#socket, () => {
      this.#unsentAtDestroy = this.#isEncrypted
        ? (unsentBytes(this.#rawSocket) ?? 0)
        : this.#written - takenBytes(this.#socket);
    });
  }
}
