import { describe, expect, it, jest } from '@jest/globals';
import { createActor, setup, type AnyEventObject } from 'xstate';
import { SimulatedClock } from '../../server/testing/index';
import { modelPaths } from '../../server/testing/paths/modelPaths';
import { codes, counter, door, failure, makeDoor, pathTo, remembering, settled } from '../support/paths/pathsMachines';

describe('a path', () => {
  it('starts the actor, sends it what the drive does not know, and holds', async () => {
    const actor = makeDoor();
    await pathTo(modelPaths(door, codes), 'open|blown|0').run(actor);
    expect(actor.getSnapshot().value).toBe('shut');
  });

  it('has events happen as the drive says, the most exact key first', async () => {
    const clock = new SimulatedClock();
    const actor = makeDoor({ clock });
    const told: string[] = [];
    await pathTo(modelPaths(door, codes), 'shut|xstate.after.1000.door.shut|0').run(actor, {
      'xstate.*': () => told.push('any'),
      'xstate.after.*': () => clock.advance(1_000),
      'code.*': () => told.push('any code'),
      code: async (event) => {
        told.push(`code ${String(event['code'])}`);
        await settled();
        actor.send(event);
      },
    });
    expect(told).toEqual(['code 7']);
    expect(actor.getSnapshot().value).toBe('locked');
  });

  it('awaits what happens by itself, and leaves no timer behind', async () => {
    // its own timer, told by the delay: how many timers the process has is jest's affair, too
    const set = jest.spyOn(globalThis, 'setTimeout');
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    const actor = makeDoor({ clock: new SimulatedClock() });
    actor.subscribe(({ value }) => {
      if (value === 'open')
        setImmediate(() => {
          actor.send({ type: 'blown' });
        });
    });
    await pathTo(modelPaths(door, codes), 'open|blown|0').run(actor, { blown: 'itself' }, { timeout: 600_000 });
    const own = set.mock.results.filter((_, index) => set.mock.calls[index]?.[1] === 600_000).map(({ value }) => value);
    jest.restoreAllMocks();
    expect(own).toHaveLength(1);
    expect(cleared.mock.calls.flat()).toContain(own[0]);
    expect(actor.getSnapshot().value).toBe('shut');
  });

  it('holds when an event comes in pieces, or others come besides', async () => {
    const actor = makeDoor();
    await pathTo(modelPaths(door, codes), 'open|blown|0').run(actor, {
      code: (event) => {
        for (const each of [{ type: 'code' }, { type: 'knock' }, event]) actor.send(each);
      },
    });
    expect(actor.getSnapshot().value).toBe('shut');
  });

  it('fails where the event leads elsewhere, and tells all that came', async () => {
    const actor = makeDoor();
    const drive = {
      code: () => {
        actor.send({ type: 'code', code: 1 });
      },
    };
    expect(await failure(pathTo(modelPaths(door, codes), 'open|blown|0').run(actor, drive))).toBe(
      [
        "The path 'reaches shut from open by blown' fails at step 1 of 3, code:",
        'expected shut by locked|code|1,',
        'but found jammed by locked|code|2.',
        'What came to the actor:',
        '  xstate.init → locked',
        '  code → jammed',
        '      locked|code|2',
      ].join('\n'),
    );
  });

  it('fails at once where nothing more happens, having taken nothing else for it', async () => {
    const actor = makeDoor();
    const drive = {
      code: () => {
        actor.send({ type: 'code' });
      },
    };
    expect(
      await failure(pathTo(modelPaths(door, codes), 'open|blown|0').run(actor, drive, { settled, timeout: 600_000 })),
    ).toBe(
      [
        "The path 'reaches shut from open by blown' fails at step 1 of 3, code:",
        'expected shut by locked|code|1,',
        'but it did not come so.',
        'What came to the actor:',
        '  xstate.init → locked',
        '  code → locked',
        '      locked|code|0',
      ].join('\n'),
    );
  });

  it('fails where another alternative leads to the same end', async () => {
    const actor = createActor(counter);
    const model = modelPaths(counter, { events: [{ type: 'add', count: 2 }] });
    const drive = {
      add: () => {
        actor.send({ type: 'add', count: 0 });
      },
    };
    expect(await failure(pathTo(model, '|add|0').run(actor, drive, { settled }))).toMatch(
      /expected counter by \|add\|0,\nbut it did not come so\.[^]* {6}\|add\|1$/,
    );
    actor.stop();
  });

  it('fails where the same transition leads elsewhere', async () => {
    const actor = createActor(remembering);
    const model = modelPaths(remembering, { filter: (_, { type }) => type !== 'next' });
    const drive = {
      off: (event: AnyEventObject) => {
        actor.send({ type: 'next' });
        actor.send(event);
      },
    };
    expect(await failure(pathTo(model, 'off|on|0').run(actor, drive))).toMatch(
      /expected on\.one by off\|on\|0,\nbut found on\.two by off\|on\|0\./,
    );
    actor.stop();
  });

  it('takes an event for one step alone', async () => {
    const actor = createActor(counter);
    const model = modelPaths(counter, {
      events: [{ type: 'add', count: 1 }],
      serialize: ({ context }) => context.count,
      filter: ({ context }) => context.count < 3,
    });
    let added = 0;
    const drive = {
      add: (event: AnyEventObject) => {
        added += 1;
        if (added !== 2) actor.send(event);
      },
    };
    expect(await failure(pathTo(model, '|finish|0').run(actor, drive, { settled }))).toMatch(
      /fails at step 2 of 3, add:/,
    );
    actor.stop();
  });

  it('fails after timeout where nobody knows whether more will happen', async () => {
    const run = pathTo(modelPaths(door, codes), 'open|blown|0').run(makeDoor(), { push: 'itself' }, { timeout: 1 });
    expect(await failure(run)).toMatch(
      /fails at step 2 of 3, push:\nexpected open by shut\|push\|0,\nbut it did not come\./,
    );
  });

  it('fails when the actor ends in an error, with that as its cause', async () => {
    const crashing = setup({ types: {} as { events: AnyEventObject } }).createMachine({
      id: 'crashing',
      on: {
        go: {
          actions: () => {
            throw new Error('under test');
          },
        },
      },
    });
    const actor = createActor(crashing);
    const [path] = modelPaths(crashing).paths;
    await expect(path?.run(actor, {}, { timeout: 600_000 })).rejects.toMatchObject({
      message: expect.stringMatching(/but it did not come\.[^]*ended in an error: Error: under test$/),
      cause: expect.objectContaining({ message: 'under test' }),
    });
  });

  it('is for an actor that stands where the machine starts', async () => {
    const actor = makeDoor().start();
    actor.send({ type: 'code', code: 7 });
    expect(await failure(pathTo(modelPaths(door, codes), 'open|blown|0').run(actor))).toBe(
      "The path 'reaches shut from open by blown' starts in locked, the actor is in shut",
    );
  });
});
