import { describe, expect, it } from '@jest/globals';
import { createActor, createMachine, raise } from 'xstate';
import { StepTable } from '../../actors/xstate/stepTable';
import { indexTimers } from '../../actors/xstate/timerIndex';
import { SimulatedClock } from '../../server/testing/simulatedClock';

describe('What is remembered of', () => {
  it('event types whose names are without end is bounded', () => {
    const table = new StepTable(createMachine({ on: { '*': {} } }));
    const { next } = table.initial;
    const sizes = Array.from({ length: 1_000 }, (_, n) => {
      expect(table.candidatesOf(next, `xstate.done.actor.${String(n)}`)).toHaveLength(1);
      return next.candidates.size;
    });
    expect(Math.max(...sizes)).toBe(200);
  });

  it('timers that have gone off is bounded, and nothing of those that were taken back', async () => {
    const clock = new SimulatedClock();
    const machine = createMachine({
      on: {
        tick: { actions: raise({ type: 'tock' }, { delay: 1 }) },
        tock: {},
      },
    });
    const actor = createActor(machine, { clock: clock as never });
    indexTimers(actor);
    actor.start();
    const kept = (): ReadonlySet<string> | undefined => {
      const [key] = Object.getOwnPropertySymbols(actor).filter(({ description }) => description === 'timers');
      return key === undefined ? undefined : ((actor as never)[key] as ReadonlySet<string> | undefined);
    };
    let most = 0;
    for (let n = 0; n < 500; n += 1) {
      actor.send({ type: 'tick' });
      await clock.advance(1);
      most = Math.max(most, kept()?.size ?? 0);
    }
    expect(most).toBe(64);
    actor.send({ type: 'tick' });
    actor.stop();
    expect([kept(), clock.pending]).toEqual([undefined, 0]);
  });
});
