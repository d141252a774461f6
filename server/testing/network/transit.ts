import type { Wire } from './wire';

/** The way from one end to the other: what is sent arrives in order, after the latency and what the faults add to it. */
export class Transit {
  readonly #wire: Wire;
  /** When the last of what was sent arrives. */
  #arrival = 0;
  /** What is under way. */
  #count = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Has `arrive` called when it is there; at once, where that takes no time. */
  send(arrive: () => void): void {
    const { clock, latency, faults } = this.#wire;
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
