import { beforeEach, describe, expect, it } from '@jest/globals';
import { fromCallback, type AnyActor, type AnyEventObject } from 'xstate';
import { link } from '../../server/index';
import { say, speaker, starting, toggling } from '../support/actors';
import { expectQuiet } from '../support/quiet';
import { turn } from '../support/serving';

describe('link', () => {
  const { start } = starting();
  let got: AnyEventObject[] = [];

  expectQuiet();

  beforeEach(() => {
    got = [];
  });

  /** A target that records its events. */
  const noting = (): AnyActor =>
    start(
      fromCallback<AnyEventObject>(({ receive }) => {
        receive((event) => {
          got.push(event);
        });
      }),
    );

  describe('given a box with one kind of message', () => {
    it('passes what comes out of the outbox on to the inbox, whole and in order', () => {
      const source = start(speaker);
      link(source, 'outbox', noting(), 'inbox');
      const data = Buffer.from('x');
      say(source, { type: 'outbox', data, n: 1 }, { type: 'outbox', n: 2 });
      expect(got).toEqual([
        { type: 'inbox', data, n: 1 },
        { type: 'inbox', n: 2 },
      ]);
      expect(got[0]?.['data']).toBe(data);
    });

    it('leaves other boxes alone, also those whose name begins the same', () => {
      const source = start(speaker);
      link(source, 'outbox', noting(), 'inbox');
      say(source, { type: 'outbox2' }, { type: 'out' }, { type: 'signal' }, { type: '*' });
      expect(got).toEqual([]);
    });
  });

  describe('given a box with several kinds of message', () => {
    it('keeps the kind: signal.producerFinished becomes control.producerFinished', () => {
      const source = start(speaker);
      link(source, 'signal', noting(), 'control');
      say(
        source,
        { type: 'signal.producerFinished' },
        { type: 'signal.shutdownMicroprocess', n: 1 },
        { type: 'signal' },
      );
      expect(got).toEqual([
        { type: 'control.producerFinished' },
        { type: 'control.shutdownMicroprocess', n: 1 },
        { type: 'control' },
      ]);
    });

    it('may link one kind of it alone', () => {
      const source = start(speaker);
      link(source, 'signal.producerFinished', noting(), 'control.done');
      say(source, { type: 'signal.producerFinished' }, { type: 'signal.shutdownMicroprocess' });
      expect(got).toEqual([{ type: 'control.done' }]);
    });
  });

  describe('given several links', () => {
    it('passes a message on to each target', () => {
      const source = start(speaker);
      link(source, 'outbox', noting(), 'inbox');
      link(source, 'outbox', noting(), 'other');
      say(source, { type: 'outbox' });
      expect(got).toEqual([{ type: 'inbox' }, { type: 'other' }]);
    });

    it('keeps the order of what several sources say to one busy machine', async () => {
      const numbers: number[] = [];
      const busy = start(toggling('busy', numbers));
      const [one, two] = [start(speaker), start(speaker)];
      link(one, 'outbox', busy, 'inbox');
      link(two, 'outbox', busy, 'inbox');
      for (let n = 0; n < 6; n += 1) say(n % 2 === 0 ? one : two, { type: 'outbox', n });
      await turn();
      expect(numbers).toEqual([]);
      busy.send({ type: 'toggle' });
      await turn();
      expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
    });
  });

  describe('unlinking', () => {
    it('ends the link, any number of times, and no other one', () => {
      const source = start(speaker);
      const subscription = link(source, 'outbox', noting(), 'inbox');
      link(source, 'outbox', noting(), 'other');
      say(source, { type: 'outbox', n: 1 });
      subscription.unsubscribe();
      subscription.unsubscribe();
      say(source, { type: 'outbox', n: 2 });
      expect(got).toEqual([
        { type: 'inbox', n: 1 },
        { type: 'other', n: 1 },
        { type: 'other', n: 2 },
      ]);
    });

    it('may be followed by linking again', () => {
      const source = start(speaker);
      const target = noting();
      link(source, 'outbox', target, 'inbox').unsubscribe();
      link(source, 'outbox', target, 'inbox');
      say(source, { type: 'outbox' });
      expect(got).toEqual([{ type: 'inbox' }]);
    });
  });
});
