import { beforeEach, describe, expect, it } from '@jest/globals';
import { emit, fromCallback, fromTransition, setup, type AnyActorLogic, type AnyEventObject } from 'xstate';
import { link } from '../../server/index';
import { oneByOne, say, speaker, starting, tell, toggling } from '../support/actors';
import { expectQuiet } from '../support/quiet';
import { turn } from '../support/serving';

describe('link', () => {
  const { create, start } = starting();
  let got: number[] = [];

  expectQuiet();

  beforeEach(() => {
    got = [];
  });

  describe('given a machine as its target', () => {
    it('keeps a message that it cannot take now until it can', async () => {
      const source = start(speaker);
      const target = start(oneByOne(got));
      link(source, 'outbox', target, 'inbox');
      for (let n = 0; n < 3; n += 1) say(source, { type: 'outbox', n });
      for (let n = 0; n < 3; n += 1) {
        await turn();
        expect(got).toHaveLength(n + 1);
        tell(target, { type: 'toggle' });
      }
      expect(got).toEqual([0, 1, 2]);
    });

    it('drops what it takes in no state, and goes on', async () => {
      const source = start(speaker);
      const target = start(oneByOne(got));
      link(source, 'signal', target, 'control');
      link(source, 'outbox', target, 'inbox');
      say(source, { type: 'signal.unknown' }, { type: 'outbox.unknown' }, { type: 'outbox', n: 1 });
      await turn();
      expect(got).toEqual([1]);
    });

    it('forgets what waits when it is stopped, and takes no more', async () => {
      const source = start(speaker);
      const target = start(oneByOne(got));
      link(source, 'outbox', target, 'inbox');
      say(source, { type: 'outbox', n: 1 }, { type: 'outbox', n: 2 });
      await turn();
      target.stop();
      say(source, { type: 'outbox', n: 3 });
      await turn();
      expect(got).toEqual([1]);
    });

    it('delivers what was said before the target was started', async () => {
      const source = start(speaker);
      const target = create(toggling('reading', got));
      link(source, 'outbox', target, 'inbox');
      say(source, { type: 'outbox', n: 1 });
      target.start();
      say(source, { type: 'outbox', n: 2 });
      await turn();
      expect(got).toEqual([1, 2]);
    });
  });

  describe('given a target that has been stopped', () => {
    const note = (event: AnyEventObject): void => {
      // the event that stops a transition function goes through the function, too
      if (event.type === 'inbox') got.push(event['n'] as number);
    };
    const kinds: [string, () => AnyActorLogic][] = [
      [
        'a callback',
        () =>
          fromCallback<AnyEventObject>(({ receive }) => {
            receive(note);
          }),
      ],
      [
        'a transition function',
        () =>
          fromTransition((state: object, event: AnyEventObject) => {
            note(event);
            return state;
          }, {}),
      ],
      ['a machine', () => toggling('reading', got)],
    ];

    it.each(kinds)('sends nothing to it (%s)', async (_, logic) => {
      const source = start(speaker);
      const target = start(logic());
      link(source, 'outbox', target, 'inbox');
      say(source, { type: 'outbox', n: 1 });
      await turn();
      target.stop();
      say(source, { type: 'outbox', n: 2 });
      await turn();
      expect(got).toEqual([1]);
    });
  });

  describe('given a cycle', () => {
    const counting = (limit: number): AnyActorLogic =>
      setup({ types: {} as { events: AnyEventObject; emitted: AnyEventObject } }).createMachine({
        on: {
          inbox: {
            guard: ({ event }) => (event['n'] as number) < limit,
            actions: [
              ({ event }) => got.push(event['n'] as number),
              emit(({ event }) => ({ type: 'outbox', n: (event['n'] as number) + 1 })),
            ],
          },
        },
      });

    const calling = (limit: number): AnyActorLogic =>
      fromCallback<AnyEventObject, undefined, AnyEventObject>(({ receive, emit: tellAll }) => {
        receive((event) => {
          const n = event['n'] as number;
          got.push(n);
          if (n < limit) tellAll({ type: 'outbox', n: n + 1 });
        });
      });

    it('goes round between two machines', async () => {
      const [one, two] = [start(counting(1_000)), start(counting(1_000))];
      link(one, 'outbox', two, 'inbox');
      link(two, 'outbox', one, 'inbox');
      tell(one, { type: 'inbox', n: 0 });
      await turn();
      expect(got).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    });

    it('goes round an actor that is linked to itself, machine or callback', async () => {
      const machine = start(counting(3));
      link(machine, 'outbox', machine, 'inbox');
      tell(machine, { type: 'inbox', n: 0 });
      await turn();
      const callback = start(calling(22));
      link(callback, 'outbox', callback, 'inbox');
      tell(callback, { type: 'inbox', n: 20 });
      await turn();
      expect(got).toEqual([0, 1, 2, 20, 21, 22]);
    });

    it('does not overflow the stack between two callbacks', () => {
      const [one, two] = [start(calling(20_000)), start(calling(20_000))];
      link(one, 'outbox', two, 'inbox');
      link(two, 'outbox', one, 'inbox');
      tell(one, { type: 'inbox', n: 1 });
      expect(got).toHaveLength(20_000);
    });
  });

  it('joins actors of different systems, and shows the inspector who said it', async () => {
    const source = start(speaker);
    const target = start(toggling('reading', got));
    const seen: boolean[] = [];
    source.system.inspect((inspected) => {
      if (inspected.type !== '@xstate.event' || inspected.event.type !== 'inbox') return;
      seen.push(inspected.sourceRef === source && inspected.actorRef === target);
    });
    expect(source.system).not.toBe(target.system);
    link(source, 'outbox', target, 'inbox');
    say(source, { type: 'outbox', n: 1 });
    await turn();
    expect(got).toEqual([1]);
    expect(seen).toEqual([true]);
  });
});
