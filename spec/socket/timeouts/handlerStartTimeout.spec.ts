import { describe, expect, it } from '@jest/globals';
import { fromPromise } from 'xstate';
import { serverCore, setupProtocol, type Protocol } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { handler, scenario } from '../../../server/testing/index';
import { Recorder } from '../../support/recorder';

const handlerStartTimeout = 1_000;
/** A handler that waits, says hello or nothing, and goes on to a state that reads or to one that never ends. */
const loading = (ms: number, next: 'reading' | 'working', hello?: 'hello'): Protocol =>
  setupProtocol().createMachine({
    initial: 'loading',
    states: {
      loading: {
        after: { [ms]: { target: next, actions: hello ? { type: 'reply', params: { data: hello } } : [] } },
      },
      reading: { on: { inbox: { target: 'working', actions: 'reply' } } },
      working: { after: { 900_000: 'reading' } },
    },
  });

describe('handlerStartTimeout', () => {
  it('ends a connection in that millisecond whose handler has neither read nor written, nor waits for bytes', async () => {
    await using h = await handler(loading(1_001, 'reading'), { handlerStartTimeout });
    await h.inbox('is anybody there?');
    await h.advance(999);
    await h.peer.isOpen();
    await h.advance(1);
    const error = expect.objectContaining({
      code: 'ERR_HANDLER_START',
      message: 'The handler did nothing for 1000 ms (handlerStartTimeout)',
    });
    expect(await h.isClosed('handlerFailed')).toMatchObject({ error, durationMs: 1_000 });
    expect(h.scenario).toHaveEmitted({ type: 'connection.failed', id: 'connection:1', error });
    await h.serverShutdown();
    expect(h.scenario.leftovers()).toEqual([]);
  });

  it('tells the handler why', async () => {
    const told: unknown[] = [];
    const stuck = setupProtocol()
      .extend({
        actions: {
          note: ({ event }) => {
            told.push(event);
          },
        },
      })
      .createMachine({
        on: { 'control.socketShutdown': { actions: 'note' } },
        initial: 'loading',
        states: { loading: { after: { 1_001: 'reading' } }, reading: { on: { inbox: { actions: 'reply' } } } },
      });
    await using h = await handler(stuck, { handlerStartTimeout });
    await h.advance(1_000);
    const error = expect.objectContaining({ code: 'ERR_HANDLER_START' });
    expect(told).toEqual([{ type: 'control.socketShutdown', reason: 'handlerFailed', error }]);
  });

  it('is content with a handler that waits for bytes by then', async () => {
    await using h = await handler(loading(999, 'reading'), { handlerStartTimeout });
    await h.advance(60_000);
    await h.peer.isOpen();
    expect(h.scenario.clock.pending).toBe(0);
  });

  it.each([0, 999])(
    'is content with a handler that has written after %d ms, however long it takes then',
    async (ms) => {
      await using h = await handler(loading(ms, 'working', 'hello'), { handlerStartTimeout });
      await h.advance(60_000);
      await h.outbox('hello');
      await h.peer.isOpen();
    },
  );

  it('is content with a handler that wrote in its first moment', async () => {
    const greeting = setupProtocol().createMachine({
      entry: { type: 'reply', params: { data: 'hello' } },
      initial: 'working',
      states: { working: { after: { 900_000: 'reading' } }, reading: { on: { inbox: { actions: 'reply' } } } },
    });
    await using h = await handler(greeting, { handlerStartTimeout });
    await h.advance(60_000);
    await h.outbox('hello');
    await h.peer.isOpen();
  });

  it.each([0, 999])(
    'is content with a handler that takes bytes after %d ms, however long it works on them',
    async (ms) => {
      await using h = await handler(loading(ms, 'reading'), { handlerStartTimeout });
      await h.inbox('x');
      await h.advance(60_000);
      await h.outbox('x');
      await h.peer.isOpen();
    },
  );

  it.each<[string, Protocol]>([
    ['never reads at all', setupProtocol().createMachine({ initial: 'a', states: { a: {} } })],
    ['is no machine', new Recorder().protocol],
    ['is a promise', fromPromise(() => new Promise(() => undefined))],
  ])('has nothing to say of a handler that %s', async (_, protocol) => {
    await using h = await handler(protocol, { handlerStartTimeout });
    await h.advance(60_000);
    await h.peer.isOpen();
  });

  it('counts from the start of the handler', async () => {
    const options = {
      protocol: loading(1_001, 'reading'),
      handlerStartTimeout,
      maxConnections: 1,
      whenBusy: 'queue' as const,
    };
    await using s = await scenario(serverCore, options);
    const [first, second] = await s.clients('first', 'second');
    await s.advance(1_000);
    await first.isClosed('handlerFailed');
    await s.advance(999);
    await second.isOpen();
    await s.advance(1);
    await second.isClosed('handlerFailed');
  });
});
