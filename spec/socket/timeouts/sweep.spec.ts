import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Sweep, type SweepEntry } from '../../../actors/socket/timeouts/sweep';
import { SimulatedClock } from '../../../server/testing/index';

/** An entry that the sweep checks once. The entry notes the time. */
class Deadline implements SweepEntry {
  place = -1;
  due: number;
  readonly looks: number[] = [];
  readonly #act: (self: Deadline) => void;

  constructor(due: number, act: (self: Deadline) => void = () => undefined) {
    this.due = due;
    this.#act = act;
  }

  look(now: number): void {
    this.looks.push(now);
    this.due = Infinity;
    this.#act(this);
  }
}

function sweepOf(...deadlines: readonly Deadline[]): { clock: SimulatedClock; sweep: Sweep } {
  const clock = new SimulatedClock();
  const sweep = new Sweep(clock as never);
  for (const deadline of deadlines) sweep.add(deadline);
  return { clock, sweep };
}

describe('Sweep', () => {
  it('looks at each deadline in its millisecond, with one timer for all', async () => {
    const deadlines = [30, 10, 20].map((due) => new Deadline(due));
    const { clock } = sweepOf(...deadlines);
    expect(clock.pending).toBe(1);
    await clock.advance(9);
    expect(deadlines.map(({ looks }) => looks)).toEqual([[], [], []]);
    await clock.advance(21);
    expect(deadlines.map(({ looks }) => looks)).toEqual([[30], [10], [20]]);
    expect(clock.pending).toBe(0);
  });

  it('has no timer while nothing is due, nor when all are removed', async () => {
    const [never, soon] = [new Deadline(Infinity), new Deadline(10)];
    const { clock, sweep } = sweepOf(never);
    expect(clock.pending).toBe(0);
    sweep.add(soon);
    sweep.remove(soon);
    // one wake-up without anything to do, which sets no other timer
    await clock.advance(10);
    expect([clock.pending, soon.looks]).toEqual([0, []]);
    sweep.add(soon);
    soon.due = 20;
    sweep.expect(20);
    for (const each of [never, soon, soon]) sweep.remove(each);
    expect(clock.pending).toBe(0);
  });

  it('is told of what is due earlier than it was', async () => {
    const deadline = new Deadline(1_000);
    const { clock, sweep } = sweepOf(deadline);
    deadline.due = 10;
    sweep.expect(10);
    expect(clock.pending).toBe(1);
    await clock.advance(1_000);
    expect(deadline.looks).toEqual([10]);
    expect(clock.pending).toBe(0);
  });

  it('looks at what is over already when it is added', async () => {
    const deadline = new Deadline(-5);
    const { clock } = sweepOf(deadline);
    await clock.advance(0);
    expect(deadline.looks).toEqual([0]);
  });

  it('rests for 0.02 ms for each between two sweeps, and is no later than that', async () => {
    const deadlines = Array.from({ length: 1_000 }, (_, n) => new Deadline(n + 1));
    const { clock } = sweepOf(...deadlines);
    await clock.advance(1_100);
    const sweeps = new Set(deadlines.flatMap(({ looks }) => looks));
    expect(Math.max(...deadlines.map(({ looks: [at = Infinity] }, n) => at - n - 1))).toBe(19);
    expect(sweeps.size).toBe(51);
  });

  it('looks at all that are due when the clock jumps ahead, at once', async () => {
    const deadlines = [10, 20, 5_000].map((due) => new Deadline(due));
    let now = 0;
    let wake: (() => void) | undefined;
    const clock = { now: () => now, setTimeout: (run: () => void) => (wake = run), clearTimeout: () => undefined };
    const sweep = new Sweep(clock as never);
    for (const deadline of deadlines) sweep.add(deadline);
    now = 4_000;
    wake?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(deadlines.map(({ looks }) => looks)).toEqual([[4_000], [4_000], []]);
  });

  it('looks at the others, each once, when one removes itself and others, or adds some', async () => {
    const added = new Deadline(10);
    const all: Deadline[] = Array.from(
      { length: 10 },
      (_, n) =>
        new Deadline(10, (self) => {
          sweep.remove(self);
          if (n === 6) for (const other of [...all.slice(0, 2), ...all.slice(8)]) sweep.remove(other);
          if (n === 7) sweep.add(added);
        }),
    );
    const { clock, sweep } = sweepOf(...all);
    await clock.advance(10);
    await clock.advance(1);
    expect(all.map(({ looks }) => looks.length)).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(added.looks).toHaveLength(1);
    sweep.remove(added);
    expect(clock.pending).toBe(0);
  });

  it('never looks early, at most a pause late, and not at what was removed, whatever comes and goes', async () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), in: fc.integer({ min: 0, max: 500 }) }),
      fc.record({ type: fc.constant('remove' as const), which: fc.nat() }),
      fc.record({ type: fc.constant('advance' as const), by: fc.integer({ min: 0, max: 60 }) }),
      // the check of one entry removes another
      fc.record({ type: fc.constant('trap' as const), in: fc.integer({ min: 0, max: 500 }), which: fc.nat() }),
    );
    const run = fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const { clock, sweep } = sweepOf(...Array.from({ length: 500 }, () => new Deadline(Infinity)));
      const late = 500 * 0.02 + 60 * 0.02 + 1;
      const there: { deadline: Deadline; due: number; removedAt: number }[] = [];
      const remove = (which: number): void => {
        const one = there[which % there.length];
        if (one === undefined) return;
        sweep.remove(one.deadline);
        one.removedAt = Math.min(one.removedAt, clock.now());
      };
      const add = (due: number, act?: () => void): void => {
        const deadline = new Deadline(due, act);
        there.push({ deadline, due, removedAt: Infinity });
        sweep.add(deadline);
      };
      for (const next of steps) {
        if (next.type === 'add') add(clock.now() + next.in);
        else if (next.type === 'remove') remove(next.which);
        else if (next.type === 'advance') await clock.advance(next.by);
        else {
          add(clock.now() + next.in, () => {
            remove(next.which);
          });
        }
      }
      await clock.advance(1_000);
      const wrong = there.filter(({ deadline: { looks }, due, removedAt }) => {
        const [at] = looks;
        if (at === undefined) return removedAt > due + late;
        return at < due || at > Math.min(due + late, removedAt) || looks.length > 1;
      });
      expect(wrong).toEqual([]);
      expect(clock.pending).toBe(0);
    });
    await fc.assert(run, { numRuns: 100 });
  });
});
