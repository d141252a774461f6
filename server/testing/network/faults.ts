import { check, countOrInfinity, type Check } from '../../../machines/options/optionChecks';
import { anySeed, duration, share } from '../optionChecks';
import { seededRandom } from './random';

/**
 * What goes wrong on a network in memory. A share is a number from 0 (never, the default) to 1 (always); a seed decides
 * when. The same seed in the same conversation does the same.
 */
export interface FaultOptions {
  /**
   * Decides when something goes wrong.
   * @defaultValue that of the network
   */
  readonly seed?: number;
  /** The share of writes and ends of a side at which the connection breaks instead: both ends find a reset. */
  readonly reset?: number;
  /**
   * Milliseconds that anything may be under way beyond the latency: each time another number up to this one. What one end
   * sends stays in order.
   * @defaultValue 0
   */
  readonly delay?: number;
  /**
   * The share of reads that take only a part of what is there.
   * @defaultValue the network's: 0.5
   */
  readonly split?: number;
  /** The share of what is sent that stays on its way for up to a minute, and what the same end sends later with it. */
  readonly stall?: number;
  /** The share of connects that are refused (ECONNREFUSED) although somebody listens. */
  readonly refuse?: number;
  /** The share of writes that fail (EPIPE, ECONNRESET or ETIMEDOUT), which breaks the connection. */
  readonly writeError?: number;
  /**
   * Descriptors that servers have: one for each address that is listened on, one for each connection. Beyond, `listen`
   * fails with EMFILE, and a client is accepted and closed at once without its server hearing of it, as Node does.
   * @defaultValue Infinity
   */
  readonly descriptors?: number;
}

const longestStall = 60_000;
const salt = 0x9e3779b9;
const writeErrors = ['EPIPE', 'ECONNRESET', 'ETIMEDOUT'] as const;

/** Decides what goes wrong. */
export class Faults {
  readonly #options: FaultOptions;
  readonly #random: () => number;

  /**
   * @param options - what may go wrong
   * @param defaultSeed - of a network
   * @throws {@link InvalidOptionError}
   */
  constructor(options: FaultOptions, defaultSeed: number) {
    check(options, checks, 'faults.');
    this.#options = { seed: defaultSeed, ...options };
    // another stream than that of the cuts, which often has the same seed
    this.#random = seededRandom((this.#options.seed ?? defaultSeed) ^ salt);
  }

  get split(): number | undefined {
    return this.#options.split;
  }

  get descriptors(): number {
    return this.#options.descriptors ?? Infinity;
  }

  /** Whether nothing goes wrong. */
  get isNone(): boolean {
    return Object.keys(this.#options).every((name) => name === 'seed');
  }

  get breaks(): boolean {
    return this.#happens(this.#options.reset);
  }

  get refuses(): boolean {
    return this.#happens(this.#options.refuse);
  }

  /** The code that a write fails with. */
  get writeError(): string | undefined {
    if (!this.#happens(this.#options.writeError)) return undefined;
    return writeErrors[Math.floor(this.#random() * writeErrors.length)];
  }

  /** Whole milliseconds that something is under way beyond the latency. */
  get delay(): number {
    const { delay = 0, stall } = this.#options;
    const late = delay === 0 ? 0 : Math.floor(this.#random() * (delay + 1));
    return this.#happens(stall) ? late + Math.ceil(this.#random() * longestStall) : late;
  }

  /** `{ seed: 7, reset: 0.01 }` */
  toString(): string {
    const given = Object.entries(this.#options);
    return `{ ${given.map(([name, value]) => `${name}: ${String(value)}`).join(', ')} }`;
  }

  #happens(share = 0): boolean {
    return share > 0 && this.#random() < share;
  }
}

const checks: Readonly<Record<keyof FaultOptions, Check>> = {
  seed: anySeed,
  reset: share,
  delay: duration,
  split: share,
  stall: share,
  refuse: share,
  writeError: share,
  descriptors: countOrInfinity(0),
};
