import { describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import { createServerCore, createSingleServer, echo, InvalidOptionError } from '../../server/index';
import { startServer } from '../support/fixtures';
import { thrownBy } from '../support/optionRefusals';

type Options = Record<string, unknown>;

/** The defaults that both servers have. */
const defaults = {
  port: 1601,
  host: '127.0.0.1',
  backlog: 511,
  allowHalfOpen: false,
  noDelay: true,
  keepAlive: false,
  whenBusy: 'reject',
  maxQueued: 100,
  openTimeout: 10_000,
  handlerStartTimeout: Infinity,
  idleTimeout: Infinity,
  maxConnectionDuration: Infinity,
  writeTimeout: 30_000,
  maxBufferedBytes: 16_777_216,
  starttls: false,
  restart: { max: 5, within: 60_000, delay: 1_000 },
  shutdownTimeout: 5_000,
  lingerTimeout: 2_000,
};
const coreDefaults = { maxConnections: Infinity, maxConnectionsPerPeer: Infinity, drainStagger: 0 };
const singleDefaults = { maxPendingBytes: 1_048_576 };

/** The options of both servers without a default. */
const without = ['path', 'fd', 'busyReply', 'allow', 'deny', 'acceptRate', 'proxyProtocol', 'minReceiveRate', 'tls'];
const coreWithout = ['nearCapacity', 'descriptorHeadroom'];

describe.each([
  ['createServerCore', createServerCore, coreDefaults, coreWithout],
  ['createSingleServer', createSingleServer, singleDefaults, []],
])('%s', (_, create, own, ownWithout) => {
  it('refuses a clock that is none', () => {
    for (const clock of [5, 'clock', null, true, {}, { setTimeout: () => 1 }, () => 5]) {
      expect([clock, thrownBy(() => create({ protocol: echo, clock } as never))]).toMatchObject([
        clock,
        { code: 'ERR_INVALID_OPTION', option: 'clock', value: clock },
      ]);
    }
  });

  it('takes every option with undefined as its value for left out', () => {
    const names = [...Object.keys({ ...defaults, ...own }), ...without, ...ownWithout, 'clock'];
    const undefineds = Object.fromEntries(names.map((name) => [name, undefined]));
    const server = create({ ...undefineds, protocol: echo } as never);
    expect(server.actor.getSnapshot().context.options).toEqual(
      (create({ protocol: echo }) as typeof server).actor.getSnapshot().context.options,
    );
  });

  it('has the documented defaults', () => {
    const { options } = create({ protocol: echo }).actor.getSnapshot().context;
    expect(options).toEqual({ protocol: echo, ...defaults, ...own });
  });

  it('fills in what an option leaves out of its own', () => {
    const given: [Options, Options][] = [
      [{ max: 3 }, { max: 3, within: 60_000, delay: 1_000 }],
      [
        { max: undefined, within: undefined, delay: 0 },
        { max: 5, within: 60_000, delay: 0 },
      ],
      [{}, { max: 5, within: 60_000, delay: 1_000 }],
    ];
    for (const [restart, filled] of given) {
      const { context } = create({ protocol: echo, restart } as never).actor.getSnapshot();
      expect(context.options.restart).toEqual(filled);
    }
  });

  it('takes the values at the edges', () => {
    const edges: Options[] = [
      { port: 0, backlog: 1, maxQueued: 0, writeTimeout: 1, maxBufferedBytes: 0, shutdownTimeout: 0, lingerTimeout: 0 },
      { port: 65_535, maxQueued: Infinity, writeTimeout: 2 ** 31 - 1, maxBufferedBytes: Infinity, keepAlive: 0 },
      { port: -0, busyReply: '', keepAlive: true, shutdownTimeout: 2 ** 31 - 1, backlog: 2 ** 31 - 1 },
      { path: '/x', whenBusy: 'refuse', busyReply: new Uint8Array(0) },
      { fd: 0, whenBusy: 'queue', busyReply: Buffer.from('busy') },
      ...[1, 2 ** 31 - 1, Infinity].map((limit) => ({
        ...{ openTimeout: limit, handlerStartTimeout: limit, idleTimeout: limit, maxConnectionDuration: limit },
      })),
      { minReceiveRate: { bytesPerSecond: 1 } },
      { minReceiveRate: { bytesPerSecond: Number.MAX_SAFE_INTEGER, window: 1 } },
      { allow: [], deny: [] },
      { allow: ['0.0.0.0/0', '::/0'], deny: ['::ffff:10.0.0.0/104', '192.0.2.1'] },
      ...[Number.MIN_VALUE, Infinity, { perSecond: 0.5 }, { perSecond: 1, burst: 1 }].map((acceptRate) => ({
        acceptRate,
      })),
      { restart: { max: 0, within: 1, delay: 0 } },
      { restart: { max: Infinity, within: 2 ** 31 - 1, delay: 2 ** 31 - 1 } },
      { proxyProtocol: { trusted: [], maxHeaderBytes: 232 } },
      { proxyProtocol: { trusted: ['10.0.0.0/8'], untrusted: 'direct', maxHeaderBytes: 65_551 } },
      // the content of a certificate is checked when the server starts
      { tls: { key: 'key', cert: 'cert' }, starttls: true },
      { protocol: () => echo },
      { protocol: fromCallback(() => undefined) },
    ];
    for (const options of edges) {
      const { context } = create({ protocol: echo, ...options } as never).actor.getSnapshot();
      expect(context.options).toMatchObject(options);
    }
  });

  it('takes the values at the edges of its own options', () => {
    const edges: Options[] =
      own === coreDefaults
        ? [
            { maxConnections: 1, maxConnectionsPerPeer: 1, descriptorHeadroom: 0, drainStagger: 2 ** 31 - 1 },
            { nearCapacity: { from: 1, until: 1 }, descriptorHeadroom: Number.MAX_SAFE_INTEGER },
            { nearCapacity: { from: Number.MIN_VALUE, until: Number.MIN_VALUE } },
          ]
        : [{ maxPendingBytes: 0 }, { maxPendingBytes: Infinity }];
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
