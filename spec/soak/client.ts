import type { Socket } from 'node:net';
import type { MemoryNetwork } from '../../server/testing/index';
import { pattern } from './pattern';

/** All clients read into the same memory, and copy the bytes from there at once. */
const readInto = Buffer.alloc(65_536);

/**
 * A client that acts at once, without waiting for the consequences. A scenario's `TestPeer` always waits until
 * everything has settled.
 */
export class Client {
  readonly name: string;
  readonly port: number;
  readonly #number: number;
  readonly #socket: Socket;
  readonly #note: (what: string) => void;
  readonly #sent: Buffer[] = [];
  #sentBytes = 0;
  readonly #received: Buffer[] = [];
  /** Whether the client has ended its side. */
  hasEnded = false;
  /** Whether the client has left or broken the connection. */
  hasGone = false;
  /** Whether the client has ever stopped reading. */
  hasPaused = false;
  /** Whether the client has read everything, including the server's end. */
  hasSeenEnd = false;
  error: Error | undefined;

  /**
   * @param number - the client's number, which its bytes show
   * @param network - the network on which the server listens
   * @param allowHalfOpen - whether the client keeps its side open when the server ends its own
   * @param note - writes to the trace
   */
  constructor(
    number: number,
    network: MemoryNetwork,
    allowHalfOpen: boolean,
    note: (who: string, what: string) => void,
  ) {
    this.#number = number;
    this.name = `client ${String(number)}`;
    this.port = network.freePort();
    this.#note = (what) => {
      note(this.name, what);
    };
    this.#note(allowHalfOpen ? 'connects, and allows half-open' : 'connects');
    this.#socket = network.createConnection({
      ...{ port: 1601, localPort: this.port, allowHalfOpen },
      // without this, a paused socket would take another 64 KiB
      onread: {
        buffer: readInto,
        callback: (length) => {
          this.#note(`receives ${String(length)} bytes`);
          this.#received.push(Buffer.from(readInto.subarray(0, length)));
          return true;
        },
      },
    });
    this.#socket.on('end', () => {
      this.#note('sees the end');
      this.hasSeenEnd = true;
    });
    this.#socket.on('error', (error) => {
      this.error = error;
    });
    this.#socket.on('close', () => {
      this.#note(this.error === undefined ? 'has closed' : `has closed: ${this.error.message}`);
    });
  }

  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Whether the client has done nothing that could cut off the server's bytes. */
  get isPatient(): boolean {
    return this.isReading && this.error === undefined;
  }

  /** Whether the client has always read, as long as it could. */
  get isReading(): boolean {
    return !this.hasPaused && !this.hasGone;
  }

  send(size: number, word: string): void {
    if (!this.#socket.writable) return;
    const data = Buffer.concat([pattern(this.#number, this.#sentBytes, size), Buffer.from(word)]);
    this.#sentBytes += data.length;
    this.#sent.push(data);
    this.#note(`sends ${String(size)} bytes${word === '' ? '' : ` and ${word}`}`);
    this.#socket.write(data);
  }

  stopReading(): void {
    this.hasPaused = true;
    this.#note('stops reading');
    this.#socket.pause();
  }

  readOn(): void {
    this.#note('reads on');
    this.#socket.resume();
  }

  end(): void {
    this.hasEnded = true;
    this.#note('ends its side');
    this.#socket.end();
  }

  leave(): void {
    if (this.#socket.destroyed) return;
    this.hasGone = true;
    this.#note('leaves');
    this.#socket.destroy();
  }

  reset(): void {
    if (this.#socket.destroyed) return;
    this.hasGone = true;
    this.#note('resets the connection');
    this.#socket.resetAndDestroy();
  }
}
