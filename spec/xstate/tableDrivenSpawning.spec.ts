import { describe, expect, it } from '@jest/globals';
import { assign, enqueueActions, sendTo, spawnChild, stopChild, type AnyActor, type AnyActorLogic } from 'xstate';
import { both, chart, type Config, type Context } from '../support/xstate/differential';
import { answering, obedient } from '../support/toldActors';

type Spawn = (logic: AnyActorLogic | string, options?: object) => AnyActor;

describe('The actors of a table-driven machine', () => {
  it('are spawned and stopped by actions', async () => {
    const [driven, plain] = await both(
      (trace) => {
        const child = (spawn: unknown, id?: string): AnyActor =>
          (spawn as Spawn)('child', { ...(id && { id }), input: 1 });
        return chart(
          {
            context: { n: 0 },
            on: {
              assigned: {
                actions: [
                  assign({ one: ({ spawn }) => child(spawn), two: ({ spawn }) => child(spawn, 'two') }),
                  sendTo('two', { type: 'hello' }),
                ],
              },
              assignedAtOnce: {
                actions: assign(({ spawn }) => ({
                  one: child(spawn),
                  three: (spawn as Spawn)(answering(trace, 'three')),
                })),
              },
              spawned: { actions: [spawnChild('child', { id: 'four', input: 4 }), sendTo('four', { type: 'hello' })] },
              unnamed: { actions: spawnChild('child') },
              unknown: { actions: spawnChild('unknown', { id: 'unknown' }) },
              stopped: {
                actions: [
                  stopChild('four'),
                  stopChild('nobody'),
                  stopChild(({ context }) => context['one'] as AnyActor),
                ],
              },
              atOnce: {
                actions: [spawnChild('child', { id: 'five' }), stopChild('five'), spawnChild('child', { id: 'five' })],
              },
              collected: {
                actions: enqueueActions(({ enqueue }) => {
                  enqueue.spawnChild('child', { id: 'six' } as never);
                  enqueue.sendTo('six', { type: 'hello' });
                  enqueue.stopChild('five');
                }) as never,
              },
              fail: { actions: sendTo('four', { type: 'fail' }) },
            },
          },
          { actors: { child: answering(trace, 'child') } },
        );
      },
      [
        'assigned',
        'assignedAtOnce',
        'spawned',
        'unnamed',
        'stopped',
        'stopped',
        'atOnce',
        'collected',
        'unknown',
        'spawned',
        'fail',
        'x',
      ],
      { restoreAt: [0, 3, 6] },
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('child gets');
  });

  it('are spawned by assignments with what these say', async () => {
    const [driven, plain] = await both(
      (trace) => {
        const input = ({ context }: { context: Context }): number => context.n;
        const inline = answering(trace, 'inline');
        const spawning = (src: AnyActorLogic | string, options?: object): Config['entry'] =>
          assign(({ spawn }) => ({ child: (spawn as Spawn)(src, options) }));
        const changing = obedient(trace, 'machine');
        return chart(
          {
            context: { n: 3 },
            on: {
              computed: { actions: spawning('child', { input, id: 'computed' }) as never },
              given: { actions: spawning(inline, { input, id: 'given' }) as never },
              known: { actions: spawning(inline, { systemId: 'known' }) as never },
              synced: { actions: spawning(changing, { id: 'synced', syncSnapshot: true }) as never },
              count: { actions: sendTo('synced', { type: 'count' }) },
              'xstate.snapshot.*': { actions: trace.noting('snapshot') },
              unknown: { actions: spawning('unknown') as never },
            },
          },
          { actors: { child: answering(trace, 'child') } },
        );
      },
      ['computed', 'given', 'synced', 'count', 'known', 'unknown'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('snapshot');
  });

  it('are stopped at the end, whichever it is', async () => {
    const [driven, plain] = await both(
      (trace) =>
        chart({
          entry: spawnChild(answering(trace, 'spawned') as never, { id: 'spawned' }),
          exit: [sendTo('spawned', { type: 'bye' }), trace.noting('-m')],
          invoke: { id: 'invoked', src: obedient(trace, 'invoked') as never },
          initial: 'a',
          states: { a: { on: { end: 'z' } }, z: { type: 'final', invoke: { src: answering(trace, 'late') as never } } },
        }),
      ['x', 'end', 'x'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).toContain('spawned stops');
  });

  it('are left before they start', async () => {
    const [driven, plain] = await both(
      (trace) =>
        chart({
          initial: 'a',
          states: {
            a: { invoke: { id: 'child', src: answering(trace, 'child') as never }, always: 'b' },
            b: { invoke: { id: 'child', src: answering(trace, 'other') as never }, on: { go: 'a' } },
          },
        }),
      ['go', 'go'],
    );
    expect(driven).toStrictEqual(plain);
    expect(plain.did).not.toContain('child starts');
  });
});
