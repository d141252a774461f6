import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tableDriven } from '../../actors/xstate/tableDriven';
import { both, firstDifference } from '../support/xstate/differential';
import { aMachine, aScript, machineOf } from '../support/xstate/randomMachine';
import { inCi } from '../support/thoroughness';
import { Trace } from '../support/trace';

describe('Any machine', () => {
  it('does the same from its tables', async () => {
    const did = new Map<string, number>();
    const run = fc.asyncProperty(aMachine, aScript, async (plan, script) => {
      const machine = machineOf(plan, new Trace());
      expect(tableDriven(machine)).not.toBe(machine);
      const [driven, plain] = await both((trace) => machineOf(plan, trace), script, { restoreAt: [], isPure: false });
      expect(firstDifference(driven, plain)).toBeUndefined();
      for (const name of plain.did) {
        const kind = name.replace(/s\d+/, '');
        did.set(kind, (did.get(kind) ?? 0) + 1);
      }
    });
    await fc.assert(run, { numRuns: inCi(200, 30) });
    // makes sure that something has happened at all
    for (const kind of ['+', '-', ' initial', ' always', ' done', ' after', ' a', ' r', ' c.*', 'emitted', '+child']) {
      expect([kind, did.get(kind)]).toEqual([kind, expect.any(Number)]);
    }
  }, 60_000);

  it('goes on where it stopped, and does the same in pure functions', async () => {
    const run = fc.asyncProperty(aMachine, aScript, fc.nat(20), async (plan, script, at) => {
      const [driven, plain] = await both((trace) => machineOf(plan, trace), script, { restoreAt: [at] });
      expect(firstDifference(driven, plain)).toBeUndefined();
    });
    await fc.assert(run, { numRuns: inCi(15, 5) });
  }, 60_000);
});
