import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fromCallback, setup, type AnyActor, type AnyEventObject } from 'xstate';
import { Inbox } from '../../actors/handler/inbox';
import { oneByOne, starting, tell, toggling } from '../support/actors';
import { turn } from '../support/serving';

const message = (n: number): AnyEventObject => ({ type: 'inbox', n });

describe('Inbox', () => {
  const { start } = starting();
  let source: AnyActor;
  let got: number[] = [];

  beforeEach(() => {
    got = [];
    source = start(fromCallback(() => undefined));
  });

  const toggled = (initial: 'reading' | 'busy', onEmpty?: () => void): [AnyActor, Inbox] => {
    const owner = start(toggling(initial, got));
    return [owner, new Inbox(owner, 'inbox', onEmpty)];
  };

  describe('given an owner in a state that reads', () => {
    it('delivers at once', () => {
      const [, inbox] = toggled('reading');
      expect(inbox.offer(source, message(1))).toBe(true);
      expect(got).toEqual([1]);
      expect(inbox.isHolding).toBe(false);
      expect(inbox.isIdle).toBe(true);
    });

    it('asks again when the state has changed, and again when it has changed back', async () => {
      const [owner, inbox] = toggled('reading');
      expect(inbox.offer(source, message(1))).toBe(true);
      tell(owner, { type: 'toggle' });
      expect(inbox.isIdle).toBe(false);
      expect(inbox.offer(source, message(2))).toBe(false);
      tell(owner, { type: 'toggle' });
      await turn();
      expect(inbox.offer(source, message(3))).toBe(true);
      expect(got).toEqual([1, 2, 3]);
    });
  });

  describe('given an owner in a state that does not read', () => {
    it('keeps a message until the state has changed, and then tells that it is empty', async () => {
      const onEmpty = jest.fn();
      const [owner, inbox] = toggled('busy', onEmpty);
      expect(inbox.offer(source, message(1))).toBe(false);
      await turn();
      expect(got).toEqual([]);
      expect(inbox.isHolding).toBe(true);
      tell(owner, { type: 'toggle' });
      await turn();
      expect(got).toEqual([1]);
      expect(inbox.isHolding).toBe(false);
      expect(onEmpty).toHaveBeenCalledTimes(1);
    });

    it('keeps the order: what comes later waits behind what waits', async () => {
      const [owner, inbox] = toggled('busy');
      inbox.offer(source, message(1));
      tell(owner, { type: 'toggle' });
      // the owner would take message 2 now, but message 1 is delivered only in a microtask
      expect(inbox.offer(source, message(2))).toBe(false);
      expect(got).toEqual([]);
      await turn();
      expect(got).toEqual([1, 2]);
    });

    it('delivers one at a time to an owner that goes busy with each', async () => {
      const onEmpty = jest.fn();
      const owner = start(oneByOne(got));
      const inbox = new Inbox(owner, 'inbox', onEmpty);
      for (let n = 0; n < 4; n += 1) inbox.offer(source, message(n));
      for (let n = 0; n < 4; n += 1) {
        await turn();
        expect(got).toHaveLength(n + 1);
        expect(onEmpty).toHaveBeenCalledTimes(n === 3 ? 1 : 0);
        tell(owner, { type: 'toggle' });
      }
      expect(got).toEqual([0, 1, 2, 3]);
    });

    it('delivers 1,000 messages in order', async () => {
      const [owner, inbox] = toggled('busy');
      const sent = Array.from({ length: 1_000 }, (_, n) => n);
      for (const n of sent) inbox.offer(source, message(n));
      tell(owner, { type: 'toggle' });
      await turn();
      expect(got).toEqual(sent);
    });

    it('is not idle, even when nothing waits', () => {
      const [, inbox] = toggled('busy');
      expect(inbox.isIdle).toBe(false);
    });
  });

  describe('given an owner that ends', () => {
    it('forgets what waits when the owner is stopped', async () => {
      const [owner, inbox] = toggled('busy');
      inbox.offer(source, message(1));
      owner.stop();
      await turn();
      expect(inbox.isHolding).toBe(false);
      expect(got).toEqual([]);
    });

    it('forgets what waits when the owner crashes', async () => {
      const onEmpty = jest.fn();
      const [owner, inbox] = toggled('busy', onEmpty);
      inbox.offer(source, message(1));
      tell(owner, { type: 'crash' });
      await turn();
      expect(inbox.isHolding).toBe(false);
      expect(got).toEqual([]);
      expect(onEmpty).not.toHaveBeenCalled();
    });

    it('delivers nothing of what waited after clear()', async () => {
      const [owner, inbox] = toggled('busy');
      inbox.offer(source, message(1));
      inbox.clear();
      tell(owner, { type: 'toggle' });
      await turn();
      expect(got).toEqual([]);
      expect(inbox.offer(source, message(2))).toBe(true);
    });
  });

  describe('post', () => {
    it('delivers to a machine from a microtask, in order', async () => {
      const [, inbox] = toggled('reading');
      inbox.post(source, message(1));
      inbox.post(source, message(2));
      expect(got).toEqual([]);
      await Promise.resolve();
      expect(got).toEqual([1, 2]);
    });

    it('is safe while the owner is about to change its state', async () => {
      const boxes: Inbox[] = [];
      const owner = start(
        setup({ types: {} as { events: AnyEventObject } }).createMachine({
          initial: 'reading',
          states: {
            reading: {
              on: {
                inbox: {
                  target: 'busy',
                  actions: ({ self, event }) => {
                    const n = event['n'] as number;
                    if (n < 3) boxes[0]?.post(self, message(n + 1));
                    got.push(n);
                  },
                },
              },
            },
            busy: { on: { toggle: { target: 'reading' } } },
          },
        }),
      );
      boxes.push(new Inbox(owner, 'inbox'));
      boxes[0]?.offer(source, message(1));
      await turn();
      expect(got).toEqual([1]);
      tell(owner, { type: 'toggle' });
      await turn();
      tell(owner, { type: 'toggle' });
      await turn();
      expect(got).toEqual([1, 2, 3]);
    });

    it('drops what the owner takes in no state, and does not hold up what comes behind', async () => {
      const [, inbox] = toggled('reading');
      inbox.post(source, { type: 'inbox.other' });
      inbox.post(source, message(2));
      await turn();
      expect(got).toEqual([2]);
    });

    it('delivers to an owner that is no machine at once', () => {
      const owner = start(
        fromCallback<AnyEventObject>(({ receive }) => {
          receive((event) => {
            got.push(event['n'] as number);
          });
        }),
      );
      const inbox = new Inbox(owner, 'inbox');
      inbox.post(source, message(1));
      expect(inbox.offer(source, message(2))).toBe(true);
      expect(got).toEqual([1, 2]);
      expect(inbox.isIdle).toBe(true);
    });
  });
});
