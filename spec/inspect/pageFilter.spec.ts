import { describe, expect, it } from '@jest/globals';
import { live } from '../../server/inspect/page/actor';
import { parseFilter } from '../../server/inspect/page/filter';
import { stateIds, stateText } from '../../server/inspect/page/stateText';
import { World } from '../../server/inspect/page/world';
import type { InspectionRecord, ResetRecord } from '../../server/inspect/records';
import { failed, server, watched } from '../support/inspect/pageRecords';

const world = new World();
const records = [...server(12), watched(3, { open: 'flowing' }), watched(4, { open: 'peerEnded' }), failed(5, 'no')];
for (const record of records) world.apply(record as Exclude<InspectionRecord, ResetRecord>, 0);

const found = (text: string): string[] => {
  const filter = parseFilter(text);
  return [...world.actors.values()].filter((actor) => filter?.matches(actor, live)).map(({ name }) => name);
};

describe('parseFilter', () => {
  it.each([
    ['a name', 'serv', ['server']],
    ['a whole number', 'connection:1', ['connection:1']],
    ['a state', 'peerEnded', ['connection:2']],
    ['capitals or not', 'PEERended', ['connection:2']],
    ['all words', 'connection flowing', ['connection:1']],
    ['one place alone', 'state:open', ['connection:1', 'connection:2']],
    ['a status', 'status:error', ['connection:3']],
    ['a name alone', 'name:open', []],
    ['nothing', 'xyz', []],
  ])('finds %s', (_, text, names) => {
    expect(found(text)).toEqual(names);
  });

  it('takes a word with another colon for a name', () => {
    expect(found('constructor:1')).toEqual([]);
    expect(found('connection:')).toHaveLength(12);
  });

  it('is none when there is nothing to look for', () => {
    expect(parseFilter('  ')).toBeUndefined();
  });

  it('says whether it asks for states', () => {
    expect([parseFilter('open'), parseFilter('name:open')].map((filter) => filter?.asksForStates)).toEqual([
      true,
      false,
    ]);
  });
});

describe('stateText', () => {
  it.each([
    ['idle', 'idle', ['idle']],
    [{ open: 'flowing' }, 'open.flowing', ['open', 'open.flowing']],
    [{ a: 'x', b: { c: 'y' } }, 'a.x, b.c.y', ['a', 'a.x', 'b', 'b.c', 'b.c.y']],
    [{ a: {}, b: 'x' }, 'a, b.x', ['a', 'b', 'b.x']],
    [undefined, '', []],
  ])('says %j as a chart does', (value, text, ids) => {
    expect(stateText(value)).toBe(text);
    expect(stateIds(value)).toEqual(ids);
  });
});
