import { describe, expect, it } from '@jest/globals';
import { fromObservable, fromPromise, fromTransition, type AnyActorLogic, type MachineContext } from 'xstate';
import { serverCore, setupProtocol, type ProtocolEvent } from '../../../server/index';
import { scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { deaf, handler, polite } from '../../support/fixtures';
import { makeWorker } from '../../support/processes/worker';

describe('A shutdown', () => {
  describe('is not held up by', () => {
    const ignorant: [string, AnyActorLogic][] = [
      ['callback', deaf],
      ['promise that never settles', fromPromise(() => new Promise(() => undefined))],
      [
        'observable that never completes',
        fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => undefined }) })),
      ],
      ['transition', fromTransition((state: object) => state, {})],
      [
        'machine that hears it and does nothing',
        setupProtocol().createMachine({ on: { inbox: {}, 'control.serverShutdown': { actions: () => undefined } } }),
      ],
    ];
    it.each(ignorant)('a handler that ignores it: a %s', async (_, protocol) => {
      await using s = await scenario(serverCore, { protocol, shutdownTimeout: 5_000 });
      const client = await s.client();
      await s.shutsDown();
      await s.advance(4_999);
      await client.isOpen();
      await s.advance(1);
      await client.isClosed('aborted');
      await client.hasClosed();
      expect(s.leftovers()).toEqual([]);
    });

    it('a handler that throws on being told, and the others still get their goodbye', async () => {
      const failing = handler(({ receive }) => {
        receive(({ type }) => {
          if (type === 'control.serverShutdown') throw new Error('no');
        });
      });
      await using s = await scenario(serverCore, { protocol: ({ id }) => (id === 'connection:1' ? failing : polite) });
      const [first, second] = await s.clients('first', 'second');
      await s.shutsDown();
      await first.isClosed('handlerFailed');
      expect(s).toHaveEmitted({ type: 'connection.failed', id: 'connection:1', error: new Error('no') });
      await second.receives('goodbye');
      await second.isClosed('handlerFinished');
      expect(s.leftovers()).toEqual([]);
    });

    it('a machine that does not know of it and waits for more: it is ended, and told why', async () => {
      const heard: ProtocolEvent[] = [];
      const protocol = setupProtocol().createMachine({
        on: {
          inbox: { actions: 'reply' },
          'control.socketShutdown': { actions: ({ event }) => heard.push(event) },
        },
      });
      await using s = await scenario(serverCore, { protocol });
      const client = await s.client();
      await client.sends('hello');
      await client.receives('hello');
      await s.shutsDown();
      expect(await client.isClosed('serverShutdown')).toMatchObject({ bytesIn: 5, bytesOut: 5, durationMs: 0 });
      expect(heard).toEqual([{ type: 'control.socketShutdown', reason: 'serverShutdown' }]);
      await client.hasClosed();
    });

    it('a machine that never reads at all', async () => {
      const greeter = setupProtocol().createMachine({ entry: { type: 'reply', params: { data: 'hello' } } });
      await using s = await scenario(serverCore, { protocol: greeter });
      const client = await s.client();
      await s.shutsDown();
      await client.receives('hello');
      expect(await client.isClosed('serverShutdown')).toMatchObject({ durationMs: 0 });
    });

    it('a machine that never reads, and has been sent something', async () => {
      await using s = await scenario(serverCore, { protocol: setupProtocol().createMachine({}) });
      const client = await s.client();
      await client.sends('hello?');
      await s.shutsDown();
      expect(await client.isClosed('serverShutdown')).toMatchObject({ bytesIn: 6, durationMs: 0 });
    });
  });

  describe('given a machine in the middle of its work, in a state that does not read', () => {
    it('lets it finish, sends its answer, and then ends it', async () => {
      const { worker, finishWork } = makeWorker();
      await using s = await scenario(serverCore, { protocol: worker, shutdownTimeout: 5_000 }, { split: 0 });
      const client = await s.client();
      await client.sends('hello');
      await s.shutsDown();
      await s.advance(4_999);
      await client.isOpen();
      finishWork();
      await client.receives('HELLO');
      await client.isClosed('serverShutdown');
      expect(s.leftovers()).toEqual([]);
    });

    it('lets it have the chunks that have come already', async () => {
      const { worker, finishWork, begun } = makeWorker();
      await using s = await scenario(serverCore, { protocol: worker }, { split: 0 });
      const client = await s.client();
      await client.sends('one ');
      // 'two' waits in the inbox: the connection has read it, and the handler has not
      await client.sends('two ');
      await s.shutsDown();
      expect(begun).toEqual(['one ']);
      finishWork();
      await s.settle();
      expect(begun).toEqual(['one ', 'two ']);
      await client.isOpen();
      finishWork();
      await client.receives('ONE TWO ');
      expect(await client.isClosed('serverShutdown')).toMatchObject({ bytesIn: 8 });
    });

    it.each([
      ['that reads', { inbox: { actions: 'reply' as const } }],
      ['although it never reads', {}],
    ])('tells it in the next state that listens, %s', async (_, on) => {
      const goodbye = [{ type: 'reply' as const, params: { data: 'goodbye' } }, 'finish' as const];
      const protocol = setupProtocol<MachineContext, { type: 'goOn' }>().createMachine({
        initial: 'busy',
        states: {
          busy: { on: { goOn: 'idle' } },
          idle: { on: { ...on, 'control.serverShutdown': { actions: goodbye } } },
        },
      });
      await using s = await scenario(serverCore, { protocol });
      const client = await s.client();
      await s.shutsDown();
      await client.receivesNothing();
      expect(s.server).toBeInState({ draining: 'finishing' });
      s.actor('connection:1/protocol').send({ type: 'goOn' });
      await client.receives('goodbye');
      await client.isClosed('handlerFinished');
    });

    it('cuts it when it never finishes', async () => {
      const { worker } = makeWorker();
      await using s = await scenario(serverCore, { protocol: worker, shutdownTimeout: 5_000 });
      const client = await s.client();
      await client.sends('hello');
      await s.shutsDown();
      await s.advance(4_999);
      await client.isOpen();
      await s.advance(1);
      expect(await client.isClosed('aborted')).toMatchObject({ bytesIn: 5, bytesOut: 0 });
      await client.receivesNothing();
    });
  });
});
