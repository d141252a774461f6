import { describe, expect, it } from '@jest/globals';
import { fromCallback, fromPromise, type AnyActorLogic } from 'xstate';
import {
  echo,
  serverCore,
  setupProtocol,
  type ClosedConnection,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { scenario } from '../../server/testing/index';
import { crashes } from '../support/crashes';
import { expectQuiet } from '../support/quiet';
import { receiveToEnd, serving } from '../support/serving';

class Crash extends Error {}

/** Gives all clients echo, except the second. */
const onlySecond =
  (protocol: Protocol): Protocol =>
  (info: ConnectionInfo): AnyActorLogic => {
    if (info.id !== 'connection:2') return echo;
    return typeof protocol === 'function' ? protocol(info) : protocol;
  };

/** This crash uses a timer of the system's, not the scenario's clock. */
const onTcp = 'a promise that rejects later';

describe('A handler that crashes', () => {
  const serve = serving();

  expectQuiet();

  /** Serves the second of three clients with `protocol`, and the others with echo. Returns the second's end. */
  const isolate = async (protocol: Protocol): Promise<[ClosedConnection, string]> => {
    await using s = await scenario(serverCore, { protocol: onlySecond(protocol) });
    const bystander = await s.client('bystander');
    await bystander.sends('before');
    await bystander.receives('before');

    const victim = await s.client('victim');
    if (victim.socket.writable) await victim.sends('x');
    await s.advance(5);
    await victim.hasClosed();
    const closed = await victim.isClosed('handlerFailed');

    await bystander.sends('after');
    await bystander.receives('after');
    const next = await s.client('next');
    await next.sends('next');
    await next.receives('next');

    // `connection.failed` comes once, before the close, with the same error object
    const ends = s.emitted.filter(({ type }) => type === 'connection.failed' || type === 'connection.closed');
    expect(ends).toEqual([
      { type: 'connection.failed', id: 'connection:2', error: closed.error },
      { type: 'connection.closed', ...closed },
    ]);
    expect(ends[0]).toHaveProperty('error', closed.error);
    await s.shutsDown();
    expect(s.leftovers()).toEqual([]);
    return [closed, victim.received.toString()];
  };

  describe('ends its own connection with its own error, and nothing else', () => {
    it.each(crashes.filter(({ where }) => where !== onTcp))('in $where', async ({ protocol }) => {
      const error = new Crash('under test');
      const [closed] = await isolate(protocol(error));
      expect(closed.error).toBe(error);
    });

    it.each(crashes.filter(({ where }) => where === onTcp))('in $where, on TCP', async ({ protocol }) => {
      const error = new Crash('under test');
      const bystander = await serve.first(onlySecond(protocol(error)));
      const victim = await serve.connect();
      expect(await receiveToEnd(victim)).toBe('');
      expect(await victim.closed).toBe('clean');
      bystander.socket.write('after');
      expect(await bystander.receiveText(5)).toBe('after');
      const closed = await serve.ended('connection:2');
      expect(closed).toMatchObject({ reason: 'handlerFailed' });
      expect(closed.error).toBe(error);
      expect(serve.events.slice(-2)).toEqual([{ type: 'connection.failed', id: 'connection:2', error }, closed]);
    });

    it('in a guard, whose error XState wraps', async () => {
      const guarded = setupProtocol().createMachine({
        on: {
          inbox: {
            guard: () => {
              throw new Crash('under test');
            },
            actions: 'reply',
          },
        },
      });
      const [closed] = await isolate(guarded);
      expect((closed.error as Error).message).toMatch(/Unable to evaluate guard.*\nunder test$/s);
    });

    it.each([['a string', 'just text'] as const, ['undefined', undefined] as const, ['null', null] as const])(
      'with %s thrown instead of an error',
      async (_, thrown) => {
        const [closed] = await isolate(fromPromise(() => Promise.reject(thrown as unknown as Error)));
        expect(closed.error).toBe(thrown);
      },
    );
  });

  describe('keeps what was written before', () => {
    it('by a machine, in an earlier step', async () => {
      const error = new Crash();
      const greeting = setupProtocol().createMachine({
        entry: { type: 'reply', params: { data: 'hello' } },
        on: {
          inbox: {
            actions: () => {
              throw error;
            },
          },
        },
      });
      const [closed, received] = await isolate(greeting);
      expect(received).toBe('hello');
      expect(closed).toMatchObject({ bytesOut: 5 });
      expect(closed.error).toBe(error);
    });

    it('by a callback, 1 MiB of it', async () => {
      const error = new Crash();
      const long = 'x'.repeat(1024 * 1024);
      const talking = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        emit({ type: 'outbox', data: long });
        throw error;
      });
      const [closed, received] = await isolate(talking);
      expect(received === long).toBe(true);
      expect(closed).toMatchObject({ bytesOut: long.length });
      expect(closed.error).toBe(error);
    });
  });

  describe('is one that the factory did not make', () => {
    it.each([
      ['missing', undefined],
      ['null', null],
      ['7', 7],
      ["'echo'", 'echo'],
      ['an object', {}],
      ['an instance of Promise', Promise.resolve(echo)],
      [
        'the function makeProtocol',
        function makeProtocol() {
          return echo;
        },
      ],
    ])('but returned %s', async (words, nonsense) => {
      const [closed] = await isolate((() => nonsense) as unknown as Protocol);
      expect(closed.error).toEqual(new TypeError(`The protocol factory returned ${words} instead of actor logic`));
    });
  });

  describe('is one that emits outbox with something that is not bytes', () => {
    it.each([
      ['7', 7],
      ['an object', { data: 'x' }],
      ['no data', undefined],
      ['null', null],
      ['an instance of Array', [104, 105]],
      ['an instance of ArrayBuffer', new ArrayBuffer(2)],
      ['an instance of Date', new Date(0)],
    ])('%s', async (words, data) => {
      const nonsense = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive }) => {
        emit({ type: 'outbox', data: 'good' });
        receive((event) => {
          if (event.type === 'inbox') emit({ type: 'outbox', data: data as unknown as string });
        });
      });
      const [closed, received] = await isolate(nonsense);
      expect(received).toBe('good');
      expect(closed.error).toEqual(
        new TypeError(`A handler emitted outbox with ${words} instead of bytes or a string`),
      );
    });

    it('at its start', async () => {
      const nonsense = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        emit({ type: 'outbox', data: 7 as unknown as string });
      });
      const [closed] = await isolate(nonsense);
      expect(closed.error).toBeInstanceOf(TypeError);
    });
  });
});
