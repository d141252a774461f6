import { describe, expect, it } from '@jest/globals';
import { assign, cancel, emit, enqueueActions, log, raise, sendTo, type AnyActor, type AnyEventObject } from 'xstate';
import { both, chart, type Config, type Context } from '../support/xstate/differential';

const send = ({ self }: { self: AnyActor }): void => {
  self.send({ type: 'sent' });
};
const counting = { n: ({ context }: { context: Context }): number => context.n + 1 };

describe('The actions of a table-driven machine', () => {
  it('are given the context as it then is, the event, and their params', async () => {
    const [driven, plain] = await both(
      ({ noting }) => {
        const all = [
          noting('first'),
          assign(counting),
          'named',
          { type: 'named', params: { is: 1 } },
          {
            type: 'named',
            params: ({ context, event }: { context: Context; event: AnyEventObject }) => [context.n, event],
          },
          'missing',
          { type: 'missing', params: 2 },
          { type: 'adding', params: 5 },
          { type: 'several', params: 6 },
          noting('last'),
        ];
        return chart(
          {
            context: { n: 0 },
            entry: all as never,
            exit: all as never,
            initial: { target: 'a', actions: all as never },
            states: {
              a: { entry: all as never, exit: all as never, on: { go: { target: 'b', actions: all as never } } },
              b: { type: 'final', entry: all as never },
            },
          },
          {
            actions: {
              named: noting('named'),
              adding: assign(({ context }: { context: Context }, n: number) => ({ n: context.n + n })),
              several: enqueueActions(({ enqueue }, n: unknown) => {
                enqueue.assign({ last: n });
                enqueue({ type: 'named', params: n } as never);
              }),
            },
          },
        );
      },
      ['other', { type: 'go', with: 7 }],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('named');
  });

  it('raise events, which are handled before the next one, and eventless transitions before them', async () => {
    const [driven, plain] = await both(
      ({ noting }) =>
        chart({
          context: { n: 0 },
          entry: [raise({ type: 'first' }), raise({ type: 'second' })],
          initial: 'a',
          states: {
            a: { on: { first: { actions: [noting('first'), raise({ type: 'third' })] }, second: 'b' } },
            b: { entry: raise({ type: 'unknown' }), always: { target: 'c', actions: noting('always') } },
            c: {
              entry: noting('+c'),
              on: {
                third: { actions: noting('third') },
                unknown: { actions: [noting('unknown'), raise(({ context }) => ({ type: 'got', n: context.n }))] },
                got: { actions: noting('got') },
              },
            },
          },
        }),
      ['first', 'third', 'unknown'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toEqual(['first', 'always', '+c', 'third', 'unknown', 'got', 'third', 'unknown', 'got']);
  });

  it('wait for their delays, and are cancelled', async () => {
    const [driven, plain] = await both(
      ({ noting }) =>
        chart(
          {
            context: { n: 3 },
            initial: 'a',
            states: {
              a: {
                after: { 10: 'b', quick: { actions: noting('quick') }, computed: { actions: noting('computed') } },
                on: { leave: 'b' },
              },
              b: {
                after: {
                  20: [
                    { guard: ({ context }) => context.n > 5, target: 'a' },
                    { target: 'a', reenter: true, actions: assign(counting) },
                  ],
                },
                entry: raise({ type: 'late' }, { delay: 15, id: 'late' }),
                on: { late: { actions: noting('late') }, cancel: { actions: cancel('late') } },
              },
            },
            on: {
              send: { actions: sendTo(({ self }) => self, { type: 'sent' }, { delay: ({ context }) => context.n }) },
              named: { actions: raise({ type: 'sent' }, { delay: 'quick' }) },
              sent: { actions: noting('sent') },
            },
          },
          { delays: { quick: 2, computed: ({ context }: { context: Context }) => context.n } },
        ),
      [5, 5, 16, 10, 'leave', 'cancel', 100, 'send', 'named', 2, 2, 'leave', 20, 20, 20],
    );
    expect(driven).toStrictEqual(plain);
    for (const name of ['quick', 'computed', 'late', 'sent']) expect(plain.did).toContain(name);
  });

  it('emit, log and collect', async () => {
    const [driven, plain] = await both(
      ({ noting }) => {
        const collected = enqueueActions(({ enqueue, check, context }) => {
          enqueue(noting('enqueued'));
          enqueue.assign(counting as never);
          if (check((({ context: { n } }: { context: Context }) => n > 1) as never))
            enqueue.emit({ type: 'above' } as never);
          const raised = { type: 'raised', from: context['n'] as number };
          enqueue.raise(raised);
          enqueue(
            enqueueActions(({ enqueue: inner }) => {
              inner(noting('inner'));
              inner.assign(counting as never);
            }) as never,
          );
          enqueue.cancel('nothing');
        });
        return chart({
          context: { n: 0 },
          entry: [emit({ type: 'started' }), log('entered'), log(({ context }) => context.n, 'n')],
          on: {
            collect: {
              actions: [
                collected as never,
                emit(({ context }) => ({ type: 'collected', n: context.n })),
                noting('done'),
              ],
            },
            raised: { actions: [noting('raised'), log()] },
          },
        });
      },
      ['collect', 'collect', 'collect'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('emitted');
  });

  it.each([
    ['guarded', { guard: ({ context }) => context.n < 5, actions: assign(counting) }],
    [
      'to a state',
      [
        { guard: ({ context }) => context.n > 3, target: 'b' },
        { guard: ({ context }) => context.n < 9, actions: assign(counting) },
      ],
    ],
    ['without an effect', { actions: ({ self }) => self.id }],
    ['into itself', { guard: ({ context }) => context.n < 4, target: 'a', reenter: true, actions: assign(counting) }],
  ] satisfies [string, Config['always']][])('are taken for eventless transitions: %s', async (_, always) => {
    const [driven, plain] = await both(
      ({ noting }) =>
        chart({
          context: { n: 0 },
          initial: 'a',
          states: {
            a: { always: always as never, entry: noting('+a'), exit: noting('-a'), on: { b: 'b' } },
            b: {
              entry: noting('+b'),
              always: { actions: noting('still in b') },
              on: { reset: { target: 'a', actions: assign({ n: 0 }) } },
            },
          },
        }),
      ['x', 'b', 'x', 'reset', 'x', 'reset'],
      { restoreAt: [0, 1, 2, 3, 4] },
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('still in b');
  });

  it('may look at their actor, send to it, and end it', async () => {
    const [driven, plain] = await both(
      ({ noting, say }) => {
        const look = ({ self }: { self: AnyActor }): void => {
          say('sees', self.getSnapshot());
        };
        return chart({
          context: { n: 0 },
          initial: 'a',
          states: {
            a: {
              exit: look as never,
              on: { go: { target: 'b', actions: [assign(counting), look, send, look] as never } },
            },
            b: {
              entry: look as never,
              on: {
                sent: { target: 'a', actions: noting('sent') },
                stop: {
                  actions: [
                    ({ self }) => {
                      self.stop();
                    },
                    noting('stopping'),
                  ],
                },
              },
            },
          },
        });
      },
      [
        'go',
        (actor) => {
          actor.send({ type: 'go' });
          actor.send({ type: 'x' });
        },
        'x',
        { type: 'go' },
        (actor) => {
          actor.subscribe(({ value }) => {
            if (value === 'b') actor.send({ type: 'stop' });
          });
          actor.send({ type: 'go' });
        },
        'x',
      ],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did.filter((name) => name === 'sent')).toHaveLength(4);
  });
});
