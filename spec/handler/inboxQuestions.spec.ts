import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { assign, fromCallback, sendTo, setup, type AnyActor, type AnyEventObject } from 'xstate';
import { canTake, Inbox } from '../../actors/handler/inbox';
import { starting, tell, toggling } from '../support/actors';
import { turn } from '../support/serving';

const message = (n: number): AnyEventObject => ({ type: 'inbox', n });
const machines = setup({ types: {} as { events: AnyEventObject } });

describe('What an Inbox asks its owner', () => {
  const { start } = starting();
  let source: AnyActor;
  let got: number[] = [];

  beforeEach(() => {
    got = [];
    source = start(fromCallback(() => undefined));
  });

  describe('until', () => {
    it('calls from a microtask, then after each change, until it is told true', async () => {
      const owner = start(toggling('busy', got));
      const inbox = new Inbox(owner, 'inbox');
      const check = jest.fn(() => canTake(owner, message(1)));
      inbox.until(check);
      expect(check).not.toHaveBeenCalled();
      await turn();
      expect(check).toHaveBeenCalledTimes(1);
      tell(owner, { type: 'toggle' });
      await turn();
      expect(check).toHaveBeenCalledTimes(2);
      tell(owner, { type: 'toggle' });
      await turn();
      expect(check).toHaveBeenCalledTimes(2);
    });

    it('comes after what waits', async () => {
      const owner = start(toggling('busy', got));
      const inbox = new Inbox(owner, 'inbox');
      inbox.offer(source, message(1));
      const seen: number[][] = [];
      inbox.until(() => {
        seen.push([...got]);
        return got.length > 0;
      });
      tell(owner, { type: 'toggle' });
      await turn();
      expect(seen).toEqual([[1]]);
    });

    it('is forgotten when the owner is stopped', async () => {
      const owner = start(toggling('busy', got));
      const inbox = new Inbox(owner, 'inbox');
      const check = jest.fn(() => false);
      inbox.until(check);
      await turn();
      owner.stop();
      await turn();
      expect(check).toHaveBeenCalledTimes(1);
    });
  });

  describe('with a guard', () => {
    const guarded = (
      guard: (n: number, limit: number) => boolean,
      place: 'state' | 'parent' = 'state',
    ): [AnyActor, Inbox] => {
      const reads = { inbox: { guard: 'allows', actions: 'note' } } as const;
      const machine = setup({
        types: {} as { context: { limit: number }; events: AnyEventObject },
        guards: { allows: ({ context, event }) => guard(event['n'] as number, context.limit) },
        actions: {
          note: ({ event }) => {
            got.push(event['n'] as number);
          },
        },
      }).createMachine({
        context: { limit: 0 },
        on: {
          toggle: { actions: assign({ limit: ({ context }) => context.limit + 1 }) },
          ...(place === 'parent' ? reads : {}),
        },
        initial: 'only',
        states: { only: { on: place === 'state' ? reads : {} } },
      });
      const owner = start(machine);
      return [owner, new Inbox(owner, 'inbox')];
    };

    it.each(['state', 'parent'] as const)('asks about the data of each message (guard in the %s)', (place) => {
      const [, inbox] = guarded((n) => n % 2 === 1, place);
      expect(inbox.offer(source, message(1))).toBe(true);
      expect(inbox.offer(source, message(3))).toBe(true);
      expect(inbox.offer(source, message(4))).toBe(false);
      expect(inbox.offer(source, message(5))).toBe(false);
      expect(got).toEqual([1, 3]);
    });

    it('asks again when the context has changed though the state has not', async () => {
      const [owner, inbox] = guarded((n, limit) => n <= limit);
      inbox.offer(source, message(1));
      inbox.offer(source, message(2));
      await turn();
      expect(got).toEqual([]);
      tell(owner, { type: 'toggle' });
      await turn();
      expect(got).toEqual([1]);
      tell(owner, { type: 'toggle' });
      await turn();
      expect(got).toEqual([1, 2]);
    });

    it('lets the owner have the crash of a guard that throws', () => {
      const [owner, inbox] = guarded(() => {
        throw new Error('in the guard');
      });
      expect(canTake(owner, message(1))).toBe(true);
      expect(inbox.offer(source, message(1))).toBe(true);
      expect(owner.getSnapshot()).toMatchObject({ status: 'error' });
    });
  });

  describe('isIdle', () => {
    const noop = (): void => undefined;

    it('is true for a machine that reads the box in no state', () => {
      const owner = start(machines.createMachine({ on: { other: { actions: noop } } }));
      expect(new Inbox(owner, 'inbox').isIdle).toBe(true);
    });

    it('is true for a machine that only forbids the box', () => {
      const owner = start(machines.createMachine({ on: { inbox: {} } }));
      expect(new Inbox(owner, 'inbox').isIdle).toBe(true);
    });

    it('is false while a child state forbids what its parent reads', () => {
      const owner = start(
        machines.createMachine({
          on: { inbox: { actions: noop } },
          initial: 'forbidding',
          states: { forbidding: { on: { inbox: {}, toggle: 'open' } }, open: {} },
        }),
      );
      const inbox = new Inbox(owner, 'inbox');
      expect(inbox.isIdle).toBe(false);
      tell(owner, { type: 'toggle' });
      expect(inbox.isIdle).toBe(true);
    });

    it('is true in a state with a wildcard', () => {
      const owner = start(machines.createMachine({ on: { '*': { actions: noop } } }));
      expect(new Inbox(owner, 'inbox').isIdle).toBe(true);
    });

    it('is not fooled by an owner that sends to itself on its way', async () => {
      const owner = start(
        machines.createMachine({
          initial: 'reading',
          states: {
            reading: { on: { inbox: { target: 'busy', actions: ({ event }) => got.push(event['n'] as number) } } },
            busy: { entry: sendTo(({ self }) => self, { type: 'toggle' }), on: { toggle: 'reading' } },
          },
        }),
      );
      const inbox = new Inbox(owner, 'inbox');
      for (let n = 0; n < 5; n += 1) inbox.offer(source, message(n));
      await turn();
      expect(got).toEqual([0, 1, 2, 3, 4]);
      expect(inbox.isIdle).toBe(true);
    });
  });
});
