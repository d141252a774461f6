import { describe, expect, it } from '@jest/globals';
import { assign, emit, fromPromise, raise, sendTo, setup, type AnyActorLogic } from 'xstate';
import { setupProtocol, type ProtocolEmitted, type ProtocolEvent } from '../../server/index';
import { handler } from '../../server/testing/index';
import { Gate } from '../support/serving';

type OwnEvent = { readonly type: 'ready' } | { readonly type: 'unlock' };

describe('Selective receive by state', () => {
  let handled: string[] = [];

  const withNotes = setup({
    types: {} as { context: { credit: number }; events: ProtocolEvent | OwnEvent; emitted: ProtocolEmitted },
    actions: {
      note: ({ event }) => {
        if (event.type === 'inbox') handled.push(event.data.toString());
        else handled.push(event.type);
      },
      pay: assign({ credit: ({ context }) => context.credit - 1 }),
      earn: assign({ credit: ({ context }) => context.credit + 1 }),
    },
    guards: {
      hasCredit: ({ context }) => context.credit > 0,
      isKey: ({ event }) => event.type === 'inbox' && event.data.toString() === 'key',
    },
  });

  /** Sends each text as one message, then the end. Returns what was handled at once, and after each of `ms`. */
  const run = async (
    protocol: AnyActorLogic,
    ms: readonly number[] = [],
    texts = 'abcd'.split(''),
  ): Promise<string[]> => {
    handled = [];
    await using h = await handler(protocol);
    for (const text of texts) await h.inbox(text);
    await h.peer.ends();
    const sums = [handled.join('')];
    for (const each of ms) {
      await h.peer.isOpen();
      await h.advance(each);
      sums.push(handled.join(''));
    }
    expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: texts.join('').length });
    return sums;
  };

  describe('given a handler that leaves its busy state', () => {
    it('by after: handles every byte in order', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        initial: 'reading',
        states: {
          reading: { on: { inbox: { target: 'busy', actions: 'note' } } },
          busy: { after: { 5: { target: 'reading' } } },
        },
      });
      expect(await run(protocol, [5, 5, 5, 5])).toEqual(['a', 'ab', 'abc', 'abcd', 'abcd']);
    });

    it('by an event that it sends to itself', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        initial: 'reading',
        states: {
          reading: { on: { inbox: { target: 'busy', actions: 'note' } } },
          busy: { entry: sendTo(({ self }) => self, { type: 'ready' }), on: { ready: { target: 'reading' } } },
        },
      });
      expect(await run(protocol)).toEqual(['abcd']);
    });

    it('by an event that it sends to itself after a while', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        initial: 'reading',
        states: {
          reading: { on: { inbox: { target: 'busy', actions: 'note' } } },
          busy: {
            entry: sendTo(({ self }) => self, { type: 'ready' }, { delay: 5 }),
            on: { ready: { target: 'reading' } },
          },
        },
      });
      expect(await run(protocol, [5, 5, 5, 5])).toEqual(['a', 'ab', 'abc', 'abcd', 'abcd']);
    });

    it('by an event that it raises', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        initial: 'reading',
        states: {
          reading: { on: { inbox: { target: 'busy', actions: 'note' } } },
          busy: { entry: raise({ type: 'ready' }), on: { ready: { target: 'reading' } } },
        },
      });
      expect(await run(protocol)).toEqual(['abcd']);
    });

    it('and has not read anything yet: it starts busy', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        initial: 'preparing',
        states: {
          preparing: { after: { 20: { target: 'reading' } } },
          reading: { on: { inbox: { actions: 'note' } } },
        },
      });
      expect(await run(protocol, [19, 1])).toEqual(['', '', 'abcd']);
    });
  });

  describe('given a guard on inbox', () => {
    it('that depends on the context: hands out a chunk for each credit', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 1 },
        initial: 'reading',
        states: {
          reading: {
            on: { inbox: { guard: 'hasCredit', actions: ['note', 'pay'] } },
            after: { 5: { target: 'reading', reenter: true, actions: 'earn' } },
          },
        },
      });
      expect(await run(protocol, [5, 5, 5])).toEqual(['a', 'ab', 'abc', 'abcd']);
    });

    it('that depends on the data: what it refuses waits for another state, and all behind it', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        initial: 'locked',
        states: {
          locked: {
            on: { inbox: { guard: 'isKey', actions: 'note' } },
            after: { 20: { target: 'open', actions: () => handled.push('|') } },
          },
          open: { on: { inbox: { actions: 'note' } } },
        },
      });
      expect(await run(protocol, [19, 1], ['key', 'other', 'key'])).toEqual(['key', 'key', 'key|otherkey']);
    });
  });

  describe('given other ways to take inbox', () => {
    it('reads in a state with a wildcard', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        on: { '*': { actions: 'note' } },
      });
      expect(await run(protocol)).toEqual(['abcdcontrol.socketShutdown']);
    });

    it('does not read in a state that forbids what its parent takes', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        on: { inbox: { actions: 'note' } },
        initial: 'forbidding',
        states: {
          forbidding: {
            on: { inbox: {} },
            after: { 20: { target: 'open', actions: () => handled.push('|') } },
          },
          open: {},
        },
      });
      expect(await run(protocol, [19, 1])).toEqual(['', '', '|abcd']);
    });

    it('does not read in a state that forbids inbox under a wildcard', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        on: { '*': { actions: 'note' } },
        initial: 'forbidding',
        states: {
          forbidding: {
            on: { inbox: {}, 'control.*': {} },
            after: { 20: { target: 'open', actions: () => handled.push('|') } },
          },
          open: { on: { 'control.*': {} } },
        },
      });
      expect(await run(protocol, [19, 1])).toEqual(['', '', '|abcd']);
    });

    it('reads when one of its parallel states does, and only while one does', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        type: 'parallel',
        states: {
          input: {
            initial: 'reading',
            states: {
              reading: { on: { inbox: { target: 'busy', actions: 'note' } } },
              busy: { after: { 5: { target: 'reading' } } },
            },
          },
          timer: { initial: 'one', states: { one: { after: { 2: { target: 'two' } } }, two: {} } },
        },
      });
      expect(await run(protocol, [5, 5, 5, 5])).toEqual(['a', 'ab', 'abc', 'abcd', 'abcd']);
    });
  });

  it('keeps a reader that waits for another actor from losing what comes meanwhile', async () => {
    const gate = new Gate();
    const protocol = setup({
      types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted },
      actors: { login: fromPromise(() => gate.opened) },
      actions: {
        reply: emit(({ event }) => ({ type: 'outbox' as const, data: event.type === 'inbox' ? event.data : '' })),
      },
    }).createMachine({
      initial: 'authenticating',
      states: {
        authenticating: { invoke: { src: 'login', onDone: { target: 'talking' } } },
        talking: { on: { inbox: { actions: 'reply' } } },
      },
    });
    await using h = await handler(protocol);
    await Promise.all([h.inbox('hello'), h.peer.ends()]);
    await h.advance(3_600_000);
    await h.peer.isOpen();
    await h.peer.receivesNothing();
    gate.open();
    await h.outbox('hello');
    expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 5, bytesOut: 5 });
  });

  it('ends a drained connection whose handler never listens to control.serverShutdown, once it waits for more', async () => {
    const protocol = setupProtocol().createMachine({
      initial: 'reading',
      states: {
        reading: { on: { inbox: { target: 'busy', actions: 'reply' } } },
        busy: { after: { 20: { target: 'reading', actions: { type: 'reply', params: { data: 'done' } } } } },
      },
    });
    await using h = await handler(protocol);
    await h.inbox('work ');
    await h.outbox('work ');
    await h.serverShutdown();
    await h.advance(19);
    await h.peer.isOpen();
    await h.advance(1);
    await h.outbox('done');
    expect(await h.isClosed('serverShutdown')).toMatchObject({ bytesIn: 5, bytesOut: 9 });
  });
});
