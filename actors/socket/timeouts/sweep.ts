import type { AnyActor, AnyActorRef } from 'xstate';
// jest's fake timers leave Node's own module alone
import { setImmediate } from 'node:timers';
import { timeOf } from '../../../machines/vocabulary/time';

/** What a {@link Sweep} looks after. */
export interface Swept {
  /** Where it is in the sweep; the sweep's own. */
  place: number;
  /** When it wants to be looked at, in the clock's milliseconds; Infinity: not at all. */
  due: number;
  /** Does what is due, and sets {@link due} anew. */
  look(now: number): void;
}

/** Milliseconds between two sweeps, for each connection that is looked after: see {@link Sweep}. */
const pausePerConnection = 0.02;

/**
 * One timer for the time limits of all connections, instead of some for each.
 *
 * When something is due, it goes through all there are. So that this costs next to nothing however many they are, the
 * pause between two sweeps grows with their number: with 10 it is 0.2 ms, less than timers are exact to; with 10,000 it is
 * 0.2 s, and that is how late a limit may be noticed. No pending deadline, no timer.
 */
export class Sweep {
  readonly #clock: AnyActor['clock'];
  // not a Set: V8 keeps the tables of one that entries come and go in until a full collection, with what was in them
  readonly #swept: Swept[] = [];
  #timer: unknown;
  #next = Infinity;
  #last = -Infinity;

  constructor(clock: AnyActor['clock']) {
    this.#clock = clock;
  }

  /** Milliseconds, as {@link Swept.due} counts them. */
  get now(): number {
    return timeOf(this.#clock);
  }

  add(swept: Swept): void {
    swept.place = this.#swept.push(swept) - 1;
    this.expect(swept.due);
  }

  /** Any number of calls is fine. */
  remove(swept: Swept): void {
    const { place } = swept;
    if (this.#swept[place] !== swept) return;
    const last = this.#swept.pop();
    if (last !== undefined && last !== swept) {
      last.place = place;
      this.#swept[place] = last;
    }
    swept.place = -1;
    if (this.#swept.length === 0) this.#cancel();
  }

  /** Something may be due then. */
  expect(due: number): void {
    const next = Math.max(due, this.#last + this.#swept.length * pausePerConnection);
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
   * Where the event loop was kept busy for longer than a limit, or the system slept, the bytes that came meanwhile still
   * wait to be read, and timers run before that. So it looks once they have been read.
   */
  readonly #onTime = (): void => {
    setImmediate(this.#sweep);
  };

  readonly #sweep = (): void => {
    this.#cancel();
    const { now } = this;
    this.#last = now;
    let next = Infinity;
    // what ends by being looked at removes itself, and the last one takes its place: which has been looked at already
    for (let place = this.#swept.length - 1; place >= 0; place -= 1) {
      const swept = this.#swept[place];
      if (swept === undefined) continue;
      if (swept.due <= now) swept.look(now);
      if (swept.place === place && swept.due < next) next = swept.due;
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
