import { describe, expect, it } from '@jest/globals';
import { createActor, setup, type AnyEventObject } from 'xstate';
import { SimulatedClock } from '../../server/testing/index';
import { modelPaths } from '../../server/testing/paths/modelPaths';
import { codes, door, failure, makeDoor, pathTo, remembering } from '../support/paths/pathsMachines';

describe('coverage', () => {
  const drive = {
    'xstate.after.*': (): never => {
      throw new Error('No time');
    },
  };

  it('is what was seen, not what the model promised', async () => {
    const model = modelPaths(door, codes);
    expect(model.coverage.transitions).toEqual([]);
    await pathTo(model, 'locked|code|2').run(makeDoor());
    expect(model.coverage.states).toEqual(['starting', 'locked', 'jammed']);
    expect(model.coverage.cells).toEqual([{ state: 'locked', event: 'code', isTaken: true }]);
    expect(model.coverage.transitions).toEqual(['starting||0', 'locked|code|2']);
    await expect(pathTo(model, 'shut|xstate.after.1000.door.shut|0').run(makeDoor(), drive)).rejects.toThrow('No time');
    expect(model.coverage.missing).toEqual([
      ...['open', 'locked|code|0', 'locked|knock|0'],
      ...['shut|push|0', 'shut|xstate.after.1000.door.shut|0', 'open|blown|0'],
    ]);
  });

  it('counts what came besides, and draws it', async () => {
    const model = modelPaths(door, { ...codes, unreachable: { 'locked|code|0': 'codes come whole' } });
    const actor = makeDoor();
    await pathTo(model, 'open|blown|0').run(actor, {
      push: (event) => {
        for (const each of [{ type: 'knock' }, event, { type: 'knock' }]) actor.send(each);
      },
    });
    expect(model.coverage.toString()).toMatchInlineSnapshot(`
     "locked
     │ shut
     │ │ open
     │ │ │
     + . .  code
     ? - -  knock
     . + .  push
     . ? .  after 1000 ms
     . . +  blown

     4 of 5 states, 4 of 8 transitions

     missing:
       jammed
       locked|code|2
       locked|knock|0
       shut|xstate.after.1000.door.shut|0

     unreachable:
       locked|code|0: codes come whole"
    `);
  });

  it('ends with the run', async () => {
    const model = modelPaths(door, codes);
    const actor = makeDoor();
    await pathTo(model, 'shut|xstate.after.1000.door.shut|0').run(actor, {
      'xstate.after.*': (event) => {
        actor.send(event);
      },
    });
    actor.send({ type: 'knock' });
    expect(model.coverage.transitions).not.toContain('locked|knock|0');
  });

  it('counts an event as taken that was ignored before, and an always as none', async () => {
    const gate = setup({
      types: {} as { events: AnyEventObject },
      guards: { isRight: ({ event }) => event['code'] === 7 },
    }).createMachine({
      id: 'gate',
      initial: 'locked',
      states: {
        locked: { on: { code: { guard: 'isRight', target: 'choosing' } } },
        choosing: { always: 'open' },
        open: {},
      },
    });
    const { paths, coverage } = modelPaths(gate, { events: [{ type: 'code', code: 7 }] });
    const actor = createActor(gate);
    await paths[0]?.run(actor, {
      code: (event) => {
        actor.send({ type: 'code', code: 6 });
        expect(coverage.cells).toEqual([{ state: 'locked', event: 'code', isTaken: false }]);
        actor.send(event);
      },
    });
    actor.stop();
    expect(coverage.cells).toEqual([{ state: 'locked', event: 'code', isTaken: true }]);
    expect(coverage.missing).toEqual([]);
  });

  it('misses no history state: it stands for others', async () => {
    const { paths, coverage } = modelPaths(remembering);
    for (const path of paths) {
      const actor = createActor(remembering);
      await path.run(actor);
      actor.stop();
    }
    expect(coverage.missing).toEqual([]);
  });

  it('has nothing missing once all that is reachable was reached', async () => {
    const model = modelPaths(door, { ...codes, unreachable: { 'locked|code|0': 'codes come whole' } });
    for (const path of model.paths) {
      const clock = new SimulatedClock();
      await path.run(makeDoor({ clock }), { 'xstate.after.*': () => clock.advance(1_000) });
    }
    expect(model.coverage.missing).toEqual([]);
  });

  it('fails a run that reaches what is listed as unreachable', async () => {
    const model = modelPaths(door, { ...codes, unreachable: { 'locked|code|0': 'codes come whole' } });
    const actor = makeDoor();
    const pieces = {
      code: (event: AnyEventObject) => {
        actor.send({ type: 'code' });
        actor.send(event);
      },
    };
    expect(await failure(pathTo(model, 'open|blown|0').run(actor, pieces))).toBe(
      "The path 'reaches shut from open by blown' reached what is listed as unreachable: locked|code|0",
    );
  });

  it('tells parallel states apart, and does not count what is raised as ignored', async () => {
    const lamp = setup({ types: {} as { events: AnyEventObject } }).createMachine({
      id: 'lamp',
      type: 'parallel',
      states: {
        light: { initial: 'off', states: { off: { on: { press: 'on' } }, on: {} } },
        door: { initial: 'shut', states: { shut: { on: { open: 'open' } }, open: {} } },
      },
    });
    const { paths, coverage } = modelPaths(lamp);
    for (const path of paths) {
      const actor = createActor(lamp);
      await path.run(actor);
      actor.stop();
    }
    expect(coverage.toString()).toMatchInlineSnapshot(`
     "light.off
     │ light.on
     │ │ door.shut
     │ │ │ door.open
     │ │ │ │
     + . - .  press
     - . + .  open

     6 of 6 states, 2 of 2 transitions"
    `);
  });
});
