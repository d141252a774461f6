import { describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import { createServerCore, createSingleServer, echo, InvalidOptionError } from '../server/index';
import { startServer } from './support/fixtures';

type Options = Record<string, unknown>;

/** What both servers have, beside the protocol. */
const defaults = {
  port: 1601,
  host: '127.0.0.1',
  backlog: 511,
  allowHalfOpen: false,
  noDelay: true,
  keepAlive: false,
  whenBusy: 'reject',
  maxQueued: 100,
  writeTimeout: 30_000,
  maxBufferedBytes: 16_777_216,
  shutdownTimeout: 5_000,
  lingerTimeout: 2_000,
};
const names = [...Object.keys(defaults), 'path', 'fd', 'busyReply'];

/** What is thrown by a server's making, if anything is. */
function thrownBy(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.each([
  ['createServerCore', createServerCore],
  ['createSingleServer', createSingleServer],
])('%s', (_, create) => {
  it('refuses a clock that is none', () => {
    for (const clock of [5, 'clock', null, true, {}, { setTimeout: () => 1 }, () => 5]) {
      expect([clock, thrownBy(() => create({ protocol: echo, clock } as never))]).toMatchObject([
        clock,
        { code: 'ERR_INVALID_OPTION', option: 'clock', value: clock },
      ]);
    }
  });

  it('takes every option with undefined as its value for left out', () => {
    const undefineds = Object.fromEntries([...names, 'clock'].map((name) => [name, undefined]));
    const server = create({ ...undefineds, protocol: echo } as never);
    expect(server.actor.getSnapshot().context.options).toEqual(
      (create({ protocol: echo }) as typeof server).actor.getSnapshot().context.options,
    );
  });

  it('has the documented defaults', () => {
    const { options } = create({ protocol: echo }).actor.getSnapshot().context;
    const { maxConnections: most, maxPendingBytes: pending, ...rest } = options as unknown as Options;
    expect([most, pending]).toEqual(_ === 'createServerCore' ? [Infinity, undefined] : [undefined, 1_048_576]);
    expect(rest).toEqual({ protocol: echo, ...defaults });
  });

  it('takes the values at the edges', () => {
    const edges: Options[] = [
      { port: 0, backlog: 1, maxQueued: 0, writeTimeout: 1, maxBufferedBytes: 0, shutdownTimeout: 0, lingerTimeout: 0 },
      { port: 65_535, maxQueued: Infinity, writeTimeout: 2 ** 31 - 1, maxBufferedBytes: Infinity, keepAlive: 0 },
      { port: -0, busyReply: '', keepAlive: true, shutdownTimeout: 2 ** 31 - 1, backlog: 2 ** 31 - 1 },
      { path: '/x', whenBusy: 'refuse', busyReply: new Uint8Array(0) },
      { fd: 0, whenBusy: 'queue', busyReply: Buffer.from('busy') },
      { protocol: () => echo },
      { protocol: fromCallback(() => undefined) },
    ];
    for (const options of edges) {
      const { context } = create({ protocol: echo, ...options } as never).actor.getSnapshot();
      expect(context.options).toMatchObject(options);
    }
  });

  it('leaves the options that it was given as they were, and later changes to them do nothing', () => {
    const options = Object.freeze({ protocol: echo, port: 0 });
    expect(() => create(options)).not.toThrow();
    const changing: Options = { protocol: echo, port: 0, maxQueued: 3 };
    const server = create(changing as never);
    changing['maxQueued'] = 7;
    expect(server.actor.getSnapshot().context.options.maxQueued).toBe(3);
  });
});

it('A server whose options were bad does not keep the next one from starting', async () => {
  expect(thrownBy(() => createServerCore({ protocol: echo, port: -1 }))).toBeInstanceOf(InvalidOptionError);
  const { port } = await startServer();
  expect(port).toBeGreaterThan(0);
});
