import type { ChildProcess } from 'node:child_process';
import { ask, forkModule } from './child';
import type { Done, LoadSettings, Order } from './clients/main';

/** The clients, in a process of their own: what they do must not count as the server's work. */
export class Clients {
  readonly #process: ChildProcess = forkModule('clients/main');

  async open(load: LoadSettings): Promise<void> {
    await this.#order({ type: 'open', load });
  }

  /** Resolves with how long the work took, in ms. */
  async run(): Promise<number> {
    return this.#order({ type: 'run' });
  }

  async close(): Promise<void> {
    await this.#order({ type: 'close' });
  }

  end(): void {
    this.#process.disconnect();
  }

  async #order(order: Order): Promise<number> {
    const { ms, error } = await ask<Done>(this.#process, order);
    if (error !== undefined) throw new Error(`The clients could not ${order.type}: ${error}`);
    return ms;
  }
}
