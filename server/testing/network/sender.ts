import { systemError } from './errors';
import type { TcpEnd } from './tcpEnd';

/** Called when a write is done, or with the error when it has failed. */
export type WriteCallback = (error?: Error | null) => void;

/** A write, of which the peer's window has not had room for all bytes yet. */
interface PendingWrite {
  rest: Buffer;
  /** How many bytes were left when {@link Sender.hasProgressed} was called last; at first, all. */
  left: number;
  readonly done: WriteCallback;
}

/** Sends a socket's writes: Node's stream has one under way at a time. */
export class Sender {
  /** Bytes of all writes so far, sent or not. */
  dispatched = 0;
  readonly #end: TcpEnd;
  #pending: PendingWrite | undefined;

  constructor(end: TcpEnd) {
    this.#end = end;
  }

  /** Bytes of the write under way that are not sent yet. */
  get waiting(): number {
    return this.#pending?.rest.length ?? 0;
  }

  /** Begins a write. */
  start(bytes: Buffer, done: WriteCallback): void {
    const failures: Error[] = [];
    const finish: WriteCallback = (error) => {
      if (error) failures.push(error);
      done(error);
    };
    this.#pending = { rest: bytes, left: bytes.length, done: finish };
    this.send();
    // a write that fails at once doesn't count
    if (failures.length === 0) this.dispatched += bytes.length;
  }

  /** Sends as many bytes as there is room for. Returns whether the write has ended with them. */
  send(): boolean {
    const pending = this.#pending;
    if (pending === undefined || this.#end.isClosed) return false;
    let { error } = this.#end;
    if (error === undefined) {
      const taken = this.#end.write(pending.rest);
      pending.rest = pending.rest.subarray(taken);
      // Bytes that were taken are written, even if the peer has answered with a reset by now. So the write has failed
      // only if none was taken.
      if (taken === 0) ({ error } = this.#end);
      if (error === undefined && pending.rest.length > 0) return false;
    }
    this.#finish(error === undefined ? null : systemError(error, 'write'));
    return true;
  }

  /** Whether bytes of the write under way have left since the last call, or since the write began. */
  hasProgressed(): boolean {
    const pending = this.#pending;
    if (pending === undefined || pending.left === pending.rest.length) return false;
    pending.left = pending.rest.length;
    return true;
  }

  /** Ends the write under way, because the socket has closed. */
  cancel(): void {
    // as from Node 22 on; earlier versions called back as if the write were done
    this.#finish(systemError('ECANCELED', 'write'));
  }

  #finish(error: Error | null): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.done(error);
  }
}
