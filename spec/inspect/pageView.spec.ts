import { describe, expect, it } from '@jest/globals';
import { live } from '../../server/inspect/page/actor';
import { keptRecords, pausedRecords, View } from '../../server/inspect/page/view';
import type { InspectionRecord } from '../../server/inspect/records';
import { born, died, sent, server, snapshot, watched } from '../support/inspect/pageRecords';

const viewOf = (...records: readonly InspectionRecord[]): View => {
  const view = new View();
  view.receive(records, 0);
  return view;
};

const events = (length: number): InspectionRecord[] => Array.from({ length }, () => sent(1, 'tick'));

describe('View', () => {
  it('selects a root when nobody is selected yet', () => {
    expect(viewOf(...server(1)).selectedActor?.name).toBe('server');
  });

  it('keeps the last 5,000 records', () => {
    const { world } = viewOf(born(1, 'a'), ...events(keptRecords + 10));
    expect([world.log.length, world.first, world.last]).toEqual([keptRecords, 11, keptRecords + 10]);
  });

  describe('paused', () => {
    const moving = (): View => {
      const view = viewOf(born(1, 'a'), watched(1, 'idle'), snapshot(1, 'busy'), snapshot(1, 'idle'));
      view.pause();
      view.receive([snapshot(1, 'over'), sent(1, 'more')], 0);
      return view;
    };

    it('stays where it is, and says how many records have come since', () => {
      const view = moving();
      expect([view.isPaused, view.moment?.value, view.arrived]).toEqual([true, 'idle', 2]);
    });

    it('steps back and forward, to either end and no further', () => {
      const view = moving();
      const values = [-1, -1, -1, 1, 1, 1, 1, 1].map((by) => {
        view.step(by);
        return [view.position, view.moment?.value];
      });
      expect(values).toEqual([
        ...[
          [1, 'busy'],
          [0, 'idle'],
          [0, 'idle'],
        ],
        ...[
          [1, 'busy'],
          [2, 'idle'],
          [3, 'over'],
          [4, 'over'],
          [4, 'over'],
        ],
      ]);
    });

    it('pauses with the first step back', () => {
      const view = viewOf(born(1, 'a'), snapshot(1, 'busy'), snapshot(1, 'idle'));
      view.step(-1);
      expect([view.position, view.moment?.value]).toEqual([1, 'busy']);
    });

    it('follows again from where things are now', () => {
      const view = moving();
      view.resume();
      expect([view.position, view.moment?.value, view.arrived]).toEqual([live, 'over', 0]);
    });

    it('keeps what is in sight, however much comes, and goes on collecting', () => {
      const view = moving();
      const { shown } = view;
      for (let n = 0; n < 30; n += 1) view.receive([...events(1_000), snapshot(1, `s${String(n)}`)], 0);
      expect(view.arrived).toBe(30_032);
      expect(view.moment?.value).toBe('idle');
      expect(shown.log.length).toBeLessThanOrEqual(keptRecords + pausedRecords + 1_001);
      expect(view.world.log.length).toBeLessThanOrEqual(keptRecords);
      view.resume();
      expect([view.selectedActor?.name, view.moment?.value]).toEqual(['a', 's29']);
    });

    it('keeps what is in sight when all is told anew', () => {
      const view = moving();
      view.receive([{ type: 'reset' }, born(1, 'a'), watched(1, 'anew')], 0);
      expect(view.moment?.value).toBe('idle');
      view.resume();
      expect(view.moment?.value).toBe('anew');
    });
  });

  describe('told anew', () => {
    it('forgets the actors, and keeps the definitions', () => {
      const view = viewOf({ type: 'definition', id: 1, name: 'm', config: '{}' }, ...server(3));
      view.receive([{ type: 'reset' }, ...server(1)], 0);
      expect([view.shown.live, view.shown.definitions.size]).toEqual([3, 1]);
    });

    it('selects again who was selected, by its number where several have its path', () => {
      const view = viewOf(born(1, 'server'), born(2, 'server'));
      view.select(1);
      view.receive([{ type: 'reset' }, born(1, 'server'), born(2, 'server')], 0);
      expect(view.selected).toBe(1);
    });

    it('finds who was selected by its path, when another connection has other numbers', () => {
      const view = viewOf(...server(3));
      view.select(4);
      view.togglePicked(4);
      view.reconnect();
      view.receive([born(4, 'server'), born(5, 'connections', 4)], 0);
      expect(view.selectedActor).toBeUndefined();
      view.receive([born(9, 'connection:2', 5)], 0);
      expect([view.selected, view.selectedActor?.name, view.picked.size]).toEqual([9, 'connection:2', 0]);
    });

    it('does not select anybody else by it', () => {
      const view = viewOf(...server(3));
      view.select(4);
      view.reconnect();
      view.receive(server(1), 0);
      expect(view.selectedActor).toBeUndefined();
    });
  });

  describe('watched', () => {
    it('names the selected actor first, then lifelines, then who is in sight; only who lives', () => {
      const view = viewOf(...server(4), died(4));
      view.select(3);
      view.togglePicked(6);
      const inSight = [1, 2, 3, 4].flatMap((id) => view.shown.actors.get(id) ?? []);
      expect(view.watched(inSight)).toEqual([3, 6, 1, 2]);
    });

    it('names 1,000 at most', () => {
      const view = viewOf(...server(2_000));
      expect(view.watched(view.shown.actors.values())).toHaveLength(1_000);
    });
  });
});
