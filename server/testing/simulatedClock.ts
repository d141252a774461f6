// not the global one: jest's fake timers replace that, and leave Node's own module alone
import { setImmediate } from 'node:timers';
import { longestDelay } from '../../machines/options/optionChecks';
import type { Clock } from '../serverHandle';

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly run: () => void;
}

/**
 * After so many turns of the event loop without rest, or timers at one time, the conversation is taken to be endless.
 */
const mostTurns = 100_000;

/**
 * A clock that stands still until {@link advance} moves it: for a server, its handlers' `after`, and the latency of a
 * {@link memoryNetwork}. Things that take no time happen by themselves, in the turns of the event loop. (XState exports
 * another class of this name, which doesn't wait for anything.)
 */
export class SimulatedClock implements Clock {
  #now = 0;
  #lastId = 0;
  /** The timers that are set, in the order in which they go off. */
  readonly #timers: Timer[] = [];
  /** The times at which these timers go off, by their ids. */
  readonly #dues = new Map<number, number>();
  /** How many deferred tasks have not run yet. */
  #deferred = 0;
  /** Resolves when the last call of `advance` has ended. */
  #advanced: Promise<void> = Promise.resolve();

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.#now;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer goes off; Infinity when none is set. */
  get untilNext(): number {
    return (this.#timers[0]?.due ?? Infinity) - this.#now;
  }

  /**
   * Calls `run` when the time has advanced by `ms`; for 0, within the next `advance`, even if that is by 0. NaN, and
   * more than 2 147 483 647 (24.8 days), count as 1, as in Node.
   */
  setTimeout(run: () => void, ms: number): number {
    this.#lastId += 1;
    const delay = ms <= longestDelay ? Math.max(0, ms) : 1;
    const timer = { id: this.#lastId, due: this.#now + delay, run };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    this.#dues.set(timer.id, timer.due);
    return timer.id;
  }

  /** Takes a timer back. Does nothing when the timer has gone off already. */
  clearTimeout(id: number): void {
    const due = this.#dues.get(id);
    if (due === undefined) return;
    this.#dues.delete(id);
    this.#timers.splice(this.#placeOf({ id, due }), 1);
  }

  /** Calls `task` in a later turn of the event loop, without the time moving. Tasks run in the order of the calls. */
  defer(task: () => void): void {
    this.#deferred += 1;
    // each task has an immediate of its own: Node runs ticks and promises in between, as between two sockets' events
    setImmediate(() => {
      this.#deferred -= 1;
      task();
    });
  }

  /**
   * Resolves when nothing is left that happens in no time: no byte moves, no tick or promise waits for its turn. The
   * clock doesn't know of other things that a handler may wait for: a file, another process, a timer of the system.
   *
   * Rejects after 100 000 turns of the event loop: two ends that answer each other for ever never settle.
   */
  async settled(): Promise<void> {
    for (let turn = 0; turn < mostTurns; turn += 1) {
      // Node empties its queues of ticks and promises before the immediate, and again after it. So all that goes on
      // is among the deferred tasks now.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#deferred === 0) return;
    }
    throw unsettled('turns of the event loop');
  }

  /**
   * Moves the time on by `ms` milliseconds. Timers go off in the order of their times, and those of one time in the
   * order in which they were set. All that follows from a timer has {@link settled} before the next one goes off. A
   * call during another one begins when that has ended.
   *
   * Rejects with a RangeError when `ms` is negative or not finite. Rejects when a timer's function throws, when
   * nothing settles, and when 100 000 timers go off without the time moving: a timer that sets itself again with 0 ms
   * does that.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`A clock can't be advanced by ${String(ms)} ms`);
    const advanced = this.#advanced.then(() => this.#advance(ms));
    this.#advanced = advanced.catch(() => undefined);
    await advanced;
  }

  async #advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settled();
    let atOnce = 0;
    for (let [next] = this.#timers; next !== undefined && next.due <= end; [next] = this.#timers) {
      this.clearTimeout(next.id);
      atOnce = next.due > this.#now ? 0 : atOnce + 1;
      if (atOnce > mostTurns) throw unsettled('timers without the time moving');
      this.#now = Math.max(this.#now, next.due);
      next.run();
      await this.settled();
    }
    this.#now = end;
  }

  /** A timer's place among the others: behind those of the same time that were set before it. */
  #placeOf({ due, id }: Pick<Timer, 'due' | 'id'>): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (other !== undefined && (other.due < due || (other.due === due && other.id < id))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const unsettled = (what: string): Error =>
  new Error(`Not settled after ${String(mostTurns)} ${what}: something goes on for ever`);
