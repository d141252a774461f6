import type { Clock } from '../serverHandle';

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** So many turns of the event loop without rest are taken for a conversation that never ends. */
const mostTurns = 100_000;

/**
 * Time that stands still until {@link advance} moves it: the clock of a server, of its handlers' `after`, and of a
 * {@link memoryNetwork}'s latency. What takes no time happens by itself, in the turns of the event loop.
 */
export class SimulatedClock implements Clock {
  #now = 0;
  #lastId = 0;
  /** In the order in which they were set. */
  readonly #timers = new Map<number, Timer>();
  /** Tasks that were deferred and have not run. */
  #deferred = 0;

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.#now;
  }

  /** Has `run` called once the time has advanced by `ms`; within the next `advance`, whatever its length, for 0. */
  setTimeout(run: () => void, ms: number): number {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { due: this.#now + Math.max(0, ms), run });
    return this.#lastId;
  }

  /** Takes a timer back; nothing happens when it has gone off already. */
  clearTimeout(id: number): void {
    this.#timers.delete(id);
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
    throw new Error(`Not settled after ${String(mostTurns)} turns of the event loop: something goes on for ever`);
  }

  /**
   * Moves the time on by `ms` milliseconds. Timers go off in the order of their times, those of one time in the order in
   * which they were set, and all that follows from one has {@link settled} before the next.
   *
   * Rejects when a timer's function throws, or when it never settles.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`A clock can't be advanced by ${String(ms)} ms`);
    const end = this.#now + ms;
    await this.settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [id, { due, run }] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, due);
      run();
      await this.settled();
    }
    this.#now = end;
  }

  /** The first timer that goes off until then. */
  #next(end: number): [number, Timer] | undefined {
    let next: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (entry[1].due <= end && (next === undefined || entry[1].due < next[1].due)) next = entry;
    }
    return next;
  }
}
