import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** How a client's connection ended: `clean`, or with an error code such as ECONNRESET. */
export type Ending = string;

/** A TCP client for specs: raw bytes out, raw bytes in, everything awaited. */
export class Client {
  /** Resolves when the socket has closed, with the way in which it closed. */
  readonly closed: Promise<Ending>;
  /** Resolves when the server has ended its side. */
  readonly ended: Promise<void>;
  #received = Buffer.alloc(0);
  #error: NodeJS.ErrnoException | undefined;
  #changed: (() => void) | undefined;

  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('error', (error) => (this.#error = error));
      socket.on('close', () => {
        resolve(this.#error?.code ?? 'clean');
        this.#changed?.();
      });
    });
    this.ended = new Promise((resolve) => socket.on('end', resolve));
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#changed?.();
    });
  }

  /** Connects to a port on loopback, or to the place in the options. Rejects with the system's error. */
  static async connect(to: number | NetConnectOpts): Promise<Client> {
    const options: NetConnectOpts = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : to;
    const socket = connect({ allowHalfOpen: true, ...options });
    const client = new Client(socket);
    await once(socket, 'connect');
    return client;
  }

  /** A client on an existing socket, such as a TLS socket. */
  static over(socket: Socket): Client {
    return new Client(socket);
  }

  /** The bytes that have arrived and that {@link receive} has not taken yet. */
  get received(): Buffer {
    return this.#received;
  }

  /** Writes bytes; resolves when the kernel has taken them. */
  send(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(data, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** Takes the next `length` bytes, waiting for them. */
  async receive(length: number): Promise<Buffer> {
    while (this.#received.length < length) await this.#change(`${String(length)} bytes`);
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  /** Takes the next `length` bytes as text, waiting for them. A string stands for its own length in bytes. */
  async receiveText(length: number | string): Promise<string> {
    return (await this.receive(typeof length === 'string' ? Buffer.byteLength(length) : length)).toString();
  }

  /** Waits for the close, and returns the bytes that came before it. */
  async receiveAll(): Promise<Buffer> {
    await this.closed;
    return this.#received;
  }

  /** Ends the client's side: a FIN. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** Breaks the connection: a RST. */
  reset(): this {
    this.socket.resetAndDestroy();
    return this;
  }

  /** Stops reading, so that TCP stops the server's writing. */
  stopReading(): this {
    this.socket.pause();
    return this;
  }

  resumeReading(): this {
    this.socket.resume();
    return this;
  }

  /** Closes the socket at once in any state, and waits until it is closed. */
  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #change(what: string): Promise<void> {
    if (this.socket.destroyed) {
      const got = this.#received.toString('latin1').slice(0, 200);
      throw new Error(`Waited for ${what}, but the connection has closed after: ${JSON.stringify(got)}`);
    }
    return new Promise((resolve) => (this.#changed = resolve));
  }
}
