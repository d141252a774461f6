import { check, countOrInfinity, type Check } from '../../../machines/options/optionChecks';
import { anySeed, duration, share } from '../optionChecks';
import { seededRandom } from './random';

/**
 * The faults of a network in memory. A share is a number from 0 (never, the default) to 1 (always). A seed decides
 * when a fault happens: the same seed in the same conversation does the same.
 */
export interface FaultOptions {
  /**
   * Decides when a fault happens.
   * @defaultValue the network's seed
   */
  readonly seed?: number;
  /** The share of writes and ends of a side at which the connection breaks instead: both ends find a reset. */
  readonly reset?: number;
  /**
   * The most milliseconds that a delivery may take beyond the latency; each delivery takes another number of them. The
   * deliveries of one end stay in order.
   * @defaultValue 0
   */
  readonly delay?: number;
  /**
   * The share of reads that take only a part of the bytes that have arrived.
   * @defaultValue the network's `split`
   */
  readonly split?: number;
  /** The share of deliveries that stall for up to a minute. All that the same end sends later waits behind them. */
  readonly stall?: number;
  /** The share of connects that are refused (ECONNREFUSED) although a server listens. */
  readonly refuse?: number;
  /** The share of writes that fail (EPIPE, ECONNRESET or ETIMEDOUT), which breaks the connection. */
  readonly writeError?: number;
  /**
   * How many descriptors the servers have. A listening server needs one, and so does each of its connections. Without
   * a free one, `listen` fails with EMFILE, and a client is accepted and closed at once; the server doesn't hear of
   * it, as in Node.
   * @defaultValue Infinity
   */
  readonly descriptors?: number;
}

const longestStall = 60_000;
const salt = 0x9e3779b9;
const writeErrors = ['EPIPE', 'ECONNRESET', 'ETIMEDOUT'] as const;

/** Decides, by a seed, which faults happen. */
export class Faults {
  readonly #options: FaultOptions;
  readonly #random: () => number;

  /**
   * @param options - the faults that may happen
   * @param defaultSeed - the network's seed
   * @throws {@link InvalidOptionError}
   */
  constructor(options: FaultOptions, defaultSeed: number) {
    check(options, checks, 'faults.');
    this.#options = { seed: defaultSeed, ...options };
    // not the same numbers as those that cut the reads: these often come from the same seed
    this.#random = seededRandom((this.#options.seed ?? defaultSeed) ^ salt);
  }

  get split(): number | undefined {
    return this.#options.split;
  }

  get descriptors(): number {
    return this.#options.descriptors ?? Infinity;
  }

  /** Whether no fault can happen. */
  get isNone(): boolean {
    return Object.keys(this.#options).every((name) => name === 'seed');
  }

  /** Whether the connection breaks now. */
  get breaks(): boolean {
    return this.#happens(this.#options.reset);
  }

  /** Whether this connect is refused. */
  get refuses(): boolean {
    return this.#happens(this.#options.refuse);
  }

  /** The code that this write fails with; undefined when it doesn't fail. */
  get writeError(): string | undefined {
    if (!this.#happens(this.#options.writeError)) return undefined;
    return writeErrors[Math.floor(this.#random() * writeErrors.length)];
  }

  /** Whole milliseconds that this delivery takes beyond the latency. */
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
