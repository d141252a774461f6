import { Transit } from './transit';
import { ByteQueue } from './byteQueue';
import type { EndAddress, Wire } from './wire';

/** Node reads no more at once. */
const mostAtOnce = 65_536;

/**
 * One end of a connection as the kernel keeps it, whether or not a process has accepted it: what has arrived and was not
 * read, the peer's FIN behind that, or its reset. Latency aside, what one end sends is at the other at once; processes
 * learn of it in a later turn, from {@link watch}.
 *
 * The rules are those of Linux and libuv; each one is a case of the conformance specs.
 */
export class TcpEnd {
  readonly local: EndAddress;
  readonly remote: EndAddress;
  readonly #wire: Wire;
  /** To the peer. */
  readonly #transit: Transit;
  #peer: TcpEnd | undefined;
  #watcher: (() => void) | undefined;
  /** What has arrived and was not read. */
  readonly #unread = new ByteQueue();
  /** Bytes read of which the peer doesn't know yet that there is room for others. */
  #unacknowledgedReads = 0;
  #hasFin = false;
  /** The process has ended its side, whether or not the FIN is on its way. */
  #hasEnded = false;
  #isClosed = false;
  /** Bytes taken from the process that the peer has not read. */
  #unacknowledged = 0;
  /** Those of them that are not on their way yet: a reset of ours destroys them. */
  readonly #unsent = new ByteQueue();
  #error: string | undefined;

  constructor(wire: Wire, local: EndAddress, remote: EndAddress) {
    this.#wire = wire;
    this.#transit = new Transit(wire);
    this.local = local;
    this.remote = remote;
    wire.ends.add(this);
  }

  /** The handshake is done, whatever has happened since. */
  get isConnected(): boolean {
    return this.#peer !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why nothing can be sent any more, nor read once all that has arrived is. */
  get error(): string | undefined {
    return this.#error;
  }

  /** All was read, and the peer has ended its side. */
  get isAtEnd(): boolean {
    return this.#unread.length === 0 && this.#hasFin;
  }

  /** Has `watcher` called whenever there may be something to read, or room to write. */
  watch(watcher: () => void): void {
    this.#watcher = watcher;
  }

  /** The handshake: from now on these are the two ends of one connection. */
  join(peer: TcpEnd): void {
    this.#peer = peer;
    this.transmit(() => {
      peer.#peer = this;
      // it didn't wait for the answer
      if (peer.#isClosed) peer.reset();
      else peer.#watcher?.();
    });
  }

  /**
   * There is no connecting.
   * @param exists - whether there is such an address at all
   */
  refuse(exists: boolean): void {
    this.transmit(() => {
      this.#error = this.remote.port === undefined && !exists ? 'ENOENT' : 'ECONNREFUSED';
      this.#watcher?.();
    });
  }

  /** Has something happen at the other end: in order, and after the latency. */
  transmit(arrive: () => void): void {
    this.#transit.send(arrive);
  }

  /**
   * Takes what has arrived: all of it, or as often only the first part, however it was written. Undefined when there is
   * nothing.
   */
  read(most = mostAtOnce): Buffer | undefined {
    if (this.#unread.length === 0) return undefined;
    const { random, faults } = this.#wire;
    const all = Math.min(this.#unread.length, most);
    const size = random() < (faults.split ?? this.#wire.split) ? 1 + Math.floor(random() * all) : all;
    const bytes = this.#unread.take(size);
    this.#unacknowledgedReads += size;
    // as TCP does, so that a stream that was once cut into small pieces doesn't stay so
    if (this.#unread.length === 0 || this.#unacknowledgedReads >= this.#wire.window / 4) this.#acknowledgeReads();
    return bytes;
  }

  /** Sends as much as the window has room for, and tells how many bytes that was. */
  write(bytes: Buffer): number {
    const size = Math.min(bytes.length, this.#wire.window - this.#unacknowledged);
    if (size === 0) return 0;
    const { faults } = this.#wire;
    if (this.#fails(faults.writeError ?? this.#chance)) return 0;
    // the caller may use its buffer again
    this.#unsent.push(Buffer.from(bytes.subarray(0, size)));
    this.#unacknowledged += size;
    this.#send();
    return size;
  }

  /** Sends the FIN, once. */
  shutdown(): void {
    if (this.#hasEnded || this.#error !== undefined) return;
    this.#hasEnded = true;
    if (!this.#fails(this.#chance)) this.#sendFin();
  }

  /** The process has closed its descriptor: a FIN, or a reset when it has left bytes unread. */
  close(): void {
    if (this.#unread.length > 0) {
      this.reset();
      return;
    }
    this.shutdown();
    this.#hasClosed();
  }

  /** Closes with a reset. */
  reset(): void {
    this.#hasClosed();
    this.#unsent.clear();
    this.#tell((peer) => {
      peer.#takeReset();
    });
  }

  #hasClosed(): void {
    this.#isClosed = true;
    this.#wire.ends.delete(this);
  }

  /** The error of a connection that breaks by chance. */
  get #chance(): string | undefined {
    return this.#wire.faults.breaks ? 'ECONNRESET' : undefined;
  }

  /** Whether an error breaks the connection instead of what was to be sent. */
  #fails(error: string | undefined): boolean {
    if (error === undefined) return false;
    this.#break(error);
    this.#tell((peer) => {
      peer.#takeReset();
    });
    return true;
  }

  #tell(arrive: (peer: TcpEnd) => void): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.transmit(() => {
      arrive(peer);
    });
  }

  /** Sends what the peer has room for, as far as this end still can. */
  #send(): void {
    const { window } = this.#wire;
    const room = Math.ceil(window / 2) - (this.#unacknowledged - this.#unsent.length);
    if (room <= 0 || this.#unsent.length === 0) return;
    const bytes = this.#unsent.take(room);
    this.#tell((peer) => {
      peer.#take(bytes);
    });
  }

  /** The FIN goes behind all bytes. */
  #sendFin(): void {
    if (this.#unsent.length > 0) return;
    this.#tell((peer) => {
      peer.#takeFin();
    });
  }

  #acknowledgeReads(): void {
    const size = this.#unacknowledgedReads;
    this.#unacknowledgedReads = 0;
    this.#tell((peer) => {
      peer.#acknowledge(size);
    });
  }

  #acknowledge(size: number): void {
    this.#unacknowledged -= size;
    if (this.#unsent.length > 0) {
      this.#send();
      if (this.#hasEnded) this.#sendFin();
    }
    this.#watcher?.();
  }

  #take(bytes: Buffer): void {
    if (this.#isClosed) {
      // there is nobody to read it
      this.reset();
      return;
    }
    if (this.#error !== undefined) return;
    this.#unread.push(bytes);
    this.#watcher?.();
  }

  #takeFin(): void {
    if (this.#error !== undefined) return;
    this.#hasFin = true;
    this.#watcher?.();
  }

  #takeReset(): void {
    if (this.#isClosed || this.#error !== undefined) return;
    // so does Linux say that the peer had ended before (tcp_reset in CLOSE_WAIT)
    this.#break(this.#hasFin && !this.#hasEnded ? 'EPIPE' : 'ECONNRESET');
  }

  #break(error: string): void {
    this.#error = error;
    this.#unsent.clear();
    this.#watcher?.();
  }
}
