import { describe, expect, it } from '@jest/globals';
import type { AnyActorLogic } from 'xstate';
import { serverCore, setupProtocol, singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { deaf, handler, polite } from '../support/fixtures';

const goodbye = { type: 'reply', params: { data: 'goodbye' } } as const;

/** Handlers that shut their server down on request, and say goodbye when the server shuts down. */
const stoppable: [string, AnyActorLogic][] = [
  [
    'machine',
    setupProtocol().createMachine({
      on: {
        inbox: { actions: ['reply', 'shutdownServer'] },
        'control.serverShutdown': { actions: [goodbye, 'finish'] },
      },
    }),
  ],
  [
    'callback',
    handler(({ receive, emit }) => {
      receive((event) => {
        if (event.type === 'inbox') {
          emit({ type: 'outbox', data: event.data });
          emit({ type: 'serversignal.serverShutdown' });
        } else if (event.type === 'control.serverShutdown') {
          emit({ type: 'outbox', data: 'goodbye' });
          emit({ type: 'signal.producerFinished' });
        }
      });
    }),
  ],
];

/** Handlers that shut their server down as soon as they start. */
const hasty: [string, AnyActorLogic][] = [
  [
    'machine',
    setupProtocol().createMachine({
      entry: 'shutdownServer',
      on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: [goodbye, 'finish'] } },
    }),
  ],
  [
    'callback',
    handler(({ receive, emit }) => {
      receive(({ type }) => {
        if (type !== 'control.serverShutdown') return;
        emit({ type: 'outbox', data: 'goodbye' });
        emit({ type: 'signal.producerFinished' });
      });
      emit({ type: 'serversignal.serverShutdown' });
    }),
  ],
];

describe("A handler's serversignal.serverShutdown", () => {
  describe.each(stoppable)('emitted by a %s', (_, protocol) => {
    it('drains the server, and its own connection gets its goodbye through', async () => {
      await using s = await scenario(
        serverCore,
        { protocol: ({ id }) => (id === 'connection:1' ? polite : protocol) },
        { split: 0 },
      );
      const [other, client] = await s.clients('other', 'client');
      const before = s.emitted.length;

      await client.sends('stop ');

      await client.receives('stop goodbye');
      await other.receives('goodbye');
      for (const each of [other, client]) await each.hasClosed();
      expect(s.emitted.slice(before).map(({ type }) => type)).toEqual([
        '_serversignal.serverShutdown',
        'server.draining',
        'connection.closed',
        'connection.closed',
        'server.shutdown',
      ]);
      // the handler that asked for the shutdown is done first
      expect(s.output).toMatchObject({
        reasons: { handlerFinished: 2 },
        drained: [{ id: client.id }, { id: other.id }],
      });
      expect(s.leftovers()).toEqual([]);
    });

    it('drains a SingleServer too', async () => {
      await using s = await scenario(singleServer, { protocol }, { split: 0 });
      const client = await s.client();
      await client.sends('stop ');
      await client.receives('stop goodbye');
      expect(s.output).toMatchObject({ connections: 1, reasons: { handlerFinished: 1 } });
      expect(s.leftovers()).toEqual([]);
    });
  });

  it('may come with the last words, right before the handler finishes by itself', async () => {
    const protocol = setupProtocol().createMachine({
      on: { inbox: { actions: [goodbye, 'shutdownServer', 'finish'] } },
    });
    await using s = await scenario(serverCore, { protocol }, { split: 0 });
    const client = await s.client();
    await client.sends('stop');
    await client.receives('goodbye');
    await client.receivesNothing();
    await client.isClosed('handlerFinished');
    expect(s.leftovers()).toEqual([]);
  });

  it.each(hasty)('may come in the very first moment, from a %s', async (_, protocol) => {
    await using s = await scenario(serverCore, { protocol });
    const client = await s.client();
    await client.receives('goodbye');
    await client.isClosed('handlerFinished');
    expect(s.leftovers()).toEqual([]);
  });

  it('counts once, however many handlers say it', async () => {
    const protocol = setupProtocol().createMachine({
      on: {
        inbox: { actions: ['shutdownServer', 'shutdownServer'] },
        'control.serverShutdown': { actions: ['shutdownServer', 'finish'] },
      },
    });
    await using s = await scenario(serverCore, { protocol });
    const clients = await s.clients('first', 'second');
    for (const { socket } of clients) socket.write('stop');
    await s.settle();
    expect(s.output?.reasons).toEqual({ handlerFinished: 2 });
    expect(s.emitted.filter(({ type }) => type === 'server.draining')).toEqual([
      { type: 'server.draining', connections: 2 },
    ]);
  });

  it('keeps to shutdownTimeout, as control.serverShutdown does', async () => {
    const rude = setupProtocol().createMachine({ on: { inbox: { actions: 'shutdownServer' } } });
    await using s = await scenario(serverCore, {
      shutdownTimeout: 1_000,
      protocol: ({ id }) => (id === 'connection:1' ? deaf : rude),
    });
    const [stuck, client] = await s.clients('stuck', 'client');
    await client.sends('stop');
    await client.isClosed('serverShutdown');
    await s.advance(999);
    await stuck.isOpen();
    await s.advance(1);
    await stuck.isClosed('aborted');
    await stuck.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });
});
