import type { Socket } from 'node:net';
import { sizeOf } from '../../machines/vocabulary/bytes';
import type { Bytes } from '../../machines/vocabulary/connectionTypes';
import { beforeDestroy, dispatchedBytes, takenBytes, unsentBytes } from './nodeInternals';

const nothing = Buffer.alloc(0);

/** Who writes. */
interface WriterOwner {
  /** The kernel takes no more: bytes wait in this process. */
  noSpaceInBox(): void;
  /** None wait any more. */
  spaceInBox(): void;
}

/** The write side of a socket: how much has left, how much waits, and when the kernel takes no more. */
export class SocketWriter {
  readonly #socket: Socket;
  readonly #owner: WriterOwner;
  readonly #wire: Socket;
  #isFull = false;
  #isLooking = false;
  #written = 0;
  /** What the kernel had not taken when the socket broke; Node knows it no more by the time that it tells. */
  #unsentAtDestroy = 0;

  /**
   * @param socket - where to write
   * @param owner - told of how the kernel takes what is written
   * @param wire - with TLS, the socket below: only that one knows what has left
   */
  constructor(socket: Socket, owner: WriterOwner, wire = socket) {
    this.#socket = socket;
    this.#owner = owner;
    this.#wire = wire;
    if (this.#isEncrypted) this.#keepUnsent();
  }

  /** Bytes that the kernel took: with TLS as they travel, from the accept on. */
  get bytesOut(): number {
    if (this.#isEncrypted) return this.#takenFromWire;
    if (this.#socket.destroyed) return this.#written - this.#unsentAtDestroy;
    // nearly always the kernel has taken all at once
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
    // the kernel wouldn't have it: the peer has closed; Node destroys the socket later
    if (socket.destroyed || socket.errored) this.#written -= size;
    // Not what write() returns: for a large write that is false even when the kernel took all of it at once, and for a
    // small one true even when the kernel took nothing.
    if (socket.writableLength === 0 || this.#isFull) return;
    if (this.#isEncrypted) this.#lookLater();
    else this.#fill();
  }

  get #isEncrypted(): boolean {
    return this.#wire !== this.#socket;
  }

  get #takenFromWire(): number {
    return dispatchedBytes(this.#wire) - (unsentBytes(this.#wire) ?? this.#unsentAtDestroy);
  }

  /**
   * Node reports what it encrypted as written only in a later turn, and hands a large write on in pieces, each when the one
   * before has left. So whether bytes wait is nothing to go by; whether the kernel has left some of a piece is.
   */
  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      const { writable, writableLength } = this.#socket;
      if (!writable || writableLength === 0) return;
      if ((unsentBytes(this.#wire) ?? 0) > 0) this.#fill();
      else this.#lookLater();
    });
  }

  #fill(): void {
    this.#isFull = true;
    if (!this.#isEncrypted) this.#keepUnsent();
    this.#owner.noSpaceInBox();
    const socket = this.#socket;
    const look = (error?: Error | null): void => {
      if (error || socket.writableEnded) return;
      if (socket.writableLength > 0) {
        // behind what was written meanwhile; 'drain' comes only after more than the high-water mark
        socket.write(nothing, look);
        return;
      }
      this.#isFull = false;
      this.#owner.spaceInBox();
    };
    socket.write(nothing, look);
  }

  /** Notes what is unsent in the moment that the socket is destroyed, by whomever. */
  #keepUnsent(): void {
    beforeDestroy(this.#socket, () => {
      this.#unsentAtDestroy = this.#isEncrypted
        ? (unsentBytes(this.#wire) ?? 0)
        : this.#written - takenBytes(this.#socket);
    });
  }
}
