import type { Faults } from './faults';
import type { SimulatedClock } from './simulatedClock';

/** What all connections of a network have in common. */
export interface Wire {
  readonly clock: SimulatedClock;
  /** Milliseconds that anything takes from one end to the other. */
  readonly latency: number;
  /** Bytes that one end may have sent which the other has not read. */
  readonly window: number;
  /** The share of reads that take only a part of what is there. */
  readonly split: number;
  readonly random: () => number;
  faults: Faults;
  /** What is open, on whichever side. */
  readonly ends: Set<TcpEnd>;
  /** How many descriptors the servers have. */
  descriptors: number;
}

/** Where an end is; it has no port when it is a unix socket. */
export interface EndAddress {
  readonly address: string;
  readonly port: number | undefined;
}

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
  #peer: TcpEnd | undefined;
  #watcher: (() => void) | undefined;
  readonly #received: Buffer[] = [];
  #unread = 0;
  #hasFin = false;
  #hasSentFin = false;
  #isClosed = false;
  /** Bytes sent that the peer has not read. */
  #unacknowledged = 0;
  #error: string | undefined;
  /** When the last of what was sent arrives. */
  #arrival = 0;
  /** What is under way. */
  #underWay = 0;

  constructor(wire: Wire, local: EndAddress, remote: EndAddress) {
    this.#wire = wire;
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
    return this.#unread === 0 && this.#hasFin;
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
    const { clock, latency, faults } = this.#wire;
    const now = clock.now();
    this.#arrival = Math.max(now + latency + faults.delay, this.#arrival);
    if (this.#arrival === now && this.#underWay === 0) {
      arrive();
      return;
    }
    this.#underWay += 1;
    clock.setTimeout(() => {
      this.#underWay -= 1;
      arrive();
    }, this.#arrival - now);
  }

  /**
   * Takes what has arrived: all of it, or as often only the first part, however it was written. Undefined when there is
   * nothing.
   */
  read(most = mostAtOnce): Buffer | undefined {
    if (this.#unread === 0) return undefined;
    const { random, faults } = this.#wire;
    const all = Math.min(this.#unread, most);
    const size = random() < (faults.split ?? this.#wire.split) ? 1 + Math.floor(random() * all) : all;
    const arrived = Buffer.concat(this.#received);
    const bytes = arrived.subarray(0, size);
    this.#received.length = 0;
    this.#received.push(arrived.subarray(size));
    this.#unread -= size;
    this.#tell((peer) => {
      peer.#acknowledge(size);
    });
    return bytes;
  }

  /** Sends as much as the window has room for, and tells how many bytes that was. */
  write(bytes: Buffer): number {
    const size = Math.min(bytes.length, this.#wire.window - this.#unacknowledged);
    if (size === 0 || this.#fails()) return 0;
    // the caller may use its buffer again
    const copy = Buffer.from(bytes.subarray(0, size));
    this.#unacknowledged += size;
    this.#tell((peer) => {
      peer.#take(copy);
    });
    return size;
  }

  /** Sends the FIN, once. */
  shutdown(): void {
    if (this.#hasSentFin || this.#error !== undefined) return;
    this.#hasSentFin = true;
    if (this.#fails()) return;
    this.#tell((peer) => {
      peer.#takeFin();
    });
  }

  /** The process has closed its descriptor: a FIN, or a reset when it has left bytes unread. */
  close(): void {
    if (this.#unread > 0) {
      this.reset();
      return;
    }
    this.shutdown();
    this.#hasClosed();
  }

  /** Closes with a reset. */
  reset(): void {
    this.#hasClosed();
    this.#tell((peer) => {
      peer.#takeReset();
    });
  }

  #hasClosed(): void {
    this.#isClosed = true;
    this.#wire.ends.delete(this);
  }

  /** Whether what is to be sent breaks the connection instead. */
  #fails(): boolean {
    const { faults } = this.#wire;
    const error = faults.writeError ?? (faults.breaks ? 'ECONNRESET' : undefined);
    if (error === undefined) return false;
    this.#error = error;
    this.#watcher?.();
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

  #acknowledge(size: number): void {
    this.#unacknowledged -= size;
    this.#watcher?.();
  }

  #take(bytes: Buffer): void {
    if (this.#isClosed) {
      // there is nobody to read it
      this.reset();
      return;
    }
    if (this.#error !== undefined) return;
    this.#received.push(bytes);
    this.#unread += bytes.length;
    this.#watcher?.();
  }

  #takeFin(): void {
    this.#hasFin = true;
    this.#watcher?.();
  }

  #takeReset(): void {
    if (this.#isClosed || this.#error !== undefined) return;
    // so does Linux say that the peer had ended before (tcp_reset in CLOSE_WAIT)
    this.#error = this.#hasFin && !this.#hasSentFin ? 'EPIPE' : 'ECONNRESET';
    this.#watcher?.();
  }
}
