import type { AnyActor, AnyActorRef } from 'xstate';
// jest's fake timers leave Node's own module alone
import { setImmediate } from 'node:timers';
import { timeOf } from '../../../machines/vocabulary/time';

/** An entry of a {@link Sweep}: the time limits of one connection. */
export interface SweepEntry {
  /** The entry's place in the sweep. Only the sweep writes it. */
  place: number;
  /** When {@link look} has something to do, in the clock's milliseconds; Infinity: never. */
  due: number;
  /** Does what is due, and sets {@link due} anew. */
  look(now: number): void;
}

/** How much longer each connection makes the pause between two sweeps, in milliseconds: see {@link Sweep}. */
const pausePerConnection = 0.02;

/**
 * One timer for the time limits of all connections, instead of several timers for each.
 *
 * When something is due, the sweep goes through all entries. The pause between two sweeps grows with the number of
 * entries, so that sweeps cost next to nothing, however many entries there are. With 10 entries the pause is 0.2 ms,
 * less than the precision of timers. With 10,000 it is 0.2 s: a limit may be noticed that late. While nothing can
 * become due, there is no timer.
 */
export class Sweep {
  readonly #clock: AnyActor['clock'];
  // not a Set: while entries come and go, V8 keeps a Set's old tables, with all their entries, until a full collection
  readonly #entries: SweepEntry[] = [];
  #timer: unknown;
  #next = Infinity;
  #last = -Infinity;

  constructor(clock: AnyActor['clock']) {
    this.#clock = clock;
  }

  /** The clock's milliseconds. */
  get now(): number {
    return timeOf(this.#clock);
  }

  add(entry: SweepEntry): void {
    entry.place = this.#entries.push(entry) - 1;
    this.expect(entry.due);
  }

  /** Removes an entry. Any number of calls is fine. */
  remove(entry: SweepEntry): void {
    const { place } = entry;
    if (this.#entries[place] !== entry) return;
    const last = this.#entries.pop();
    if (last !== undefined && last !== entry) {
      last.place = place;
      this.#entries[place] = last;
    }
    entry.place = -1;
    if (this.#entries.length === 0) this.#cancel();
  }

  /** At this time something may be due. */
  expect(due: number): void {
    const next = Math.max(due, this.#last + this.#entries.length * pausePerConnection);
    if (next >= this.#next) return;
    this.#cancel();
    this.#next = next;
    this.#timer = this.#clock.setTimeout(this.#onTime, Math.max(0, Math.ceil(next - this.now)));
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer as never);
    this.#timer = undefined;
    this.#next = Infinity;
  }

  /**
   * When the event loop was busy for longer than a limit, or the system slept, bytes that came meanwhile still wait
   * to be read, and timers run before that. So the sweep itself comes after the reading.
   */
  readonly #onTime = (): void => {
    setImmediate(this.#sweep);
  };

  readonly #sweep = (): void => {
    this.#cancel();
    const { now } = this;
    this.#last = now;
    let next = Infinity;
    // backwards: an entry that removes itself when it looks is replaced by the last one, which has looked already
    for (let place = this.#entries.length - 1; place >= 0; place -= 1) {
      const entry = this.#entries[place];
      if (entry === undefined) continue;
      if (entry.due <= now) entry.look(now);
      if (entry.place === place && entry.due < next) next = entry.due;
    }
    this.expect(next);
  };
}

const sweeps = new WeakMap<AnyActorRef['system'], Sweep>();

/** The sweep of an actor's system, on the system's clock. */
export function sweepOf(actor: AnyActorRef): Sweep {
  const { system } = actor;
  let sweep = sweeps.get(system);
  if (sweep === undefined) {
    sweep = new Sweep((actor as unknown as AnyActor).clock);
    sweeps.set(system, sweep);
  }
  return sweep;
}
