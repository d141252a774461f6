import { systemError } from './errors';
import type { TcpEnd } from './tcpEnd';

/** Told that a write is done, or why it isn't. */
export type Done = (error?: Error | null) => void;

/** A write that the peer's window has not had room for yet. */
interface Outgoing {
  rest: Buffer;
  /** How much was left when somebody last asked for progress; at first, all. */
  left: number;
  readonly done: Done;
}

/** A socket's write under way: Node's stream has one at a time. */
export class Sender {
  /** Bytes of all writes until now, sent or not. */
  dispatched = 0;
  readonly #end: TcpEnd;
  #outgoing: Outgoing | undefined;

  constructor(end: TcpEnd) {
    this.#end = end;
  }

  /** Bytes of the write under way that are not sent yet. */
  get waiting(): number {
    return this.#outgoing?.rest.length ?? 0;
  }

  start(bytes: Buffer, done: Done): void {
    const failures: Error[] = [];
    const finish: Done = (error) => {
      if (error) failures.push(error);
      done(error);
    };
    this.#outgoing = { rest: bytes, left: bytes.length, done: finish };
    this.send();
    // what fails at once was never handed on
    if (failures.length === 0) this.dispatched += bytes.length;
  }

  /** Sends what there is room for; tells whether that ended a write. */
  send(): boolean {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.#end.isClosed) return false;
    let { error } = this.#end;
    if (error === undefined) {
      const taken = this.#end.write(outgoing.rest);
      outgoing.rest = outgoing.rest.subarray(taken);
      // What was taken is written, even if the peer has answered with a reset by now. The write itself may have failed only
      // when nothing was.
      if (taken === 0) ({ error } = this.#end);
      if (error === undefined && outgoing.rest.length > 0) return false;
    }
    this.#finish(error === undefined ? null : systemError(error, 'write'));
    return true;
  }

  /** Whether some of the write under way has left since it began, or since this was asked last. */
  hasProgressed(): boolean {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || outgoing.left === outgoing.rest.length) return false;
    outgoing.left = outgoing.rest.length;
    return true;
  }

  /** The socket has closed. */
  cancel(): void {
    // as from Node 22 on; before, it was called back as if it had been written
    this.#finish(systemError('ECANCELED', 'write'));
  }

  #finish(error: Error | null): void {
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    outgoing?.done(error);
  }
}
