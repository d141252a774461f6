import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { InvalidOptionError } from '../../../machines/vocabulary/errors';
import type { Bytes } from '../../../machines/vocabulary/connectionTypes';
import { bytesText, toBuffer } from './bytesText';
import { difference } from './difference';

/** What a peer needs of its scenario. */
export interface Surroundings {
  /** Waits until all has happened that takes no time. */
  settle(): Promise<void>;
  /** Adds a line to the trace. */
  note(who: string, what: string): void;
  /** Makes the error for an expectation that isn't met. */
  failure(message: string): Error;
}

/**
 * The other end of a connection. A peer reads all that comes, answers the end of the other side with its own, as most
 * programs do, and is closed with its scenario.
 *
 * Each method resolves when all has happened that follows from it without time passing. So an expectation that isn't
 * met by then fails at once.
 */
export class TestPeer {
  /** The peer's name in the trace. */
  readonly name: string;
  /** The socket on the memory network, for all that this class has no method for. */
  readonly socket: Socket;
  readonly #surroundings: Surroundings;
  /** The bytes that have come and were not taken. */
  readonly #pieces: Buffer[] = [];
  #isReading = true;
  #hasEnded = false;
  #hasClosed = false;
  #error: NodeJS.ErrnoException | undefined;

  /** @internal */
  constructor(name: string, socket: Socket, surroundings: Surroundings) {
    this.name = name;
    this.socket = socket;
    this.#surroundings = surroundings;
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#note('sees the end');
    });
    socket.on('close', () => {
      this.#hasClosed = true;
      this.#note(this.#error === undefined ? 'has closed' : `has closed: ${this.#error.message}`);
    });
  }

  /** The bytes that have come, and that {@link receives} has not taken yet. */
  get received(): Buffer {
    if (this.#pieces.length > 1) this.#pieces.splice(0, Infinity, Buffer.concat(this.#pieces));
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  /** @internal */
  take(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#note(`receives ${bytesText(bytes)}`);
  }

  /**
   * Sends bytes. They may arrive in other pieces. Bytes that the other side doesn't read yet wait.
   * @throws {@link ScenarioError} when the peer can't write: it has ended its side, or has closed
   */
  async sends(data: Bytes): Promise<void> {
    if (!this.socket.writable) throw this.failure(`can't send ${bytesText(data)}: ${this.condition}`);
    this.#note(`sends ${bytesText(data)}`);
    this.socket.write(data);
    await this.settle();
  }

  /**
   * Takes the next bytes, which must be the expected ones.
   * @param expected - the bytes; or text, as UTF-8; or a number of bytes; or a pattern that their text must match
   * from the start (the text is read as latin1 if the bytes aren't UTF-8)
   * @returns the bytes
   * @throws {@link ScenarioError} when others have come, or too few
   */
  async receives(expected: Bytes | number | RegExp): Promise<Buffer> {
    if (typeof expected === 'number' && !(Number.isInteger(expected) && expected >= 0)) {
      throw new InvalidOptionError('expected', expected, 'bytes, a pattern, or a whole number of bytes');
    }
    await this.settle();
    const all = this.received;
    const length = this.#match(expected);
    this.#pieces.splice(0, Infinity, all.subarray(length));
    return all.subarray(0, length);
  }

  /** @throws {@link ScenarioError} when there are bytes that {@link receives} has not taken */
  async receivesNothing(): Promise<void> {
    await this.settle();
    if (this.received.length > 0) throw this.failure(`was to receive nothing, but ${this.#found}`);
  }

  /**
   * Stops reading: bytes that are sent to the peer pile up, first in the network's window, then at the sender. A
   * client stops at once. A peer that a listener has accepted may take up to 64 KiB more, as a socket does.
   */
  stopsReading(): void {
    this.#isReading = false;
    this.#note('stops reading');
    this.socket.pause();
  }

  /** Reads again. */
  async readsOn(): Promise<void> {
    this.#isReading = true;
    this.#note('reads on');
    this.socket.resume();
    await this.settle();
  }

  /** Ends the peer's side (a FIN), and goes on reading. A second call does nothing. */
  async ends(): Promise<void> {
    if (this.socket.writable) this.#note('ends its side');
    this.socket.end();
    await this.settle();
  }

  /** Closes the socket: bytes that still come are lost. Does nothing when the socket has closed. */
  async leaves(): Promise<void> {
    if (!this.socket.destroyed) this.#note('leaves');
    this.socket.destroy();
    await this.settle();
  }

  /** Breaks the connection (a RST). Does nothing when the socket has closed. */
  async resets(): Promise<void> {
    if (!this.socket.destroyed) this.#note('resets the connection');
    this.socket.resetAndDestroy();
    await this.settle();
  }

  /** @throws {@link ScenarioError} unless the connection stands and has not closed; either side may have ended */
  async isOpen(): Promise<void> {
    await this.settle();
    if (!this.stands) throw this.failure(`was to be connected, but ${this.condition}`);
  }

  /** @throws {@link ScenarioError} unless the other side has ended: nothing more will come */
  async isEnded(): Promise<void> {
    await this.settle();
    if (!this.#hasEnded) throw this.failure(`was to see the end, but ${this.condition}`);
  }

  /** @throws {@link ScenarioError} unless the peer's socket has closed without an error: both sides have ended */
  async hasClosed(): Promise<void> {
    await this.settle();
    if (!this.#hasClosed || this.#error !== undefined) throw this.failure(`was to have closed, but ${this.condition}`);
  }

  /**
   * Asserts that the peer's socket has failed with an error of the system.
   * @param code - the expected code, such as `ECONNREFUSED` or `ECONNRESET`
   * @throws {@link ScenarioError} when the socket hasn't failed, or with another code
   */
  async hasFailed(code: string): Promise<void> {
    await this.settle();
    if (this.#error?.code !== code) throw this.failure(`was to fail with ${code}, but ${this.condition}`);
  }

  protected async settle(): Promise<void> {
    await this.#surroundings.settle();
  }

  protected failure(message: string): Error {
    return this.#surroundings.failure(`${this.name} ${message}`);
  }

  /** Whether the peer is connected; either side may have ended. */
  protected get stands(): boolean {
    return !this.socket.connecting && !this.socket.destroyed;
  }

  /** The state of the peer's connection, in words. */
  protected get condition(): string {
    if (this.#error !== undefined) return `it has failed: ${this.#error.message}`;
    if (this.socket.connecting) return 'it is still connecting';
    if (this.socket.destroyed) return 'it has closed';
    if (this.#hasEnded) return 'the other side has ended';
    return this.socket.writable ? 'it is connected' : 'it has ended its side';
  }

  /** How many of the received bytes are the expected ones. Throws when they are others. */
  #match(expected: Bytes | number | RegExp): number {
    const { received } = this;
    if (typeof expected === 'number') {
      if (expected <= received.length) return expected;
      throw this.failure(`was to receive ${String(expected)} bytes, but ${this.#found}`);
    }
    if (expected instanceof RegExp) {
      const encoding = isUtf8(received) ? 'utf8' : 'latin1';
      const pattern = new RegExp(expected.source, `${expected.flags.replace(/[gy]/g, '')}y`);
      const found = pattern.exec(received.toString(encoding));
      if (found === null) throw this.failure(`was to receive ${String(expected)}, but ${this.#found}`);
      return Buffer.byteLength(found[0], encoding);
    }
    const wanted = toBuffer(expected);
    const different = difference(wanted, received);
    if (different === undefined) return wanted.length;
    throw this.failure([`was to receive ${bytesText(wanted)}, but ${this.#found}`, ...different].join('\n'));
  }

  get #found(): string {
    const { received } = this;
    const found = received.length === 0 ? 'nothing has come' : `${bytesText(received)} has come`;
    const why = this.#isReading ? '' : '; it has stopped reading';
    return this.socket.readyState === 'open' ? found + why : `${found}${why}; ${this.condition}`;
  }

  #note(what: string): void {
    this.#surroundings.note(this.name, what);
  }
}
