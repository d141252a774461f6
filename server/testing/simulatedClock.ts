// jest's fake timers leave Node's own module alone
import { setImmediate } from 'node:timers';
import { longestDelay } from '../../machines/options/optionChecks';
import type { Clock } from '../serverHandle';

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly run: () => void;
}

/** So many turns of the event loop without rest are taken for a conversation that never ends. */
const mostTurns = 100_000;

/**
 * Time that stands still until {@link advance} moves it: the clock of a server, of its handlers' `after`, and of a
 * {@link memoryNetwork}'s latency. What takes no time happens by itself, in the turns of the event loop. (XState exports
 * another class of this name, which doesn't wait for anything.)
 */
export class SimulatedClock implements Clock {
  #now = 0;
  #lastId = 0;
  /** In the order in which they go off. */
  readonly #timers: Timer[] = [];
  /** When each timer that has not gone off goes off. */
  readonly #dues = new Map<number, number>();
  /** Tasks that were deferred and have not run. */
  #deferred = 0;
  /** The last call of `advance` has ended. */
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
   * Has `run` called once the time has advanced by `ms`; within the next `advance`, whatever its length, for 0. What Node
   * takes for 1 ms is 1 ms here: NaN, and more than 2 147 483 647 (24.8 days).
   */
  setTimeout(run: () => void, ms: number): number {
    this.#lastId += 1;
    const delay = ms <= longestDelay ? Math.max(0, ms) : 1;
    const timer = { id: this.#lastId, due: this.#now + delay, run };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    this.#dues.set(timer.id, timer.due);
    return timer.id;
  }

  /** Takes a timer back; nothing happens when it has gone off already. */
  clearTimeout(id: number): void {
    const due = this.#dues.get(id);
    if (due === undefined) return;
    this.#dues.delete(id);
    this.#timers.splice(this.#placeOf({ id, due }), 1);
  }

  /** Has `task` called in a later turn of the event loop, in the order of the calls: what is to happen in no time. */
  defer(task: () => void): void {
    this.#deferred += 1;
    // each in an immediate of its own: Node runs ticks and promises between two of them, as between two sockets' events
    setImmediate(() => {
      this.#deferred -= 1;
      task();
    });
  }

  /**
   * Resolves when nothing is left that happens in no time: no byte moves, no tick or promise waits for its turn. It knows
   * nothing of what a handler waits for elsewhere: a file, another process, a timer of the system.
   *
   * Rejects after 100 000 turns: two ends that answer each other for ever never settle.
   */
  async settled(): Promise<void> {
    for (let turn = 0; turn < mostTurns; turn += 1) {
      // Node has emptied its queues of ticks and promises before the immediate and does so again after it, so that
      // whatever goes on is among the deferred now
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#deferred === 0) return;
    }
    throw unsettled('turns of the event loop');
  }

  /**
   * Moves the time on by `ms` milliseconds. Timers go off in the order of their times, those of one time in the order in
   * which they were set, and all that follows from one has {@link settled} before the next. A call during another one
   * begins when that has ended.
   *
   * Rejects when a timer's function throws, when it never settles, or when 100 000 timers go off without the time moving:
   * one that sets itself again with 0 ms.
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

  /** Where a timer stands among the others: behind those of the same time that were set before it. */
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
