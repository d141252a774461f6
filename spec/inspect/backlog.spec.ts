import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backlog } from '../../server/inspect/hub/backlog';
import type { EventRecord, InspectionRecord, SnapshotRecord } from '../../server/inspect/records';

let clock = 0;
const at = (): number => (clock += 1);
const born = (id: number): InspectionRecord => ({ type: 'born', at: at(), id, name: 'x', kind: 'other', session: 'x' });
const died = (id: number): InspectionRecord => ({ type: 'died', at: at(), id, status: 'done' });
const watched = (id: number): InspectionRecord => ({ type: 'watched', at: at(), id, status: 'active' });
const event = (target = 1): EventRecord => ({ type: 'event', at: at(), target, event: { type: 'e' } });
const snapshot = (id: number, value: string, context?: number): SnapshotRecord => ({
  ...{ type: 'snapshot', at: at(), id, status: 'active', event: 'e', value },
  ...(context !== undefined && { context }),
});

describe('Backlog', () => {
  const short = (records: readonly InspectionRecord[]): unknown[] =>
    records.map((record) => {
      if (record.type === 'dropped') return record.events;
      return record.type === 'snapshot' ? `${String(record.id)} is ${record.value as string}` : record.type;
    });

  it('gives what came in order, and no more than is asked for', () => {
    const backlog = new Backlog(10, 10);
    expect(backlog.isEmpty).toBe(true);
    const records = [born(1), event(), watched(1), event(), died(1)];
    for (const record of records) {
      if (record.type === 'event') backlog.addEvent(record);
      else backlog.add(record);
    }
    expect(backlog.isEmpty).toBe(false);
    expect(backlog.take(2)).toEqual(records.slice(0, 2));
    expect(backlog.take(0)).toEqual([]);
    expect(backlog.take(9)).toEqual(records.slice(2));
    expect(backlog.isEmpty).toBe(true);
    expect(backlog.take(9)).toEqual([]);
  });

  it('says at which place how many events are missing', () => {
    const backlog = new Backlog(2, 10);
    for (let n = 0; n < 5; n += 1) backlog.addEvent(event());
    backlog.add(born(2));
    backlog.addEvent(event());
    backlog.drop();
    expect(short(backlog.take(99))).toEqual(['event', 'event', 3, 'born', 2]);
    backlog.addEvent(event());
    backlog.drop();
    expect(short(backlog.take(99))).toEqual(['event', 1]);
  });

  it('has room again for as many events as were taken', () => {
    const backlog = new Backlog(3, 10);
    const add = (times: number): void => {
      for (let n = 0; n < times; n += 1) backlog.addEvent(event());
    };
    add(3);
    expect(short(backlog.take(2))).toEqual(['event', 'event']);
    add(3);
    expect(short(backlog.take(99))).toEqual(['event', 'event', 'event', 1]);
    add(4);
    expect(short(backlog.take(99))).toEqual(['event', 'event', 'event', 1]);
  });

  describe('given more snapshots than have room', () => {
    it('keeps the latest of each actor, with how many were left out and the latest context', () => {
      const backlog = new Backlog(1, 10);
      backlog.addSnapshot(snapshot(1, 'a', 1));
      backlog.addSnapshot(snapshot(1, 'b', 2));
      backlog.addSnapshot(snapshot(1, 'c'));
      backlog.addSnapshot(snapshot(2, 'a', 5));
      backlog.addSnapshot(snapshot(2, 'b', 6));
      expect(backlog.take(99)).toMatchObject([
        { id: 1, value: 'a', context: 1 },
        { id: 1, value: 'c', context: 2, skipped: 1 },
        { id: 2, value: 'b', context: 6, skipped: 1 },
      ]);
      backlog.addSnapshot(snapshot(1, 'd'));
      expect(backlog.take(99)[0]).not.toHaveProperty('skipped');
    });

    it('tells it before the death of the actor, and before what the actor is when it is watched again', () => {
      const backlog = new Backlog(1, 10);
      backlog.addEvent(event());
      backlog.addSnapshot(snapshot(1, 'a'));
      backlog.addSnapshot(snapshot(2, 'a'));
      backlog.add(died(1));
      backlog.add(watched(2));
      expect(short(backlog.take(99))).toEqual(['event', '1 is a', 'died', '2 is a', 'watched']);
    });

    it('tells it before what happens after some of it was taken', () => {
      const backlog = new Backlog(1, 10);
      backlog.addEvent(event());
      for (const id of [1, 2, 3]) backlog.addSnapshot(snapshot(id, 'a'));
      expect(short(backlog.take(2))).toEqual(['event', '1 is a']);
      backlog.addEvent(event());
      backlog.addSnapshot(snapshot(3, 'b'));
      backlog.add(died(2));
      expect(short(backlog.take(99))).toEqual(['2 is a', '3 is a', 1, 'died', '3 is b']);
    });
  });

  describe('given more births and deaths than have room', () => {
    it('gives up, and begins anew', () => {
      const backlog = new Backlog(10, 3);
      for (const id of [1, 2, 3]) backlog.add(born(id));
      expect(backlog.isLost).toBe(false);
      backlog.add(born(4));
      expect([backlog.isLost, backlog.isEmpty]).toEqual([true, false]);
      backlog.add(born(5));
      backlog.addEvent(event());
      backlog.addSnapshot(snapshot(1, 'a'));
      backlog.drop();
      expect(backlog.take(99)).toEqual([]);
      backlog.begin([born(1), born(2)]);
      expect(backlog.isLost).toBe(false);
      for (const id of [3, 4, 5]) backlog.add(born(id));
      expect(backlog.take(99)).toHaveLength(5);
    });
  });

  it('loses no count, mixes up no order, and is bounded, whatever comes', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom('event', 'drop', 'born', 'died', 'watched'), id: fc.nat(3) }),
      fc.record({ do: fc.constant('snapshot'), id: fc.nat(3) }),
      fc.record({ do: fc.constant('take'), id: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.integer({ min: 1, max: 8 }), (steps, most) => {
        const backlog = new Backlog(most, 1_000);
        const taken: InspectionRecord[] = [];
        const added = { event: 0, snapshot: 0, rest: 0 };
        for (const { do: what, id } of steps) {
          if (what === 'take') {
            taken.push(...backlog.take(id));
            continue;
          }
          if (what === 'event' || what === 'drop') added.event += 1;
          else if (what === 'snapshot') added.snapshot += 1;
          else added.rest += 1;
          if (what === 'event') backlog.addEvent(event(id));
          else if (what === 'drop') backlog.drop();
          else if (what === 'snapshot') backlog.addSnapshot(snapshot(id, 'x'));
          else if (what === 'born') backlog.add(born(id + 10));
          else backlog.add(what === 'died' ? died(id) : watched(id));
        }
        // what waits is bounded: each gap is beside something that must be told
        const left = backlog.take(Infinity);
        expect(left.filter(({ type }) => type === 'event').length).toBeLessThanOrEqual(most);
        taken.push(...left);
        const sum = (count: (record: InspectionRecord) => number): number =>
          taken.reduce((all, one) => all + count(one), 0);
        expect(sum((one) => (one.type === 'event' ? 1 : one.type === 'dropped' ? one.events : 0))).toBe(added.event);
        expect(sum((one) => (one.type === 'snapshot' ? 1 + (one.skipped ?? 0) : 0))).toBe(added.snapshot);
        expect(sum((one) => ('id' in one && one.type !== 'snapshot' ? 1 : 0))).toBe(added.rest);
        // all but snapshots that had to wait are in the order in which they came; those are in that of their actor
        const times = (records: readonly InspectionRecord[]): number[] =>
          records.map((one) => ('at' in one ? one.at : NaN));
        const fixed = times(taken.filter(({ type }) => type !== 'snapshot' && type !== 'dropped'));
        expect(fixed).toEqual(fixed.toSorted((one, other) => one - other));
        for (const id of [0, 1, 2, 3]) {
          const own = times(taken.filter((one) => 'id' in one && one.id === id));
          expect(own).toEqual(own.toSorted((one, other) => one - other));
        }
      }),
      { numRuns: 300 },
    );
  });
});
