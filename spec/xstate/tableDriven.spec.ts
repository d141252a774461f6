import { describe, expect, it } from '@jest/globals';
import { assign } from 'xstate';
import { tableDriven } from '../../actors/xstate/tableDriven';
import { both, chart } from '../support/xstate/differential';

describe('tableDriven', () => {
  describe('given states in states', () => {
    it('leaves them from the innermost on, enters them from the outermost on, and runs initial actions last', async () => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            id: 'm',
            context: { n: 0 },
            entry: noting('+m'),
            exit: noting('-m'),
            initial: { target: 'a', actions: noting('m to a') },
            states: {
              a: {
                entry: [noting('+a'), assign({ n: ({ context }) => context.n + 1 })],
                exit: noting('-a'),
                initial: { target: 'b', actions: [noting('a to b'), noting('a to b again')] },
                on: { go: { target: 'z', actions: noting('go') } },
                states: {
                  b: {
                    entry: noting('+b'),
                    exit: noting('-b'),
                    initial: { target: 'c', actions: noting('b to c') },
                    states: { c: { entry: noting('+c'), exit: noting('-c'), tags: 'innermost' } },
                  },
                },
              },
              z: {
                entry: noting('+z'),
                exit: noting('-z'),
                initial: 'y',
                states: { y: { entry: noting('+y'), exit: noting('-y') } },
                on: { back: { target: 'a', actions: noting('back') }, deep: '#m.a.b.c', half: '#m.a.b' },
              },
            },
          }),
        ['go', 'back', 'go', 'deep', 'go', 'half', 'unknown'],
      );
      expect(driven).toStrictEqual(plain);
      const deep = ['-y', '-z', '+a', '+b', '+c'];
      expect(plain.did.join()).toContain(deep.join());
      expect(plain.did.join()).toContain(['-y', '-z', '+a', '+b', 'b to c', '+c'].join());
    });

    const targets = {
      'a descendant': ['.b', '#m.a.b.c', '.d'],
      'an ancestor': ['#m', '#m.a'],
      itself: ['#m.a', '#m.a.b', '#m.a.b.c', '#m.a.d'],
      'a relative': ['#m.z', '#m.a.d', '#m.z.y'],
    };
    const ids = [
      ...new Set(
        Object.values(targets)
          .flat()
          .filter((target) => target.startsWith('#')),
      ),
    ];

    it.each([true, false])('goes from every state to every other, with reenter %s', async (reenter) => {
      const events = Object.fromEntries(ids.map((id) => [id, { target: id, reenter }]));
      const within = (path: string): object =>
        Object.fromEntries(ids.map((id) => [`${path}->${id}`, { target: id, reenter }]));
      const [driven, plain] = await both(
        ({ noting }) => {
          const node = (name: string, more: object): object => ({
            entry: noting(`+${name}`),
            exit: noting(`-${name}`),
            on: within(name),
            tags: name,
            meta: { name },
            ...more,
          });
          const leaf = (name: string): object => node(name, {});
          const b = node('b', { initial: { target: 'c', actions: noting('b to c') }, states: { c: leaf('c') } });
          const a = node('a', { initial: { target: 'b', actions: noting('a to b') }, states: { b, d: leaf('d') } });
          const z = node('z', { initial: { target: 'y', actions: noting('z to y') }, states: { y: leaf('y') } });
          const on = { ...events, ...within('m') };
          return chart(
            node('m', { id: 'm', initial: { target: 'a', actions: noting('m to a') }, on, states: { a, z } }),
          );
        },
        ['a', 'b', 'c', 'd', 'z', 'y', 'm'].flatMap((name) => ids.flatMap((id) => [`${name}->${id}`, '#m.a'])),
        { restoreAt: [] },
      );
      expect(driven).toStrictEqual(plain);
      expect(plain.did).toContain('+y');
    });

    it('stays within a state for a target below it, and does not for the same target with reenter', async () => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            initial: 'a',
            states: {
              a: {
                entry: noting('+a'),
                exit: noting('-a'),
                initial: { target: 'b', actions: noting('a to b') },
                states: {
                  b: { entry: noting('+b'), exit: noting('-b') },
                  c: { entry: noting('+c'), exit: noting('-c') },
                },
                on: {
                  inside: { target: '.c', actions: noting('inside') },
                  outside: { target: '.c', reenter: true, actions: noting('outside') },
                  self: { target: 'a', actions: noting('self') },
                  again: { target: 'a', reenter: true, actions: noting('again') },
                  nowhere: { actions: noting('nowhere') },
                  reentered: { reenter: true, actions: noting('reentered') },
                },
              },
            },
          }),
        ['inside', 'outside', 'self', 'inside', 'again', 'nowhere', 'reentered', 'again', 'self'],
      );
      expect(driven).toStrictEqual(plain);
      expect(plain.did.join()).toContain('-b,inside,+c,-c,-a,outside,+a,+c,-c,self,+b,');
    });

    it('takes a machine without states', async () => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            id: 'm',
            context: { n: 0 },
            tags: ['all'],
            meta: { of: 'm' },
            entry: noting('+m'),
            exit: noting('-m'),
            on: { a: { actions: noting('a') }, self: { target: '#m' }, again: { target: '#m', reenter: true } },
          }),
        ['a', 'self', 'again', 'b'],
      );
      expect(driven).toStrictEqual(plain);
      expect(plain.did).toEqual(['+m', 'a', '-m', '+m']);
    });

    it('has the tags and the meta of all states it is in', async () => {
      const [driven, plain] = await both(
        () =>
          chart({
            id: 'm',
            tags: ['root', 'x'],
            meta: { level: 0 },
            initial: 'a',
            states: {
              a: {
                tags: ['x', 'a'],
                meta: { level: 1 },
                initial: 'b',
                states: { b: { tags: 'b', on: { go: '#m.z' } } },
              },
              z: { type: 'final', tags: ['z'], meta: { level: 1 } },
            },
          }),
        ['other', 'go'],
      );
      expect(driven).toStrictEqual(plain);
    });
  });

  describe('given events that several descriptors match', () => {
    it('prefers the exact one, then the longest wildcard, and the inner state', async () => {
      const [driven, plain] = await both(
        ({ noting }) => {
          const on = (name: string, ...descriptors: string[]): Record<string, object> =>
            Object.fromEntries(descriptors.map((type) => [type, { actions: noting(`${name} ${type}`) }]));
          return chart({
            initial: 'a',
            on: on('root', '*', 'x', 'q.*'),
            states: {
              a: {
                on: { ...on('a', 'x.*', 'x.y.z', 'x.y.*'), 'x.y.forbidden': {}, nothing: undefined, none: [], to: 'b' },
              },
              b: { on: { ...on('b', '*'), back: 'a' } },
            },
          });
        },
        [
          'x',
          'x.y',
          'x.y.z',
          'x.y.z.q',
          'x.z',
          'xy',
          'q',
          'q.r',
          'x.y.forbidden',
          'nothing',
          'none',
          'to',
          'x',
          'q.r',
          'back',
        ],
      );
      expect(driven).toStrictEqual(plain);
      expect(plain.did).toContain('a x.y.*');
      expect(plain.did).not.toContain('root nothing');
    });

    it('does not take XState’s own first event for one', async () => {
      const [driven, plain] = await both(
        ({ noting }) => chart({ on: { '*': { actions: noting('any') }, 'xstate.*': { actions: noting('own') } } }),
        ['xstate.init', 'xstate.done.actor.nobody', 'xstate.error.actor.nobody', 'x', 'xstate.stop'],
      );
      expect(driven).toStrictEqual(plain);
    });

    it('fails with an unexpected error of an actor', async () => {
      const [driven, plain] = await both(
        ({ noting }) => chart({ exit: noting('-m'), on: { a: { actions: noting('a') } } }),
        ['a', { type: 'xstate.error.actor.x', error: new Error('of x') }, 'a'],
      );
      expect(driven).toStrictEqual(plain);
    });
  });

  describe('given a machine that no table can be made of', () => {
    it.each([
      ['parallel states', { type: 'parallel', states: { a: {}, b: {} } }],
      ['parallel states further in', { initial: 'a', states: { a: { type: 'parallel', states: { b: {} } } } }],
      ['a history', { initial: 'a', states: { a: { initial: 'b', states: { b: {}, h: { type: 'history' } } } } }],
      ['a limit of steps', { options: { maxIterations: 10 } }],
      ['an end before its beginning', { type: 'final' }],
    ] as const)('returns it as it is: %s', (_, config) => {
      const machine = chart(config as never);
      expect(tableDriven(machine)).toBe(machine);
    });
  });

  it('makes one logic of a machine', () => {
    const machine = chart({});
    expect(tableDriven(machine)).toBe(tableDriven(machine));
    expect(tableDriven(machine)).not.toBe(machine);
    expect(tableDriven(tableDriven(machine)).root).toBe(machine.root);
  });

  it('takes other implementations', async () => {
    const [driven, plain] = await both(
      ({ noting }) =>
        chart(
          {
            context: { n: 0 },
            entry: 'first',
            after: { soon: { actions: 'second' } },
            on: { a: { guard: 'is', actions: 'third' } },
          },
          {
            actions: { first: noting('old'), second: noting('second') },
            guards: { is: () => false },
            delays: { soon: 5 },
          },
        ),
      ['a', 5],
      {
        provide: ({ noting }) => ({
          actions: { first: noting('new'), third: noting('third') },
          guards: { is: () => true },
        }),
      },
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toEqual(['new', 'third', 'second']);
  });
});
