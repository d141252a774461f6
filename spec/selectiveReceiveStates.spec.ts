import { describe, expect, it } from '@jest/globals';
import { assign, emit, fromPromise, raise, sendTo, setup } from 'xstate';
import { setupProtocol, type ProtocolEmitted, type ProtocolEvent } from '../server/index';
import { eventually } from './support/events';
import { Gate, receiveToEnd, serving, turn } from './support/serving';

/** Sends each text by itself, and waits until the server's process has read it. */
async function sendApart(serve: ReturnType<typeof serving>, texts: readonly string[]): Promise<void> {
  const client = await serve.connect();
  let sent = 0;
  for (const text of texts) {
    client.socket.write(text);
    sent += text.length;
    await eventually(() => serve.socketOf()?.bytesIn === sent);
  }
  client.end();
}

type Own = { readonly type: 'ready' } | { readonly type: 'unlock' };

describe('Selective receive by state', () => {
  const serve = serving();
  let handled: string[] = [];

  const withNotes = setup({
    types: {} as { context: { credit: number }; events: ProtocolEvent | Own; emitted: ProtocolEmitted },
    actors: { wait: fromPromise<undefined, Gate>(({ input }) => input.opened.then(() => undefined)) },
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

  const run = async (protocol: Parameters<typeof serve.start>[0], texts = ['a', 'b', 'c', 'd']): Promise<string[]> => {
    handled = [];
    await serve.start(protocol);
    await sendApart(serve, texts);
    expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: texts.join('').length });
    return handled;
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
      expect((await run(protocol)).join('')).toBe('abcd');
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
      expect(await run(protocol)).toEqual(['a', 'b', 'c', 'd']);
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
      expect((await run(protocol)).join('')).toBe('abcd');
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
      expect(await run(protocol)).toEqual(['a', 'b', 'c', 'd']);
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
      expect((await run(protocol)).join('')).toBe('abcd');
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
      expect((await run(protocol)).join('')).toBe('abcd');
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
      expect((await run(protocol, ['key', 'other', 'key'])).join('')).toBe('key|otherkey');
    });
  });

  describe('given other ways to take inbox', () => {
    it('reads in a state with a wildcard', async () => {
      const protocol = withNotes.createMachine({
        context: { credit: 0 },
        on: { '*': { actions: 'note' } },
      });
      expect(await run(protocol)).toEqual(['a', 'b', 'c', 'd', 'control.socketShutdown']);
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
      expect((await run(protocol)).join('')).toBe('|abcd');
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
      expect((await run(protocol)).join('')).toBe('|abcd');
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
      expect((await run(protocol)).join('')).toBe('abcd');
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
    const client = await serve.first(protocol);
    client.socket.end('hello');
    await eventually(() => serve.socketOf()?.bytesIn === 5);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(serve.closed).toEqual([]);
    gate.open();
    expect(await receiveToEnd(client)).toBe('hello');
    expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 5, bytesOut: 5 });
  });

  it('ends a drained connection whose handler never listens to control.serverShutdown, once it waits for more', async () => {
    const protocol = setupProtocol().createMachine({
      initial: 'reading',
      states: {
        reading: { on: { inbox: { target: 'busy', actions: 'reply' } } },
        busy: { after: { 20: { target: 'reading', actions: { type: 'reply', params: { data: 'done' } } } } },
      },
    });
    const client = await serve.first(protocol);
    client.socket.write('work ');
    expect(await client.receiveText(5)).toBe('work ');
    serve.server.send({ type: 'control.serverShutdown' });
    expect(await receiveToEnd(client)).toBe('done');
    expect(await serve.ended()).toMatchObject({ reason: 'serverShutdown', bytesIn: 5, bytesOut: 9 });
  });
});
