import type { ChildProcess } from 'node:child_process';
import { ask, forkModule } from './child';
import type { Done, LoadSettings, Order } from './clients/main';

/** The clients, in a process of their own, so that their work doesn't count as the server's. */
export class Clients {
  readonly #process: ChildProcess = forkModule('clients/main');

  /** Connects the clients that stay connected. */
  async open(load: LoadSettings): Promise<void> {
    await this.#order({ type: 'open', load });
  }

  /** Puts the clients to work. Resolves with how long the work took, in milliseconds. */
  async run(): Promise<number> {
    return this.#order({ type: 'run' });
  }

  /** Disconnects the clients. */
  async close(): Promise<void> {
    await this.#order({ type: 'close' });
  }

  /** Ends the process. */
  end(): void {
    this.#process.disconnect();
  }

  async #order(order: Order): Promise<number> {
    const { ms, error } = await ask<Done>(this.#process, order);
    if (error !== undefined) throw new Error(`The clients could not ${order.type}: ${error}`);
    return ms;
  }
}
