import { describe, expect, it } from '@jest/globals';
import { live } from '../../server/inspect/page/actor';
import { lanesOf, sequenceRows } from '../../server/inspect/page/lanes';
import { World } from '../../server/inspect/page/world';
import type { InspectionRecord, ResetRecord } from '../../server/inspect/records';
import { born, died, dropped, emitted, sent, server, snapshot, watched } from '../support/inspect/pageRecords';

const worldOf = (...records: readonly InspectionRecord[]): World => {
  const world = new World();
  for (const record of records) world.apply(record as Exclude<InspectionRecord, ResetRecord>, 0);
  return world;
};

const namesOf = (world: World, picked: number[], selected: number | undefined): string[] =>
  lanesOf(world, picked, selected, live).map(({ name }) => name);

/** The rows as one reads them; lanes are numbers, 0 is outside. */
const rowsOf = (world: World, ids: number[]): string[] =>
  sequenceRows(world, lanesOf(world, ids, undefined, live)).map((row) => {
    switch (row.kind) {
      case 'message':
        return `${String(row.from ?? row.other)} → ${String(row.to ?? row.other)} ${row.event.type}`;
      case 'gap':
        return `${String(row.events)} missing`;
      default:
        return `${String(row.lane)} ${row.kind === 'state' ? row.text : row.kind}`;
    }
  });

describe('lanesOf', () => {
  const world = worldOf(...server(10), born(20, 'protocol', 3), died(4));

  it('takes the selected actor, its parent and its first six children, the living first', () => {
    expect(namesOf(world, [], 3)).toEqual(['connections', 'connection:1', 'protocol']);
    expect(namesOf(world, [], 2)).toEqual([
      ...['server', 'connections'],
      ...[1, 3, 4, 5, 6, 7].map((n) => `connection:${String(n)}`),
    ]);
  });

  it('takes those who have ended where there is room', () => {
    expect(namesOf(worldOf(...server(2), died(3)), [], 2)).toEqual([
      ...['server', 'connections', 'connection:1', 'connection:2'],
    ]);
  });

  it('takes the picked ones instead, as long as they are known', () => {
    expect(namesOf(world, [5, 1], 3)).toEqual(['connection:3', 'server']);
    expect(namesOf(world, [99], 1)).toEqual(['server', 'connections']);
  });

  it('is empty when nobody is selected', () => {
    expect(namesOf(world, [], undefined)).toEqual([]);
  });
});

describe('sequenceRows', () => {
  it('draws events between lanes, from and to the outside, and to the same lane', () => {
    const world = worldOf(
      born(1, 'a'),
      born(2, 'b'),
      sent(2, 'x', 1),
      sent(1, 'in'),
      emitted(2, 'out'),
      sent(1, 'self', 1),
    );
    expect(rowsOf(world, [1, 2])).toEqual(['1 born', '2 born', '1 → 2 x', '0 → 1 in', '2 → 0 out', '1 → 1 self']);
  });

  it('names the other actor where only one has a lane, and leaves out what concerns none', () => {
    const world = worldOf(
      born(1, 'a'),
      born(2, 'b'),
      born(3, 'c'),
      sent(1, 'x', 2),
      sent(2, 'y', 1),
      sent(2, 'z', 3),
      sent(3, 'q'),
    );
    expect(rowsOf(world, [1])).toEqual(['1 born', 'b → 1 x', '1 → b y']);
  });

  it('shows no birth of who lived before anybody looked', () => {
    const world = worldOf({ ...born(1, 'a'), earlier: true }, born(2, 'b', 1));
    expect(rowsOf(world, [1, 2])).toEqual(['2 born']);
  });

  it('tells a state when it is another one', () => {
    const world = worldOf(
      born(1, 'a'),
      watched(1, 'idle'),
      snapshot(1, 'idle'),
      snapshot(1, { on: 'x' }),
      snapshot(1, { on: 'x' }),
    );
    expect(rowsOf(world, [1])).toEqual(['1 born', '1 on.x']);
  });

  it('tells a state that nobody knew before', () => {
    expect(rowsOf(worldOf(born(1, 'a'), snapshot(1, 'idle'), snapshot(1, 'idle')), [1])).toEqual(['1 born', '1 idle']);
  });

  it('leaves out what one lane has to do with actors that have none', () => {
    const world = worldOf(
      ...server(2),
      sent(2, 'spawn', 1),
      sent(2, 'done', 4),
      sent(1, 'freed', 2),
      sent(2, 'x', 3),
      sent(2, 'in'),
      sent(3, 'y', 1),
    );
    const rows = sequenceRows(world, lanesOf(world, [2, 3], undefined, live), 2);
    expect(rows.flatMap((row) => (row.kind === 'message' ? [row.event.type] : []))).toEqual(['x', 'in', 'y']);
  });

  it('knows what the state was before the log begins', () => {
    const world = worldOf(born(1, 'a'), snapshot(1, 'idle'), sent(1, 'x'), snapshot(1, 'idle'), died(1));
    world.trim(2);
    expect(rowsOf(world, [1])).toEqual(['1 died']);
  });

  it('leaves a gap where events are missing', () => {
    const world = worldOf(born(1, 'a'), dropped(300), born(2, 'b'), dropped(12), sent(1, 'x'), dropped(1));
    expect(rowsOf(world, [1])).toEqual(['1 born', '312 missing', '0 → 1 x', '1 missing']);
  });

  it('gives each row the number of its record', () => {
    const world = worldOf(born(1, 'a'), born(2, 'b'), sent(2, 'x'), sent(1, 'y'));
    world.trim(3);
    expect(sequenceRows(world, lanesOf(world, [1], undefined, live)).map(({ seq }) => seq)).toEqual([3]);
  });
});
