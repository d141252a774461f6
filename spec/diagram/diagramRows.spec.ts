import { describe, expect, it } from '@jest/globals';
import { setup } from 'xstate';
import { chartGraph } from '../../server/diagram/chartGraph';
import { chartParts } from '../../server/diagram/chartParts';

/** The rows of a state with these entry actions, and with one transition that stays in the state. */
function rowsWith(entry: readonly string[], actions: readonly string[] = []): string[] {
  const machine = setup({}).createMachine({
    entry: [...entry] as never,
    on: { somethingHappens: { guard: 'itIsAsWeLikeIt' as never, actions: [...actions] as never } },
  });
  const [state] = chartParts(chartGraph(machine)).states;
  return (state?.rows ?? []).slice(1).map(({ text, isIndented = false }) => `${isIndented ? '    ' : ''}${text}`);
}

describe('The rows of a state in a drawing', () => {
  it('have all actions, which go on in the next row when one is full', () => {
    expect(rowsWith(['closeListener', 'emitDraining', 'rejectQueued', 'refusePending'], ['tell', 'count'])).toEqual([
      'entry / closeListener, emitDraining,',
      '    rejectQueued, refusePending',
      'somethingHappens [itIsAsWeLikeIt] / tell, count',
    ]);
  });

  it('have a row of their own for actions that do not fit beside their event', () => {
    expect(rowsWith([], ['initialiseServerSocket'])).toEqual([
      'somethingHappens [itIsAsWeLikeIt]',
      '    / initialiseServerSocket',
    ]);
  });

  it('have a sign for a transition that does nothing', () => {
    expect(rowsWith([])).toEqual(['somethingHappens [itIsAsWeLikeIt] / –']);
  });

  it('end in an ellipsis where there is no end to the actions', () => {
    const rows = rowsWith(Array.from({ length: 1_000 }, (_, i) => `action${String(i)}`));
    const entry = rows.slice(0, -1);
    expect(entry).toHaveLength(6);
    expect(entry.at(-1)).toMatch(/^ {4}action\d+.*, …$/);
  });
});
