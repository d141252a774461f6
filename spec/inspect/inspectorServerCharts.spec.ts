import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createMachine, type AnyStateMachine } from 'xstate';
import { Charts } from '../../server/inspect/web/charts';
import type { Hub } from '../../server/inspect/hub/hub';

const draw = jest.fn<(machine: AnyStateMachine) => Promise<string>>();
const machines = [createMachine({ id: 'one' }), createMachine({ id: 'other' })];
const hub = { machineOf: (definition: number) => machines[definition] };

let charts: Charts;

beforeEach(() => {
  draw.mockReset();
  draw.mockImplementation((machine) => Promise.resolve(`<svg>${machine.id}</svg>`));
  charts = new Charts(hub as Partial<Hub> as Hub, draw);
});

describe("An inspector's charts", () => {
  it('are drawn once for each machine, when somebody wants them', async () => {
    expect(draw).not.toHaveBeenCalled();
    const answers = await Promise.all([0, 0, 1, 0].map((definition) => charts.answer(definition)));
    expect(answers[1]).toEqual({ type: 'chart', definition: 0, svg: '<svg>one</svg>' });
    expect(answers[2]).toEqual({ type: 'chart', definition: 1, svg: '<svg>other</svg>' });
    expect(await charts.answer(0)).toEqual(answers[0]);
    expect(draw).toHaveBeenCalledTimes(2);
  });

  it('that cannot be drawn say why', async () => {
    draw.mockRejectedValue(new Error('elkjs is missing'));
    expect(await charts.answer(0)).toEqual({ type: 'chart', definition: 0, error: 'elkjs is missing' });
    draw.mockImplementation(() => {
      throw new TypeError('drawn at once, and badly');
    });
    expect(await charts.answer(1)).toEqual({ type: 'chart', definition: 1, error: 'drawn at once, and badly' });
  });

  it('of no machine do not exist', async () => {
    expect(await charts.answer(2)).toEqual({ type: 'chart', definition: 2, error: 'There is no such machine.' });
    expect(draw).not.toHaveBeenCalled();
  });
});
