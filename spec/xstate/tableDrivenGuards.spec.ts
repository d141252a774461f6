import { describe, expect, it } from '@jest/globals';
import { and, assign, enqueueActions, not, or, stateIn } from 'xstate';
import { both, chart, type Config, type Context } from '../support/xstate/differential';

const isAbove = ({ context }: { context: Context }, params: unknown): boolean => context.n > (params as number);
const counting = { n: ({ context }: { context: Context }): number => context.n + 1 };

describe('The guards of a table-driven machine', () => {
  it('are asked in the order of the candidates, the inner state first', async () => {
    const [driven, plain] = await both(
      ({ noting, say }) => {
        const guard = (name: string, from: number) => ({
          guard: ({ context, event }: { context: Context; event: unknown }) => {
            say(`is ${name}`, event);
            return context.n >= from;
          },
          actions: noting(name),
        });
        return chart({
          context: { n: 0 },
          initial: 'a',
          states: { a: { on: { x: [guard('a3', 3), guard('a2', 2)], '*': guard('any', 5) } } },
          on: {
            x: [guard('root1', 1), { guard: guard('root0', 0).guard, actions: assign(counting) }],
            up: { actions: assign(counting) },
          },
        });
      },
      ['x', 'x', 'up', 'x', 'up', 'x', 'y', 'up', 'up', 'up', 'y'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('a3');
    expect(plain.did).toContain('any');
  });

  it('may be named, have params, be combined, and stand for each other', async () => {
    const guards = {
      isAbove,
      isOverThree: { type: 'isAbove', params: 3 },
      isOver: 'isOverThree',
      isBetween: and([{ type: 'isAbove', params: 0 }, not('isOver')]),
      isExtreme: or([not({ type: 'isAbove', params: 0 }), 'isOver']),
      inB: stateIn({ a: 'b' }),
      inC: stateIn('#c'),
    };
    const names = ['isOver', 'isOverThree', 'isBetween', 'isExtreme', 'inB', 'inC'];
    const [driven, plain] = await both(
      ({ noting }) =>
        chart(
          {
            context: { n: 0 },
            initial: 'a',
            states: { a: { initial: 'b', states: { b: { on: { go: 'c' } }, c: { id: 'c', on: { go: 'b' } } } } },
            on: {
              up: { actions: assign(counting) },
              bare: [{ guard: 'isAbove', actions: noting('bare') }, { actions: noting('none') }],
              computed: {
                guard: { type: 'isAbove', params: ({ context }: { context: Context }) => context.n - 1 },
                actions: noting('computed'),
              },
              inline: {
                guard: and([stateIn('#c'), ({ context }: { context: Context }) => context.n > 1]) as never,
                actions: noting('inline'),
              },
              ...Object.fromEntries(names.map((guard) => [guard, { guard, actions: noting(guard) }])),
            },
          },
          { guards },
        ),
      Array.from({ length: 5 }, () => [...names, 'bare', 'computed', 'inline', 'up', 'go']).flat(),
      { restoreAt: [20] },
    );
    expect(driven).toStrictEqual(plain);
    for (const name of [...names, 'computed', 'inline']) expect(plain.did).toContain(name);
  });

  describe('that throw', () => {
    const fail = (): never => {
      throw new Error('of the guard');
    };
    const deep = (on: Config['on']): Config => ({
      initial: 'a',
      states: { a: { initial: 'b', states: { b: { on: { other: {} } } }, on: on as never } },
    });

    it.each([
      ['inline', deep({ x: { guard: fail } }), {}],
      ['as a named one', deep({ x: { guard: 'fails' } }), { fails: fail }],
      ['as one with params', deep({ x: { guard: { type: 'fails', params: 1 } } }), { fails: fail }],
      ['in their params', deep({ x: { guard: { type: 'fine', params: fail } } }), { fine: () => true }],
      ['in params that nobody reads', deep({ x: { guard: { type: 'not', params: fail } } }), { not: not(() => false) }],
      ['within another', deep({ x: { guard: not(fail) as never } }), {}],
      ['at a wildcard', deep({ '*': { guard: fail } }), {}],
      ['behind one that does not pass', deep({ x: [{ guard: () => false }, { guard: fail }] }), {}],
      ['of the root', { on: { x: { guard: fail } } }, {}],
      ['for want of an implementation', deep({ x: { guard: 'missing' } }), {}],
      ['for want of one with params', deep({ x: { guard: { type: 'missing', params: 1 } } }), {}],
      [
        'of an eventless transition',
        { initial: 'a', states: { a: { on: { x: 'b' } }, b: { always: { guard: fail } } } },
        {},
      ],
      ['at once', { always: { guard: fail } }, {}],
      ['at once, for want of an implementation', { always: { guard: 'missing' } }, {}],
      [
        'for a raised event',
        {
          entry: enqueueActions(({ enqueue }) => {
            enqueue.raise({ type: 'x' });
          }),
          on: { x: { guard: fail } },
        },
        {},
      ],
    ] satisfies [string, Config, object][])('fail the actor in the same words: %s', async (_, config, guards) => {
      const [driven, plain] = await both(() => chart(config, { guards }), ['y', 'x', 'y']);
      expect(driven).toStrictEqual(plain);
      expect(JSON.stringify(plain.whole)).toContain('"failed"');
    });

    it('are asked as often, and may throw only once', async () => {
      const [driven, plain] = await both(
        ({ say, noting }) => {
          let times = 0;
          const guard = (): boolean => {
            say('asked');
            times += 1;
            if (times === 1) throw new Error('the first time');
            return true;
          };
          return chart({ on: { x: { guard, actions: noting('x') } } });
        },
        ['x'],
        { restoreAt: [] },
      );
      expect(driven).toStrictEqual(plain);
    });
  });

  it('are asked as often for the error of an actor that nobody expects', async () => {
    const [driven, plain] = await both(
      ({ say }) => {
        const guard = (): boolean => {
          say('asked');
          return false;
        };
        return chart({ on: { '*': { guard } } });
      },
      [{ type: 'xstate.error.actor.x', error: new Error('of x') }],
    );
    expect(driven).toStrictEqual(plain);
  });

  it('see the state that is being left while actions ask them', async () => {
    const [driven, plain] = await both(
      ({ say }) => {
        const ask = enqueueActions(({ check, enqueue, context }) => {
          const states = ['a', 'b', { b: 'c' }, '#c'].filter((state) => check(stateIn(state as never) as never));
          enqueue(() => {
            say(`in ${JSON.stringify(states)}`, context);
          });
        });
        return chart({
          entry: ask as never,
          initial: 'a',
          states: {
            a: { entry: ask as never, exit: ask as never, on: { go: { target: 'b', actions: ask as never } } },
            b: { entry: ask as never, initial: 'c', states: { c: { id: 'c', entry: ask as never } }, on: { go: 'a' } },
          },
        });
      },
      ['go', 'go'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('in ["a"]');
  });
});
