import { describe, expect, it } from '@jest/globals';
import { linger, live } from '../../server/inspect/page/actor';
import { parseFilter } from '../../server/inspect/page/filter';
import { treeRows, type TreeView } from '../../server/inspect/page/rows';
import { World } from '../../server/inspect/page/world';
import type { InspectionRecord, ResetRecord } from '../../server/inspect/records';
import { born, died, server, watched } from '../support/inspect/pageRecords';

const worldOf = (...records: readonly InspectionRecord[]): World => {
  const world = new World();
  for (const record of records) world.apply(record as Exclude<InspectionRecord, ResetRecord>, 0);
  return world;
};

/** The lines as one sees them: indented, with a sign for what is expanded and what collapsed. */
const linesOf = (world: World, view: Partial<TreeView> = {}): string[] =>
  treeRows({ world, position: live, now: 0, toggled: new Map(), filter: undefined, ...view }).map(
    ({ actor, depth, isExpanded }) =>
      `${'  '.repeat(depth)}${isExpanded === undefined ? '·' : isExpanded ? '-' : '+'} ${actor.name}`,
  );

describe('treeRows', () => {
  it('shows children below their parent, in the order of their births', () => {
    const world = worldOf(...server(2), born(9, 'listener', 1), born(10, 'protocol', 3));
    expect(linesOf(world)).toEqual([
      ...[
        '- server',
        '  - connections',
        '    - connection:1',
        '      · protocol',
        '    · connection:2',
        '  · listener',
      ],
    ]);
  });

  it('leaves out what is below a collapsed actor', () => {
    const world = worldOf(...server(2), born(9, 'listener', 1));
    expect(linesOf(world, { toggled: new Map([[2, false]]) })).toEqual(['- server', '  + connections', '  · listener']);
  });

  it('collapses a crowd, until somebody expands it', () => {
    const world = worldOf(...server(1_001));
    expect(linesOf(world)).toEqual(['- server', '  + connections']);
    expect(linesOf(world, { toggled: new Map([[2, true]]) })).toHaveLength(1_003);
    expect(linesOf(worldOf(...server(1_000)))).toHaveLength(1_002);
  });

  it('shows who has ended for a moment, and longer when it is kept', () => {
    const world = worldOf(...server(2), died(3), died(4));
    world.keep(4);
    expect(linesOf(world, { now: linger - 1 })).toHaveLength(4);
    expect(linesOf(world, { now: linger })).toEqual(['- server', '  - connections', '    · connection:2']);
  });

  it('shows who lived at a record that one has stepped back to', () => {
    const world = worldOf(...server(2), died(3));
    const at = (position: number): number => linesOf(world, { position, now: linger }).length;
    expect([0, 1, 2, 3, 4].map(at)).toEqual([1, 2, 3, 4, 3]);
  });

  it('shows those who match a filter, with their ancestors, however they were collapsed', () => {
    const world = worldOf(...server(1_200));
    const toggled = new Map([[1, false]]);
    expect(linesOf(world, { toggled, filter: parseFilter('connection:77') })).toEqual([
      ...['- server', '  - connections', '    · connection:77'],
    ]);
    expect(linesOf(world, { filter: parseFilter('nobody') })).toEqual([]);
  });

  it('filters by the state of the record that one looks at', () => {
    const world = worldOf(...server(1), watched(3, { open: 'flowing' }), died(3));
    const filter = parseFilter('state:open');
    expect(linesOf(world, { filter, position: 2 })).toHaveLength(3);
    expect(linesOf(world, { filter, position: 3, now: linger })).toHaveLength(0);
  });

  it('bears any depth', () => {
    const world = worldOf(born(0, 'root'), ...Array.from({ length: 20_000 }, (_, n) => born(n + 1, 'x', n)));
    expect(linesOf(world)).toHaveLength(20_001);
  });
});
