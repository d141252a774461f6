import type { Socket } from 'node:net';
import type { Bytes, ClosedConnection, CloseReason } from '../../../machines/connectionTypes';
import type { RejectReason } from '../../../machines/events';
import { bytesText, firstDifference, hex, toBuffer } from './bytesText';
import type { Fate } from './ledger';

/** What a peer needs of the scenario that it is in. */
export interface Surroundings {
  /** Lets all happen that takes no time. */
  settle(): Promise<void>;
  /** Notes something in the trace. */
  note(who: string, what: string): void;
  /** The error for an expectation that isn't met. */
  failure(message: string): Error;
}

/** Bytes to both sides of the first difference that a failure shows. */
const around = 24;

/**
 * The other end of a connection: a client of the server under test, or a server to a client under test. It reads all that
 * comes, answers the end of the other side with its own, as most do, and is closed with its scenario.
 *
 * Whatever it does, it returns when all has happened that follows from it without time passing. So an expectation that
 * isn't met by then fails at once.
 */
export class TestPeer {
  /** What it is called in the trace. */
  readonly name: string;
  /** The socket on the memory network, for what this class has no word for. */
  readonly socket: Socket;
  /** The port that it connects from; 0 on a unix socket. @internal */
  readonly port: number | undefined;
  /** @internal */
  fate: Fate | undefined;
  readonly #surroundings: Surroundings;
  #received = Buffer.alloc(0);
  #isReading = true;
  #hasEnded = false;
  #hasClosed = false;
  #error: NodeJS.ErrnoException | undefined;

  /** @internal */
  constructor(name: string, socket: Socket, surroundings: Surroundings, port?: number) {
    this.name = name;
    this.socket = socket;
    this.port = port;
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

  /** What has come and was not taken by {@link receives} yet. */
  get received(): Buffer {
    return this.#received;
  }

  /** The id of its connection at the server, such as `connection:1`; undefined before it has a handler, and when it was rejected. */
  get id(): string | undefined {
    return this.fate?.rejected === undefined ? this.fate?.info.id : undefined;
  }

  /** @internal */
  take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    this.#note(`receives ${bytesText(bytes)}`);
  }

  /**
   * Sends bytes. They may arrive in other pieces; what the other side doesn't read yet waits.
   * @throws {@link ScenarioError} when its side is closed
   */
  async sends(data: Bytes): Promise<void> {
    if (!this.socket.writable) throw this.#failure(`can't send ${bytesText(data)}: ${this.#condition}`);
    this.#note(`sends ${bytesText(data)}`);
    this.socket.write(data);
    await this.#settle();
  }

  /**
   * Takes the next bytes, which must be these.
   * @param expected - the bytes, text as UTF-8, how many there are to be, or what their text must match from its start
   * @returns the bytes
   * @throws {@link ScenarioError} when others have come, or too few
   */
  async receives(expected: Bytes | number | RegExp): Promise<Buffer> {
    await this.#settle();
    const all = this.#received;
    const length = typeof expected === 'number' ? expected : this.#match(expected);
    if (length > all.length) throw this.#failure(`was to receive ${String(length)} bytes, but ${this.#found}`);
    this.#received = all.subarray(length);
    return all.subarray(0, length);
  }

  /** @throws {@link ScenarioError} when there are bytes that {@link receives} has not taken */
  async receivesNothing(): Promise<void> {
    await this.#settle();
    if (this.#received.length > 0) throw this.#failure(`was to receive nothing, but ${this.#found}`);
  }

  /** Stops reading at once, so that what is sent to it piles up: first in the network's window, then at the sender. */
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
    await this.#settle();
  }

  /** Ends its side (a FIN), and goes on reading. */
  async ends(): Promise<void> {
    this.#note('ends its side');
    this.socket.end();
    await this.#settle();
  }

  /** Closes: nobody reads what still comes. */
  async leaves(): Promise<void> {
    this.#note('leaves');
    this.socket.destroy();
    await this.#settle();
  }

  /** Breaks the connection (a RST). */
  async resets(): Promise<void> {
    this.#note('resets the connection');
    this.socket.resetAndDestroy();
    await this.#settle();
  }

  /** @throws {@link ScenarioError} unless the connection stands, with a handler */
  async isOpen(): Promise<void> {
    await this.#settle();
    if (this.socket.readyState === 'closed' || this.fate?.closed !== undefined || this.fate?.rejected !== undefined) {
      throw this.#failure(`was to be connected, but ${this.#condition}`);
    }
  }

  /** @throws {@link ScenarioError} unless the other side has ended: nothing more will come */
  async isEnded(): Promise<void> {
    await this.#settle();
    if (!this.#hasEnded) throw this.#failure(`was to see the end, but ${this.#condition}`);
  }

  /**
   * The server has ended the connection.
   * @param reason - for which reason; any when it is left out
   * @returns how it ended, as the server tells it
   * @throws {@link ScenarioError} when it hasn't, or for another reason
   */
  async isClosed(reason?: CloseReason): Promise<ClosedConnection> {
    await this.#settle();
    const closed = this.fate?.closed;
    if (closed === undefined || (reason !== undefined && closed.reason !== reason)) {
      throw this.#failure(`was to be closed${reason === undefined ? '' : ` (${reason})`}, but ${this.#condition}`);
    }
    return closed;
  }

  /**
   * The server has turned it away.
   * @param reason - for which reason; any when it is left out
   * @throws {@link ScenarioError} when it hasn't, or for another reason
   */
  async isRejected(reason?: RejectReason): Promise<void> {
    await this.#settle();
    const rejected = this.fate?.rejected;
    if (rejected === undefined || (reason !== undefined && rejected !== reason)) {
      throw this.#failure(`was to be rejected${reason === undefined ? '' : ` (${reason})`}, but ${this.#condition}`);
    }
  }

  /** @throws {@link ScenarioError} unless its socket has closed without an error: both sides have ended */
  async hasClosed(): Promise<void> {
    await this.#settle();
    if (!this.#hasClosed || this.#error !== undefined)
      throw this.#failure(`was to have closed, but ${this.#condition}`);
  }

  /**
   * Its socket has closed with an error of the system.
   * @param code - such as `ECONNREFUSED` or `ECONNRESET`
   * @throws {@link ScenarioError} when it hasn't, or with another one
   */
  async hasFailed(code: string): Promise<void> {
    await this.#settle();
    if (this.#error?.code !== code) throw this.#failure(`was to fail with ${code}, but ${this.#condition}`);
  }

  async #settle(): Promise<void> {
    await this.#surroundings.settle();
  }

  /** How many of the bytes that have come are the expected ones. */
  #match(expected: Bytes | RegExp): number {
    if (expected instanceof RegExp) {
      const pattern = new RegExp(expected.source, `${expected.flags.replace(/[gy]/g, '')}y`);
      const found = pattern.exec(this.#received.toString());
      if (found === null) throw this.#failure(`was to receive ${String(expected)}, but ${this.#found}`);
      return Buffer.byteLength(found[0]);
    }
    const wanted = toBuffer(expected);
    const at = firstDifference(this.#received, wanted);
    if (at < wanted.length) throw this.#failure(this.#difference(wanted, at));
    return wanted.length;
  }

  #difference(wanted: Buffer, at: number): string {
    const from = Math.max(0, at - around);
    const part = (bytes: Buffer): Buffer => bytes.subarray(from, at + around);
    const line = (title: string, bytes: Buffer): string =>
      `  ${title}  ${bytesText(part(bytes))}\n            ${hex(part(bytes))}`;
    return [
      `was to receive ${bytesText(wanted)}, but ${this.#found}`,
      at === 0 ? '' : `  the same up to byte ${String(at)}; from byte ${String(from)} on:`,
      line('expected', wanted),
      line('received', this.#received),
    ]
      .filter((text) => text !== '')
      .join('\n');
  }

  get #found(): string {
    const { length } = this.#received;
    const found = length === 0 ? 'nothing has come' : `${bytesText(this.#received)} has come`;
    const why = this.#isReading ? '' : '; it has stopped reading';
    return this.socket.readyState === 'open' ? found + why : `${found}${why}; ${this.#condition}`;
  }

  /** In what way it is connected, in words. */
  get #condition(): string {
    const { closed, rejected } = this.fate ?? {};
    if (closed !== undefined) return `the server has closed it: ${closed.reason}`;
    if (rejected !== undefined) return `the server has turned it away: ${rejected}`;
    if (this.#error !== undefined) return `it has failed: ${this.#error.message}`;
    if (this.socket.connecting) return 'it is still connecting';
    if (this.socket.destroyed) return 'it has closed';
    if (this.#hasEnded) return 'the other side has ended';
    return this.socket.writable ? 'it is connected' : 'it has ended its side';
  }

  #note(what: string): void {
    this.#surroundings.note(this.name, what);
  }

  #failure(message: string): Error {
    return this.#surroundings.failure(`${this.name} ${message}`);
  }
}
