import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client for volumes: counts and hashes what arrives instead of keeping it, and reads only when told to. */
export class BulkClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  #received = 0;
  readonly #hash: Hash = createHash('sha256');

  private constructor(socket: Socket) {
    this.socket = socket;
    // how it ends is the server's to tell
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }

  static async connect(port: number): Promise<BulkClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new BulkClient(socket);
  }

  /** How many bytes were read. */
  get received(): number {
    return this.#received;
  }

  /** Reads until that many bytes have come in all, then stops reading. What comes with the last chunk is read too. */
  async readUntil(total: number): Promise<void> {
    await this.readWhile(() => this.#received < total);
  }

  /** Reads chunk by chunk while the condition holds, then stops reading. */
  async readWhile(condition: () => boolean): Promise<void> {
    while (condition()) {
      const chunk = this.socket.read() as Buffer | null;
      if (chunk !== null) {
        this.#received += chunk.length;
        this.#hash.update(chunk);
      } else if (this.socket.destroyed || this.socket.readableEnded) {
        throw new Error(`The connection has ended after ${String(this.#received)} bytes`);
      } else {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** The hash of all that was read. Ends the hashing. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

/** The hash of a block that is sent so many times. */
export function digestOf(block: Uint8Array, times: number): string {
  const hash = createHash('sha256');
  for (let n = 0; n < times; n += 1) hash.update(block);
  return hash.digest('hex');
}
