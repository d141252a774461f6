import { describe, expect, it } from '@jest/globals';
import { assign, enqueueActions, fromCallback, raise, sendTo } from 'xstate';
import { both, chart, type Context } from '../support/xstate/differential';

const counting = { n: ({ context }: { context: Context }): number => context.n + 1 };

describe('The actions of a table-driven machine', () => {
  describe('that throw', () => {
    const fail = (): never => {
      throw new Error('of the action');
    };
    const failing = {
      'a function': fail,
      'an assignment': assign(fail),
      'an assignment of a property': assign({ n: fail }),
      'params of one': { type: 'fine', params: fail },
      'an event to be raised': raise(fail as never),
      'an event for nobody': sendTo('nobody', { type: 'x' }),
      'a collector': enqueueActions(fail),
      'something in a collection': enqueueActions(({ enqueue }) => {
        enqueue.assign({ n: 5 });
        enqueue(fail);
      }),
    };

    describe.each(Object.entries(failing))('as %s', (_, action) => {
      it.each(['at the start', 'on entry', 'on exit', 'in a transition', 'at the end'])(
        'fail the actor: %s',
        async (when) => {
          const at = (place: string): never => (place === when ? [action] : []) as never;
          const [driven, plain] = await both(
            ({ noting, say }) => {
              const child = fromCallback(() => () => {
                say('child cleaned up');
              });
              return chart({
                context: { n: 0 },
                invoke: { src: child as never, id: 'child' },
                initial: 'a',
                entry: [noting('+m'), assign(counting), ...at('at the start'), noting('after')],
                states: {
                  a: {
                    on: { go: { target: 'b', actions: [assign(counting), ...at('in a transition'), noting('after')] } },
                  },
                  b: {
                    entry: [assign(counting), ...at('on entry'), noting('+b')],
                    exit: [assign(counting), ...at('on exit'), noting('-b')],
                    on: { go: 'c' },
                  },
                  c: { type: 'final', exit: at('at the end') },
                },
              });
            },
            ['go', 'go'],
            { restoreAt: [1] },
          );
          expect(driven).toStrictEqual(plain);
          expect(JSON.stringify(plain.whole)).toContain('"failed"');
        },
      );
    });
  });
});
