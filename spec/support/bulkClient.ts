import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client for large volumes. It counts and hashes the bytes instead of keeping them, and reads only on request. */
export class BulkClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  #received = 0;
  readonly #hash: Hash = createHash('sha256');

  private constructor(socket: Socket) {
    this.socket = socket;
    // specs learn from the server how the connection ends
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }

  static async connect(port: number): Promise<BulkClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new BulkClient(socket);
  }

  /** The number of bytes read so far. */
  get received(): number {
    return this.#received;
  }

  /** Reads until `total` bytes have been read in all, then stops reading. The last chunk is read whole. */
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

  /** The hash of all bytes read. No more bytes can be hashed after this call. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

/** The hash of a block that is sent `times` times. */
export function digestOf(block: Uint8Array, times: number): string {
  const hash = createHash('sha256');
  for (let n = 0; n < times; n += 1) hash.update(block);
  return hash.digest('hex');
}
