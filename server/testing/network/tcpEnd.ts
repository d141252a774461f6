import { Transit } from './transit';
import { ByteQueue } from './byteQueue';
import type { EndAddress, NetworkState } from './networkState';

/** Bytes that Node reads at once, at most. */
const mostAtOnce = 65_536;

/**
 * One end of a connection, as the kernel keeps it even before a process has accepted the connection. It holds the
 * bytes that have arrived and were not read, the peer's FIN behind these, or the peer's reset. Without latency, what
 * one end sends is at the other end at once. The process learns of it in a later turn, from {@link watch}.
 *
 * The rules are those of Linux and libuv; each one is a case of the conformance specs.
 */
export class TcpEnd {
  readonly local: EndAddress;
  readonly remote: EndAddress;
  readonly #network: NetworkState;
  /** The way to the peer. */
  readonly #transit: Transit;
  #peer: TcpEnd | undefined;
  #watcher: (() => void) | undefined;
  /** The bytes that have arrived and were not read. */
  readonly #unread = new ByteQueue();
  /** How many bytes were read without the peer knowing yet that there is room again. */
  #unacknowledgedReads = 0;
  #hasFin = false;
  /** Whether the process has ended its side, even if the FIN isn't on its way yet. */
  #hasEnded = false;
  #isClosed = false;
  /** How many bytes were taken from the process that the peer has not read. */
  #unacknowledged = 0;
  /** The part of these bytes that is not on its way yet. A reset of ours destroys it. */
  readonly #unsent = new ByteQueue();
  #error: string | undefined;

  constructor(network: NetworkState, local: EndAddress, remote: EndAddress) {
    this.#network = network;
    this.#transit = new Transit(network);
    this.local = local;
    this.remote = remote;
    network.ends.add(this);
  }

  /** Whether the handshake is done, whatever has happened since. */
  get isConnected(): boolean {
    return this.#peer !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The code of the error that has broken the connection. Bytes that had arrived before can still be read. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Whether all was read and the peer has ended its side. */
  get isAtEnd(): boolean {
    return this.#unread.length === 0 && this.#hasFin;
  }

  /** Calls `watcher` whenever there may be something to read, or room to write. */
  watch(watcher: () => void): void {
    this.#watcher = watcher;
  }

  /** Makes the handshake: this end and `peer` become the two ends of one connection. */
  join(peer: TcpEnd): void {
    this.#peer = peer;
    this.transmit(() => {
      peer.#peer = this;
      // the client has left without waiting for the answer
      if (peer.#isClosed) peer.reset();
      else peer.#watcher?.();
    });
  }

  /**
   * Refuses to connect.
   * @param exists - whether the address exists at all
   */
  refuse(exists: boolean): void {
    this.transmit(() => {
      this.#error = this.remote.port === undefined && !exists ? 'ENOENT' : 'ECONNREFUSED';
      this.#watcher?.();
    });
  }

  /** Calls `arrive` when a delivery is at the other end: in order, and after the latency. */
  transmit(arrive: () => void): void {
    this.#transit.send(arrive);
  }

  /**
   * Takes bytes that have arrived: all of them, or a first part, as the network's `split` decides. Undefined when
   * there are none.
   */
  read(most = mostAtOnce): Buffer | undefined {
    if (this.#unread.length === 0) return undefined;
    const { random, faults } = this.#network;
    const all = Math.min(this.#unread.length, most);
    const size = random() < (faults.split ?? this.#network.split) ? 1 + Math.floor(random() * all) : all;
    const bytes = this.#unread.take(size);
    this.#unacknowledgedReads += size;
    // as TCP does: otherwise a stream that was once cut into small pieces would stay so
    if (this.#unread.length === 0 || this.#unacknowledgedReads >= this.#network.window / 4) this.#acknowledgeReads();
    return bytes;
  }

  /** Takes as many bytes as the window has room for, sends them, and returns their number. */
  write(bytes: Buffer): number {
    const size = Math.min(bytes.length, this.#network.window - this.#unacknowledged);
    if (size === 0) return 0;
    const { faults } = this.#network;
    if (this.#fails(faults.writeError ?? this.#chance)) return 0;
    // a copy, since the caller may use its buffer again
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

  /** Closes the process's descriptor: sends a FIN, or a reset when bytes are left unread. */
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
    this.#network.ends.delete(this);
  }

  /** The code of the error, if the faults let the connection break now. */
  get #chance(): string | undefined {
    return this.#network.faults.breaks ? 'ECONNRESET' : undefined;
  }

  /** Breaks the connection if there is an error, and returns whether there is: nothing is sent then. */
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

  /** Sends as many waiting bytes as the peer has room for. */
  #send(): void {
    const { window } = this.#network;
    const room = Math.ceil(window / 2) - (this.#unacknowledged - this.#unsent.length);
    if (room <= 0 || this.#unsent.length === 0) return;
    const bytes = this.#unsent.take(room);
    this.#tell((peer) => {
      peer.#take(bytes);
    });
  }

  /** Sends the FIN, unless bytes still wait: the FIN goes behind them. */
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
      // no process is left to read the bytes
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
    // Linux says EPIPE when the peer had ended before (tcp_reset in CLOSE_WAIT)
    this.#break(this.#hasFin && !this.#hasEnded ? 'EPIPE' : 'ECONNRESET');
  }

  #break(error: string): void {
    this.#error = error;
    this.#unsent.clear();
    this.#watcher?.();
  }
}
