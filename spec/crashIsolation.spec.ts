import { describe, expect, it } from '@jest/globals';
import { fromCallback, fromPromise, type AnyActorLogic } from 'xstate';
import {
  echo,
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../server/index';
import type { Client } from './support/client';
import { crashes } from './support/crashes';
import { expectQuiet } from './support/quiet';
import { receiveToEnd, serving, type Closed } from './support/serving';

class Crash extends Error {}

describe('A handler that crashes', () => {
  const serve = serving();

  expectQuiet();
  /** Lets the second of three clients meet `protocol`, with an echo before and after it. */
  const isolate = async (protocol: Protocol, provoke: (victim: Client) => unknown): Promise<[Closed, string]> => {
    const bystander = await serve.first((info: ConnectionInfo): AnyActorLogic => {
      if (info.id !== 'connection:2') return echo;
      return typeof protocol === 'function' ? protocol(info) : protocol;
    });
    bystander.socket.write('before');
    expect(await bystander.receiveText(6)).toBe('before');

    const victim = await serve.connect();
    provoke(victim);
    const received = await receiveToEnd(victim);
    expect(await victim.closed).toBe('clean');
    const closed = await serve.ended('connection:2');

    bystander.socket.write('after');
    expect(await bystander.receiveText(5)).toBe('after');
    const next = await serve.connect();
    next.socket.write('next');
    expect(await next.receiveText(4)).toBe('next');

    expect(serve.closed).toEqual([closed]);
    expect(serve.socketOf('connection:2')).toBeUndefined();
    // told once, before the close, with the very same error
    expect(serve.events.filter(({ type }) => type === 'connection.failed' || type === 'connection.closed')).toEqual([
      { type: 'connection.failed', id: 'connection:2', error: closed.error },
      closed,
    ]);
    expect(serve.failed[0]?.error).toBe(closed.error);
    return [closed, received];
  };

  const writes = (victim: Client): void => void victim.socket.write('x');

  describe('ends its own connection with its own error, and nothing else', () => {
    it.each(crashes)('in $where', async ({ protocol }) => {
      const error = new Crash('under test');
      const [closed] = await isolate(protocol(error), writes);
      expect(closed.reason).toBe('handlerFailed');
      expect(closed.error).toBe(error);
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
      const [closed] = await isolate(guarded, writes);
      expect(closed.reason).toBe('handlerFailed');
      expect((closed.error as Error).message).toMatch(/Unable to evaluate guard.*\nunder test$/s);
    });

    it.each([['a string', 'just text'] as const, ['undefined', undefined] as const, ['null', null] as const])(
      'with %s thrown instead of an error',
      async (_, thrown) => {
        const [closed] = await isolate(
          fromPromise(() => Promise.reject(thrown as unknown as Error)),
          writes,
        );
        expect(closed.reason).toBe('handlerFailed');
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
      const [closed, received] = await isolate(greeting, writes);
      expect(received).toBe('hello');
      expect(closed).toMatchObject({ reason: 'handlerFailed', bytesOut: 5 });
      expect(closed.error).toBe(error);
    });

    it('by a callback, 1 MiB of it', async () => {
      const error = new Crash();
      const long = 'x'.repeat(1024 * 1024);
      const talking = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        emit({ type: 'outbox', data: long });
        throw error;
      });
      const [closed, received] = await isolate(talking, () => undefined);
      expect(received === long).toBe(true);
      expect(closed).toMatchObject({ reason: 'handlerFailed', bytesOut: long.length });
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
      const [closed] = await isolate((() => nonsense) as unknown as Protocol, writes);
      expect(closed.reason).toBe('handlerFailed');
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
      const [closed, received] = await isolate(nonsense, writes);
      expect(received).toBe('good');
      expect(closed.reason).toBe('handlerFailed');
      expect(closed.error).toEqual(
        new TypeError(`A handler emitted outbox with ${words} instead of bytes or a string`),
      );
    });

    it('at its start', async () => {
      const nonsense = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        emit({ type: 'outbox', data: 7 as unknown as string });
      });
      const [closed] = await isolate(nonsense, () => undefined);
      expect(closed.reason).toBe('handlerFailed');
      expect(closed.error).toBeInstanceOf(TypeError);
    });
  });
});
