import type { NetworkState } from './networkState';

/** The way from one end to the other. Deliveries arrive in order, after the latency and the delay of the faults. */
export class Transit {
  readonly #network: NetworkState;
  /** When the last delivery arrives, in milliseconds of the clock. */
  #arrival = 0;
  /** How many deliveries are under way. */
  #count = 0;

  constructor(network: NetworkState) {
    this.#network = network;
  }

  /** Calls `arrive` when the delivery is there; at once, if it takes no time. */
  send(arrive: () => void): void {
    const { clock, latency, faults } = this.#network;
    const now = clock.now();
    this.#arrival = Math.max(now + latency + faults.delay, this.#arrival);
    if (this.#arrival === now && this.#count === 0) {
      arrive();
      return;
    }
    this.#count += 1;
    clock.setTimeout(() => {
      this.#count -= 1;
      arrive();
    }, this.#arrival - now);
  }
}
