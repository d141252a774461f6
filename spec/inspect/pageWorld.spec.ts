import { describe, expect, it } from '@jest/globals';
import { live, livedAt, liveChildren, momentAt, pathOf, type Actor } from '../../server/inspect/page/actor';
import { World } from '../../server/inspect/page/world';
import type { InspectionRecord, ResetRecord } from '../../server/inspect/records';
import { born, died, dropped, failed, sent, server, snapshot, watched } from '../support/inspect/pageRecords';

const worldOf = (...records: readonly InspectionRecord[]): World => {
  const world = new World();
  tell(world, ...records);
  return world;
};

const tell = (world: World, ...records: readonly InspectionRecord[]): void => {
  for (const record of records) world.apply(record as Exclude<InspectionRecord, ResetRecord>, 1_000);
};

const actorOf = (world: World, id: number): Actor => {
  const actor = world.actors.get(id);
  if (actor === undefined) throw new Error(`Nobody has the number ${String(id)}.`);
  return actor;
};

describe('World', () => {
  describe('given births and deaths', () => {
    it('knows who is whose child, and how many live', () => {
      const world = worldOf(...server(3), died(4));
      const registry = actorOf(world, 2);
      expect([...registry.children].map(({ name }) => name)).toEqual(['connection:1', 'connection:2', 'connection:3']);
      expect([world.live, registry.live, registry.ended]).toEqual([4, 2, 1]);
      expect(pathOf(actorOf(world, 5))).toEqual(['server', 'connections', 'connection:3']);
    });

    it('keeps who has ended, with what it ended in and what it was', () => {
      const world = worldOf(born(1, 'a'), watched(1, 'idle'), failed(1, 'Error: no'));
      const actor = actorOf(world, 1);
      expect([actor.died, actor.leftAt, actor.error]).toEqual([1, 1_000, 'Error: no']);
      expect(momentAt(actor, live)).toMatchObject({ status: 'error', value: 'idle' });
    });

    it('counts a death that is told twice once', () => {
      const world = worldOf(...server(1), died(3), died(3));
      expect([world.live, actorOf(world, 2).live, actorOf(world, 2).ended]).toEqual([2, 0, 1]);
    });

    it('takes no harm from what concerns nobody', () => {
      const world = worldOf(died(7), snapshot(7, 'x'), watched(7, 'x'), sent(7, 'go'));
      expect([world.actors.size, world.live, world.last]).toEqual([0, 0, 2]);
    });
  });

  describe('given snapshots', () => {
    const world = worldOf(born(1, 'a'), watched(1, 'idle'), snapshot(1, 'busy', 'go', ['idle|go|0']), sent(1, 'no'));
    tell(world, snapshot(1, 'idle', 'stop'), died(1));
    const actor = actorOf(world, 1);

    it('tells what an actor was at any record', () => {
      const values = [-1, 0, 1, 2, 3, 4, live].map((position) => momentAt(actor, position)?.value);
      expect(values).toEqual([undefined, 'idle', 'busy', 'busy', 'idle', 'idle', 'idle']);
      expect(momentAt(actor, 2)?.edges).toEqual(['idle|go|0']);
    });

    it('tells which event led there, after its end as well', () => {
      const events = [0, 1, 2, 3, live].map((position) => momentAt(actor, position)?.event);
      expect(events).toEqual([undefined, 'go', 'go', 'stop', 'stop']);
    });

    it('tells whether it lived then', () => {
      expect([-1, 0, 3, 4, live].map((position) => livedAt(actor, position))).toEqual([
        false,
        true,
        true,
        false,
        false,
      ]);
    });

    it('keeps a context until another one is told', () => {
      const world = worldOf(
        born(1, 'a'),
        { ...watched(1, 'idle'), context: { n: 1 } } as InspectionRecord,
        snapshot(1, 'b'),
      );
      expect(momentAt(actorOf(world, 1), live)?.context).toEqual({ n: 1 });
    });

    it('tells how many children lived then', () => {
      const registry = actorOf(worldOf(...server(2), died(3), born(9, 'connection:9', 2), died(9)), 2);
      expect([1, 2, 3, 4, 5, 6, live].map((position) => liveChildren(registry, position))).toEqual([
        0, 1, 2, 1, 2, 1, 1,
      ]);
    });
  });

  describe('trim', () => {
    it('keeps the last records, and their numbers', () => {
      const world = worldOf(...server(10), dropped(5));
      world.trim(4);
      expect([world.first, world.last, world.log.length]).toEqual([9, 12, 4]);
      expect(world.log.at(-1)).toEqual(dropped(5));
    });

    it('lets go of what actors were before that, but for what they were when it begins', () => {
      const world = worldOf(born(1, 'a'), ...Array.from({ length: 100 }, (_, n) => snapshot(1, String(n))));
      world.trim(10);
      const { moments } = actorOf(world, 1);
      expect(moments.map(({ seq }) => seq)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
      expect(momentAt(actorOf(world, 1), world.first - 1)?.value).toBe('89');
    });

    it('keeps no more of an actor that is watched again and again', () => {
      const world = worldOf(born(1, 'a'), born(2, 'b'));
      for (let n = 0; n < 100; n += 1) {
        tell(world, watched(1, String(n)), sent(2, 'go'));
        world.trim(10);
      }
      expect(actorOf(world, 1).moments.length).toBeLessThanOrEqual(12);
    });

    it('forgets who had ended by then, and nobody who lives', () => {
      const world = worldOf(...server(3), died(3), died(4));
      world.trim(1);
      expect([...world.actors.keys()]).toEqual([1, 2, 4, 5]);
      expect([...actorOf(world, 2).children].map(({ id }) => id)).toEqual([4, 5]);
    });

    it('keeps whom it was told to keep, until that is another', () => {
      const world = worldOf(...server(2), died(3));
      world.keep(3);
      world.trim(0);
      expect(world.actors.has(3)).toBe(true);
      world.keep(4);
      expect([...world.actors.keys()]).toEqual([1, 2, 4]);
    });

    it('leaves nothing behind of actors that came and went', () => {
      const world = worldOf(...server(0));
      for (let id = 10; id < 2_010; id += 1) {
        tell(world, born(id, 'x', 2), watched(id, 'on'), died(id));
        world.trim(100);
      }
      expect(world.actors.size).toBeLessThanOrEqual(2 + 51);
      expect(actorOf(world, 2).children.size).toBe(world.actors.size - 2);
      expect([world.live, actorOf(world, 2).ended]).toEqual([2, 2_000]);
    });
  });

  describe('fork', () => {
    it('goes on by itself, with who lives and what they are', () => {
      const world = worldOf(...server(2), watched(4, 'idle'), died(3));
      const next = world.fork();
      tell(next, snapshot(4, 'busy'), died(4));
      expect([next.first, next.live, [...next.actors.keys()]]).toEqual([5, 2, [1, 2, 4]]);
      expect(momentAt(actorOf(next, 4), 5)?.value).toBe('busy');
      expect([world.live, actorOf(world, 2).live, momentAt(actorOf(world, 4), live)?.value]).toEqual([3, 1, 'idle']);
    });
  });
});
