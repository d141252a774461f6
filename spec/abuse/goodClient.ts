import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A well-behaved client: it asks, waits for the answer, and asks again, until `stop`. */
export class GoodClient {
  /** The number of answers so far. */
  answers = 0;
  /** The longest wait for an answer, in milliseconds. */
  slowest = 0;
  readonly #socket: Socket;
  readonly #done: Promise<void>;
  #isStopping = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#done = this.#talk();
    this.#done.catch(() => undefined);
  }

  static async connect(port: number): Promise<GoodClient> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new GoodClient(socket);
  }

  /** Ends the connection. Rejects if the connection was ever cut off, or an answer was wrong. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  async #talk(): Promise<void> {
    const socket = this.#socket;
    const broken = new Promise<never>((_, reject) => {
      socket.on('error', reject);
      socket.on('close', () => {
        if (!this.#isStopping) reject(new Error('The server has closed the good client'));
      });
    });
    while (!this.#isStopping) {
      const question = `question ${String(this.answers)}`.padEnd(200, '.');
      const asked = performance.now();
      socket.write(question);
      await Promise.race([this.#hear(question), broken]);
      this.slowest = Math.max(this.slowest, performance.now() - asked);
      this.answers += 1;
      // this is not a load test: one question each 10 ms is enough
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 10)), broken]);
    }
    socket.end();
    await once(socket, 'close');
  }

  async #hear(question: string): Promise<void> {
    let heard = '';
    while (heard.length < question.length) {
      const [data] = (await once(this.#socket, 'data')) as [Buffer];
      heard += data.toString();
    }
    if (heard !== question) throw new Error(`The good client asked '${question}' and heard '${heard}'`);
  }
}
