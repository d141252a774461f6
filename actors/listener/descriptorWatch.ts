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
  /** What its time runs on. */
  readonly clock: AnyActor['clock'];
  /** Who hears of it. */
  readonly told: {
    /** Clients have begun to take the headroom. Told within `onAccept`, so that this client can be turned away already. */
    readonly short: (use: Descriptors) => void;
    /** There is room for clients again. */
    readonly spare: (use: Descriptors) => void;
  };
  /** What counts the open ones. */
  readonly countOpen?: typeof descriptorsOpen;
  /** What tells how many there may be; asked once. */
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
 * It looks when a client is accepted, but not at each: what is free beyond the headroom is enough for that many more. So
 * it looks again after half of them, and after a second, because others open things, too. While descriptors are short it
 * looks by the clock, until an eighth more than the headroom is free: a server at its limit isn't to change its mind with
 * every client. Otherwise it holds no timer.
 *
 * Where the system tells no limit or has none, it does nothing. It doesn't notice when others take the last descriptor
 * between two clients: the next one is not accepted, so there is no occasion to look.
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
    // where there is no telling, no client is turned away; and some may have been opened before the limit was lowered
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
