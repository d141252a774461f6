import type { Server, Socket } from 'node:net';
import type { MemoryNetwork } from '../network/memoryNetwork';
import type { Surroundings, TestPeer } from './testPeer';

/** A server that a test plays, for a client under test. */
export class TestListener {
  /** The listener's name in the trace. */
  readonly name: string;
  /** The server on the memory network, for all that this class has no method for. */
  readonly server: Server;
  readonly #surroundings: Surroundings;
  readonly #waiting: TestPeer[] = [];
  #accepted = 0;
  #error: Error | undefined;

  /** @internal */
  constructor(
    name: string,
    network: MemoryNetwork,
    port: number,
    enter: (name: string, socket: Socket) => TestPeer,
    surroundings: Surroundings,
  ) {
    this.name = name;
    this.#surroundings = surroundings;
    this.server = network.createServer({ pauseOnConnect: true });
    this.server.on('connection', (socket) => {
      this.#accepted += 1;
      const peer = enter(`${name}/${String(this.#accepted)}`, socket);
      socket.on('data', (data: Buffer) => {
        peer.take(data);
      });
      socket.resume();
      this.#waiting.push(peer);
    });
    this.server.on('error', (error) => {
      this.#error = error;
    });
    this.server.listen({ host: '127.0.0.1', port });
  }

  /** @internal */
  async opens(): Promise<void> {
    await this.#surroundings.settle();
    if (this.#error !== undefined)
      throw this.#surroundings.failure(`${this.name} can't listen: ${this.#error.message}`);
  }

  /**
   * Takes the next client that has connected.
   * @throws {@link ScenarioError} when no other has
   */
  async accepts(): Promise<TestPeer> {
    await this.#surroundings.settle();
    const peer = this.#waiting.shift();
    if (peer === undefined)
      throw this.#surroundings.failure(`${this.name} was to have a client, but none has connected`);
    return peer;
  }

  /** Stops listening. Connections stay. */
  async closes(): Promise<void> {
    this.server.close();
    await this.#surroundings.settle();
  }
}
