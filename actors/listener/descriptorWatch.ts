import type { AnyActor } from 'xstate';
import { defaultHeadroom } from '../../machines/options/descriptorHeadroom';
import type { Descriptors } from '../../machines/events';
import { timeOf } from '../../machines/vocabulary/time';
import { descriptorLimit, descriptorsOpen } from './descriptors';

export interface DescriptorWatchOptions {
  /**
   * How many descriptors clients must leave free; 0 watches nothing.
   * @defaultValue {@link defaultHeadroom}
   */
  readonly headroom?: number | undefined;
  /** The clock of its timers. */
  readonly clock: AnyActor['clock'];
  /** The functions that tell. */
  readonly told: {
    /** Clients have begun to take the headroom. Told within `onAccept`, so that this client can be turned away already. */
    readonly short: (use: Descriptors) => void;
    /** There is room for clients again. */
    readonly spare: (use: Descriptors) => void;
  };
  /** Counts the descriptors that are open. */
  readonly countOpen?: typeof descriptorsOpen;
  /** Tells how many descriptors there may be. Called once. */
  readonly readLimit?: typeof descriptorLimit;
}

/** Milliseconds after which a count no longer holds: not only clients take descriptors. */
const maxAge = 1_000;

/** Milliseconds from look to look while descriptors are short. */
const pollInterval = 250;

/**
 * Tells when to turn clients away, before the process runs out of file descriptors. Once it has, libuv accepts clients and
 * closes them without a word to anybody (`uv__emfile_trick`), and whatever else the process wants to open fails.
 *
 * The watch looks when a client is accepted, but not at each client: the descriptors that are free beyond the headroom are
 * enough for as many more. So the watch looks again after half of these clients, and after a second, because others open
 * things, too. While descriptors are short the watch looks by the clock, until an eighth more than the headroom is free: a
 * server at its limit isn't to change its mind with every client. Otherwise the watch holds no timer.
 *
 * Where the system tells no limit or has none, the watch does nothing. Others may take the last descriptor between two
 * clients without the watch noticing: the next client is not accepted, so there is no occasion to look.
 */
export class DescriptorWatch {
  readonly #options: DescriptorWatchOptions;
  readonly #headroom: number;
  /** Infinity when there is nothing to watch. */
  readonly #limit: number;
  readonly #countOpen: typeof descriptorsOpen;
  /** How many clients may still come before the next look. */
  #clients = 0;
  #lookedAt = -Infinity;
  /** The next look's timer, while descriptors are short. */
  #poll: unknown;

  constructor(options: DescriptorWatchOptions) {
    const { headroom, readLimit = descriptorLimit, countOpen = descriptorsOpen } = options;
    const limit = readLimit() ?? Infinity;
    this.#options = options;
    this.#headroom = headroom ?? defaultHeadroom(limit);
    this.#limit = this.#headroom === 0 ? Infinity : limit;
    this.#countOpen = countOpen;
  }

  /** Whether `short` was told, and `spare` not yet. */
  get isShort(): boolean {
    return this.#poll !== undefined;
  }

  /** To be called for each client that was accepted, as soon as it has its descriptor. */
  onAccept(): void {
    if (this.#limit === Infinity || this.isShort) return;
    const now = timeOf(this.#options.clock);
    if (this.#clients > 0 && now - this.#lookedAt < maxAge) {
      this.#clients -= 1;
      return;
    }
    const use = this.#look();
    const room = this.#roomIn(use);
    if (room < 0) {
      this.#lookLater();
      this.#options.told.short(use);
    } else {
      this.#clients = Math.floor(room / 2);
      this.#lookedAt = now;
    }
  }

  /** Looks no more by the clock, and tells nothing until the next `onAccept`. */
  stop(): void {
    if (!this.isShort) return;
    this.#options.clock.clearTimeout(this.#poll);
    this.#poll = undefined;
  }

  #look(): Descriptors {
    // where nobody can count, no client is turned away; and more than the limit are open when the limit was lowered later
    const open = Math.min(this.#countOpen() ?? 0, this.#limit);
    return { open, limit: this.#limit };
  }

  /** For how many clients there is room beyond the headroom. */
  #roomIn({ open, limit }: Descriptors): number {
    return limit - open - this.#headroom;
  }

  #lookLater(): void {
    this.#poll = this.#options.clock.setTimeout(() => {
      const use = this.#look();
      if (this.#roomIn(use) < Math.ceil(this.#headroom / 8)) {
        this.#lookLater();
        return;
      }
      this.#poll = undefined;
      this.#options.told.spare(use);
    }, pollInterval);
  }
}
