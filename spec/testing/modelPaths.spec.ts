import { describe, expect, it } from '@jest/globals';
import { assign, fromCallback, setup, type AnyEventObject, type AnyStateMachine } from 'xstate';
import { serverCore, serverCoreMachine, type ServerCoreOptions } from '../../server/index';
import { copyOf } from '../../server/testing/paths/copyOf';
import { modelPaths, type ModelPathsOptions } from '../../server/testing/paths/modelPaths';

/** What each path sends, after its title. */
const pathsOf = (machine: AnyStateMachine, options?: ModelPathsOptions<AnyStateMachine>): string[] =>
  modelPaths(machine, options).paths.map(({ title, steps }) =>
    [title, ...steps.map(({ event }) => event.type)].join(' | '),
  );

interface Counting {
  context: { count: number };
  events: AnyEventObject;
  input: { start: number } | undefined;
}

/** Opens at the second coin, or is broken. */
const turnstile = setup({
  types: {} as Counting,
  guards: { isEnough: ({ context }) => context.count >= 1 },
  actions: { add: assign({ count: ({ context }) => context.count + 1 }) },
}).createMachine({
  id: 'turnstile',
  context: ({ input }) => ({ count: input?.start ?? 0 }),
  initial: 'starting',
  on: { kick: '.broken' },
  states: {
    starting: { always: 'shut' },
    shut: { on: { coin: [{ guard: 'isEnough', target: 'open' }, { actions: 'add' }] } },
    open: { on: { pass: 'shut' }, after: { 1000: 'shut' } },
    broken: { type: 'final' },
  },
});

const counted: ModelPathsOptions<typeof turnstile> = { serialize: ({ context }) => Math.min(context.count, 1) };

describe('modelPaths', () => {
  it('finds a way to each transition, to guarded ones and to ends of delays too, by the shortest way', () => {
    expect(pathsOf(turnstile, counted)).toEqual([
      'reaches broken from shut by kick | kick',
      'reaches shut from open by pass | coin | coin | pass',
      'reaches shut from open by after 1000 ms | coin | coin | xstate.after.1000.turnstile.open',
    ]);
  });

  it('tells of each step what the chart does', () => {
    const [, { steps } = { steps: [] }] = modelPaths(turnstile, counted).paths;
    expect(steps.map(({ transitions, value }) => [transitions, value])).toEqual([
      [['shut|coin|1'], 'shut'],
      [['shut|coin|0'], 'open'],
      [['open|pass|0'], 'shut'],
    ]);
  });

  it('starts from each input, and says from which', () => {
    const { paths } = modelPaths(turnstile, { inputs: [undefined, { start: 1 }] });
    expect(paths.map(({ input, steps }) => [input, ...steps.map(({ event }) => event.type)])).toEqual([
      [undefined, 'kick'],
      [undefined, 'coin'],
      [{ start: 1 }, 'coin', 'pass'],
      [{ start: 1 }, 'coin', 'xstate.after.1000.turnstile.open'],
    ]);
  });

  it('sends only what filter lets through', () => {
    const options = {
      ...counted,
      filter: (_: unknown, { type }: AnyEventObject) => type !== 'pass' && type !== 'kick',
    };
    expect(pathsOf(turnstile, options)).toEqual([
      'reaches shut from open by after 1000 ms | coin | coin | xstate.after.1000.turnstile.open',
    ]);
  });

  it('is not to be had of a chart that goes round in circles', () => {
    const circling = setup({}).createMachine({
      id: 'circling',
      initial: 'still',
      states: { still: { on: { go: 'here' } }, here: { always: 'there' }, there: { always: 'here' } },
    });
    expect(() => modelPaths(circling)).toThrow(/^modelPaths: 'go' in still throws .*an 'always' goes round in circles/);
  });

  it('passes through nothing that is listed as unreachable', () => {
    expect(pathsOf(turnstile, { ...counted, unreachable: { '|kick|0': 'nobody kicks' } })).toEqual([
      'reaches shut from open by pass | coin | coin | pass',
      'reaches shut from open by after 1000 ms | coin | coin | xstate.after.1000.turnstile.open',
    ]);
    expect(pathsOf(turnstile, { ...counted, unreachable: { open: 'for ever shut' } })).toEqual([
      'reaches broken from shut by kick | kick',
      'stays in shut by coin, otherwise | coin',
    ]);
    expect(() => modelPaths(turnstile, { unreachable: { 'turnstile|kick|0': 'bolted' } })).toThrow(
      "modelPaths: 'turnstile|kick|0' is listed as unreachable, but turnstile has no such thing",
    );
  });

  it('with cells, takes what an outer state does in each inner state', () => {
    expect(pathsOf(turnstile, { ...counted, cells: true })).toEqual([
      'reaches broken from shut by kick | kick',
      'reaches broken from open by kick | coin | coin | kick',
      'reaches shut from open by pass | coin | coin | pass',
      'reaches shut from open by after 1000 ms | coin | coin | xstate.after.1000.turnstile.open',
    ]);
  });

  it('throws where states have no end', () => {
    expect(() => modelPaths(turnstile, { serialize: ({ context }) => context.count, limit: 20 })).not.toThrow();
    const endless = setup({
      types: {} as Counting,
      actions: { add: assign({ count: ({ context }) => context.count + 1 }) },
    }).createMachine({ id: 'endless', context: { count: 0 }, on: { more: { actions: 'add' } } });
    expect(() => modelPaths(endless, { serialize: ({ context }) => context.count, limit: 20 })).toThrow(
      'modelPaths: endless has more than 20 states, such as [{},20]. What serialize adds must have an end',
    );
  });

  it('throws where an event needs a sample', () => {
    const buying = setup({
      types: {} as { context: { name: string }; events: { type: 'buy'; article: { name: string } } },
    }).createMachine({
      id: 'buying',
      context: { name: '' },
      initial: 'open',
      states: { open: { on: { buy: { actions: assign(({ event }) => ({ name: event.article.name })) } } } },
    });
    expect(() => modelPaths(buying)).toThrow(
      /^modelPaths: 'buy' in open throws \(TypeError: .*\); does it carry something\?/,
    );
    expect(pathsOf(buying, { events: [{ type: 'buy', article: { name: 'tea' } }] })).toEqual([
      'stays in open by buy | buy',
    ]);
  });

  it('takes samples that depend on the state, several of one type, and types that only a wildcard names', () => {
    const door = setup({
      types: {} as { events: AnyEventObject },
      guards: { isRight: ({ event }) => event['code'] === 7 },
    }).createMachine({
      id: 'door',
      initial: 'locked',
      states: {
        locked: { on: { 'code.*': { guard: 'isRight', target: 'open' } } },
        open: { on: { 'code.*': 'locked' } },
      },
    });
    const codes = [6, 7].map((code) => ({ type: 'code.typed', code }));
    const events = (snapshot: { value: unknown }): AnyEventObject[] =>
      snapshot.value === 'locked' ? codes : [{ type: 'code.none' }];
    expect(pathsOf(door, { events })).toEqual(['reaches locked from open by code.* | code.typed | code.none']);
    expect(pathsOf(door)).toEqual(['starts in locked']);
  });

  it('does nothing that the chart does: no action, no actor', () => {
    let done = 0;
    const busy = setup({
      types: {} as { events: AnyEventObject },
      actions: { act: () => (done += 1) },
    }).createMachine({
      entry: 'act',
      initial: 'a',
      states: { a: { on: { go: { target: 'b', actions: 'act' } } }, b: {} },
    });
    expect(pathsOf(busy)).toHaveLength(1);
    expect(done).toBe(0);
  });

  it('is not led astray by a context that changes in place', () => {
    const hoarding = setup({
      types: {} as { context: { things: string[] }; events: AnyEventObject },
      guards: { hasThings: ({ context }) => context.things.length > 0 },
      actions: {
        keep: assign(({ context: { things } }) => {
          things.push('thing');
          return { things };
        }),
      },
    }).createMachine({
      id: 'hoarding',
      context: () => ({ things: [] }),
      on: { thing: { actions: 'keep' }, look: [{ guard: 'hasThings' }, { actions: () => undefined }] },
    });
    const options = {
      serialize: ({ context }: { context: { things: string[] } }) => context.things.length,
      filter: ({ context }: { context: { things: string[] } }, { type }: AnyEventObject) =>
        type === 'look' || context.things.length === 0,
    };
    expect(pathsOf(hoarding, options)).toEqual([
      'stays in hoarding by look, otherwise | look',
      'stays in hoarding by look when hasThings | thing | look',
    ]);
  });

  it('throws what the machine throws at its start', () => {
    const inputs = [{} as ServerCoreOptions];
    expect(() => modelPaths(serverCoreMachine, { inputs })).toThrow("Option 'protocol' is missing");
    expect(() => modelPaths(serverCore, { inputs })).toThrow("Option 'protocol' is missing");
  });

  it('knows what ends and raises: invoked actors while they run, final states within', () => {
    const parent = setup({
      types: {} as { events: AnyEventObject },
      actors: { child: fromCallback(() => undefined) },
    }).createMachine({
      id: 'parent',
      on: { 'xstate.done.actor.child': { actions: () => undefined } },
      initial: 'before',
      states: {
        before: { on: { go: 'working' } },
        working: {
          invoke: { id: 'child', src: 'child' },
          initial: 'half',
          states: { half: { on: { on: 'whole' } }, whole: { type: 'final' } },
          onDone: 'after',
        },
        after: {},
      },
    });
    expect(pathsOf(parent)).toEqual([
      'stays in working.half by done child | go | xstate.done.actor.child',
      'reaches after from working.half by on | go | on',
    ]);
  });

  it('tells parallel states apart', () => {
    const lamp = setup({ types: {} as { events: AnyEventObject } }).createMachine({
      id: 'lamp',
      type: 'parallel',
      states: {
        light: { initial: 'off', states: { off: { on: { press: 'on' } }, on: { on: { press: 'off' } } } },
        door: { initial: 'shut', states: { shut: { on: { open: 'open' } }, open: {} } },
      },
    });
    expect(pathsOf(lamp)).toEqual([
      'reaches light.off, door.open from light.off, door.shut by open | open',
      'reaches light.off, door.shut from light.on, door.shut by press | press | press',
    ]);
  });
});

describe('copyOf', () => {
  it('copies what is plain, to its depths, and whatever leads back into it', () => {
    const inner = { list: [1], map: new Map([['a', { b: 1 }]]), set: new Set([1]) };
    const value: Record<string, unknown> = { inner, again: inner, nothing: null };
    value['self'] = value;
    const copy = copyOf(value);
    expect(copy).toEqual(value);
    inner.list.push(2);
    inner.set.add(2);
    (inner.map.get('a') ?? { b: 0 }).b = 2;
    expect(copy['inner']).toEqual({ list: [1], map: new Map([['a', { b: 1 }]]), set: new Set([1]) });
    expect(copy['again']).toBe(copy['inner']);
    expect(copy['self']).toBe(copy);
  });

  it('leaves everything else as it is', () => {
    const others = [Buffer.from('a'), new Date(), (): void => undefined, Symbol('a')];
    for (const [index, copy] of copyOf(others).entries()) expect(copy).toBe(others[index]);
  });
});
