import { describe, expect, it } from '@jest/globals';
import { assign, forwardTo, fromObservable, fromPromise, fromTransition, sendTo } from 'xstate';
import { both, chart, type Context, type Step } from '../support/xstate/differential';
import { turn } from '../support/serving';
import { answering, obedient } from '../support/toldActors';

const waiting: Step = async () => {
  await turn();
};

describe('The actors of a table-driven machine', () => {
  it.each([true, false])('are invoked, hear, answer, and are stopped, with systemId %s', async (named) => {
    const [driven, plain] = await both(
      (trace) => {
        const { noting } = trace;
        return chart(
          {
            context: { n: 0 },
            initial: 'a',
            invoke: [{ id: 'whole', src: 'whole' }],
            states: {
              a: {
                entry: [noting('+a'), sendTo('part', { type: 'early' })],
                exit: [sendTo('part', { type: 'bye' }), noting('-a')],
                invoke: [
                  {
                    id: 'part',
                    src: 'part',
                    input: ({ context }: { context: Context }) => context.n,
                    ...(named && { systemId: 'the part' }),
                  },
                  { src: answering(trace, 'inline') as never },
                ],
                on: {
                  go: { target: 'b', actions: sendTo('part', { type: 'going' }) },
                  again: { target: 'a', reenter: true, actions: assign({ n: ({ context }) => context.n + 1 }) },
                  'part answers': { actions: noting('answered') },
                  forward: { actions: [forwardTo('whole'), sendTo(({ self }) => self, { type: 'to itself' })] },
                  get: {
                    actions: ({ system }) => {
                      trace.say('has', system.get('the part'));
                    },
                  },
                },
              },
              b: { on: { back: 'a' } },
            },
          },
          { actors: { whole: answering(trace, 'whole'), part: answering(trace, 'part') } },
        );
      },
      ['forward', 'get', 'again', 'get', 'go', 'get', 'back', 'forward'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('part gets');
    expect(plain.did).toContain('answered');
  });

  it('that are machines change, end and fail', async () => {
    const [driven, plain] = await both(
      (trace) => {
        const { noting } = trace;
        return chart(
          {
            initial: 'a',
            states: {
              a: {
                invoke: {
                  id: 'child',
                  src: 'child',
                  onSnapshot: { actions: noting('snapshot') },
                  onDone: [
                    { guard: ({ event }) => (event.output as Context).n > 1, target: 'b', actions: noting('done') },
                    { target: 'a', reenter: true },
                  ],
                  onError: { target: 'c', actions: noting('error') },
                },
              },
              b: { tags: 'b' },
              c: { invoke: { id: 'child', src: 'child' } },
            },
            on: {
              answer: { actions: noting('answer') },
              'to.*': { actions: sendTo('child', ({ event }) => ({ type: event.type.slice(3) })) },
            },
          },
          { actors: { child: obedient(trace, 'child') } },
        );
      },
      ['to.count', 'to.answer', 'to.end', 'to.count', 'to.fail', 'to.answer', 'to.fail'],
      { restoreAt: [0, 1, 2, 3, 4, 5, 6, 7] },
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('error');
    expect(plain.did).toContain('snapshot');
  });

  it('that are machines end the state that invokes them', async () => {
    const [driven, plain] = await both(
      (trace) =>
        chart({
          id: 'm',
          initial: 'a',
          states: {
            a: {
              invoke: { id: 'child', src: obedient(trace, 'child') as never, onDone: 'b' },
              on: { go: { actions: sendTo('child', { type: 'end' }) } },
            },
            b: { type: 'final', entry: trace.noting('+b') },
          },
        }),
      ['go', 'go'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toEqual(['+child', '-child', '+b']);
  });

  it('that are promises, observables and transition functions resolve, tell, and fail', async () => {
    const [driven, plain] = await both(
      ({ noting, say }) => {
        const settles = { onDone: { actions: noting('done') }, onError: { actions: noting('error') } };
        return chart({
          initial: 'a',
          states: {
            a: {
              invoke: [
                { id: 'resolves', src: fromPromise(() => Promise.resolve(5)) as never, ...settles },
                { id: 'rejects', src: fromPromise(() => Promise.reject(new Error('rejected'))) as never, ...settles },
                {
                  id: 'never',
                  src: fromPromise(({ signal }) => {
                    signal.addEventListener('abort', () => {
                      say('aborted');
                    });
                    return new Promise(() => undefined);
                  }) as never,
                  ...settles,
                },
                {
                  id: 'counts',
                  src: fromTransition((n: number) => n + 1, 0) as never,
                  onSnapshot: { actions: noting('counted') },
                },
                {
                  id: 'observable',
                  src: fromObservable(
                    () =>
                      ({
                        subscribe: (observer: { next: (n: number) => void; complete: () => void }) => {
                          observer.next(1);
                          observer.complete();
                          return { unsubscribe: () => undefined };
                        },
                      }) as never,
                  ) as never,
                  onSnapshot: { actions: noting('observed') },
                  ...settles,
                },
              ],
              on: { count: { actions: sendTo('counts', { type: 'count' }) }, go: 'b' },
            },
            b: { invoke: { src: fromPromise(() => Promise.reject(new Error('unexpected'))) as never } },
          },
        });
      },
      [waiting, 'count', 'go', waiting, 'count'],
    );
    expect(driven).toStrictEqual(plain);
    for (const name of ['done', 'error', 'counted', 'observed', 'aborted']) expect(plain.did).toContain(name);
  });
});
