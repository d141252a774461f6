import { describe, expect, it } from '@jest/globals';
import { assign, fromCallback, type AnyActor, type AnyActorLogic } from 'xstate';
import { both, chart, type Config, type Context } from '../support/xstate/differential';

type Spawn = (logic: AnyActorLogic, options: object) => AnyActor;
const idle = fromCallback(() => undefined);
const fail = (): never => {
  throw new Error('under test');
};

describe('A table-driven machine', () => {
  describe('its context', () => {
    it.each([
      ['none', {}],
      ['static', { context: { n: 4 } }],
      ['computed from the input', { context: ({ input }: { input: number }) => ({ n: input }) }],
      [
        'with an actor',
        { context: (({ spawn }: { spawn: Spawn }) => ({ n: 0, child: spawn(idle, { id: 'child' }) })) as never },
      ],
      ['undefined', { context: (() => undefined) as never }],
      ['that cannot be computed', { context: fail }],
    ] satisfies [string, Config][])('is the same: %s', async (_, config) => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            ...(config as Config),
            entry: noting('+m'),
            initial: 'a',
            states: {
              a: { entry: assign({ m: 1 }), on: { go: { target: 'b', actions: assign(() => ({ n: 5 })) } } },
              b: {},
            },
          }),
        ['x', 'go'],
        { input: 7 },
      );
      expect(driven).toStrictEqual(plain);
    });

    it('keeps its identity until it is assigned', async () => {
      const [driven, plain] = await both(
        ({ say }) => {
          const before: { context?: unknown } = {};
          const look = ({ context }: { context: unknown }): void => {
            say('same context', context === before.context);
            before.context = context;
          };
          return chart({
            context: { n: 0 },
            entry: look,
            initial: 'a',
            states: { a: { on: { go: 'b' } }, b: { entry: look } },
            on: { look: { actions: look }, assign: { actions: [assign({}), look] } },
          });
        },
        ['look', 'go', 'look', 'assign', 'look'],
      );
      expect(driven).toStrictEqual(plain);
    });
  });

  describe('its final states', () => {
    const outputs = {
      'a value': 5,
      'an object': { is: { deep: true } },
      'a function': ({ context, event }: { context: Context; event: unknown }) => ({ n: context.n, event }),
      'a function that throws': fail,
      nothing: undefined,
    };
    const pairs = Object.entries(outputs).flatMap(([inner, ofInner]) =>
      Object.entries(outputs).map(([outer, ofOuter]) => [inner, outer, ofInner, ofOuter] as const),
    );

    it.each(pairs)('have outputs: %s in a state, %s at the end', async (_inner, _outer, ofInner, ofOuter) => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            id: 'm',
            context: { n: 1 },
            exit: noting('-m'),
            output: ofOuter,
            initial: 'a',
            states: {
              a: {
                exit: noting('-a'),
                initial: 'b',
                states: {
                  b: { on: { go: 'c' } },
                  c: { type: 'final', entry: assign({ n: 2 }), exit: noting('-c'), output: ofInner },
                },
                onDone: { target: 'd', actions: noting('a is done') },
              },
              d: {
                initial: 'e',
                states: { e: { type: 'final', output: ofInner } },
                onDone: [{ guard: () => false }, { target: 'z', actions: noting('d is done') }],
              },
              z: { type: 'final', output: ofInner, entry: assign({ n: 3 }), exit: noting('-z'), tags: ['z'] },
            },
            on: { 'xstate.done.state.m': { actions: noting('never') } },
          }),
        ['go', 'x'],
        { restoreAt: [1] },
      );
      expect(driven).toStrictEqual(plain);
    });

    it('may be where it begins', async () => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            output: 'out',
            entry: noting('+m'),
            exit: noting('-m'),
            invoke: {
              id: 'child',
              src: idle as never,
            },
            initial: 'a',
            states: { a: { type: 'final', exit: noting('-a') } },
          }),
        ['x'],
      );
      expect(driven).toStrictEqual(plain);
      expect(plain.did).toContain('-m');
    });

    it('may be reached in the first step, through others', async () => {
      const [driven, plain] = await both(
        ({ noting }) =>
          chart({
            context: { n: 0 },
            initial: 'a',
            states: {
              a: { always: 'b', exit: noting('-a') },
              b: {
                initial: 'c',
                states: { c: { type: 'final', output: 1 } },
                onDone: { target: 'd', actions: noting('done') },
              },
              d: { type: 'final' },
            },
            output: (({ event }: { event: unknown }) => event) as never,
          }),
        ['x'],
      );
      expect(driven).toStrictEqual(plain);
      expect(plain.did).toEqual(['-a', 'done']);
    });
  });
});
