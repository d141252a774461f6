import type { AnyActor } from 'xstate';
import { defaultHeadroom } from '../../machines/options/descriptorHeadroom';
import type { Descriptors } from '../../machines/events';
import { timeOf } from '../../machines/vocabulary/time';
import { descriptorLimit, descriptorsOpen } from './descriptors';

/** What a {@link DescriptorWatch} watches, and who listens to it. */
export interface DescriptorWatchOptions {
  /**
   * How many descriptors clients must leave free. With 0 there is nothing to watch.
   * @defaultValue {@link defaultHeadroom}
   */
  readonly headroom?: number | undefined;
  /** The clock of the watch's timers. */
  readonly clock: AnyActor['clock'];
  readonly listener: {
    /**
     * Clients have begun to take the headroom. Called within `onAccept`, so that this very client can be turned away.
     */
    readonly short: (use: Descriptors) => void;
    /** There is room for clients again. */
    readonly spare: (use: Descriptors) => void;
  };
  /** Counts the open descriptors. */
  readonly countOpen?: typeof descriptorsOpen;
  /** Returns how many descriptors may be open. Called once. */
  readonly readLimit?: typeof descriptorLimit;
}

/** Milliseconds after which a count is out of date: not only clients take descriptors. */
const maxAge = 1_000;

/** Milliseconds from count to count while descriptors are short. */
const pollInterval = 250;

/**
 * Tells when to turn clients away, before the process runs out of file descriptors. In a process without a free
 * descriptor, libuv accepts clients and closes them without a word to anybody (`uv__emfile_trick`), and nothing else
 * can be opened.
 *
 * The watch counts when a client is accepted, but not for each client: if 100 descriptors are free beyond the
 * headroom, there is room for 100 clients more. So the watch counts again after half of these clients, or at the
 * first client after a second, because clients aren't the only ones that open descriptors. While descriptors are
 * short, the watch counts by the clock, until an eighth more than the headroom is free: a server at its limit must
 * not change its mind with every client. Otherwise the watch holds no timer.
 *
 * Where the system doesn't tell a limit, or has none, the watch does nothing. The watch doesn't notice when others
 * take the last descriptor between two clients: the next client is not accepted, so there is no occasion to count.
 */
export class DescriptorWatch {
  readonly #options: DescriptorWatchOptions;
  readonly #headroom: number;
  /** Infinity: there is nothing to watch. */
  readonly #limit: number;
  readonly #countOpen: typeof descriptorsOpen;
  /** How many clients may still come before the next count. */
  #clients = 0;
  #countedAt = -Infinity;
  /** The timer of the next count, while descriptors are short. */
  #poll: unknown;

  constructor(options: DescriptorWatchOptions) {
    const { headroom, readLimit = descriptorLimit, countOpen = descriptorsOpen } = options;
    const limit = readLimit() ?? Infinity;
    this.#options = options;
    this.#headroom = headroom ?? defaultHeadroom(limit);
    this.#limit = this.#headroom === 0 ? Infinity : limit;
    this.#countOpen = countOpen;
  }

  /** Whether the listener has heard `short`, and not yet `spare`. */
  get isShort(): boolean {
    return this.#poll !== undefined;
  }

  /** To be called for each client that was accepted, as soon as the client has its descriptor. */
  onAccept(): void {
    if (this.#limit === Infinity || this.isShort) return;
    const now = timeOf(this.#options.clock);
    if (this.#clients > 0 && now - this.#countedAt < maxAge) {
      this.#clients -= 1;
      return;
    }
    const use = this.#count();
    const room = this.#roomIn(use);
    if (room < 0) {
      this.#countLater();
      this.#options.listener.short(use);
    } else {
      this.#clients = Math.floor(room / 2);
      this.#countedAt = now;
    }
  }

  /** Counts no more by the clock. The listener hears nothing until the next `onAccept`. */
  stop(): void {
    if (!this.isShort) return;
    this.#options.clock.clearTimeout(this.#poll);
    this.#poll = undefined;
  }

  #count(): Descriptors {
    // no count: no client is turned away. More than the limit: the limit was lowered while descriptors were open
    const open = Math.min(this.#countOpen() ?? 0, this.#limit);
    return { open, limit: this.#limit };
  }

  /** How many clients there is room for, beyond the headroom. Negative when clients take the headroom. */
  #roomIn({ open, limit }: Descriptors): number {
    return limit - open - this.#headroom;
  }

  #countLater(): void {
    this.#poll = this.#options.clock.setTimeout(() => {
      const use = this.#count();
      if (this.#roomIn(use) < Math.ceil(this.#headroom / 8)) {
        this.#countLater();
        return;
      }
      this.#poll = undefined;
      this.#options.listener.spare(use);
    }, pollInterval);
  }
}
