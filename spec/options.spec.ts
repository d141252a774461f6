/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'expectRefusal'] }] */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Server } from 'node:net';
import { createActor } from 'xstate';
import {
  createServerCore,
  createSingleServer,
  echo,
  InvalidOptionError,
  serverCore,
  ServerchartError,
  singleServer,
  type ServerCoreOptions,
} from '../server/index';

type Options = Record<string, unknown>;

/** What is thrown by a server's making, if anything is. */
function thrownBy(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What an actor ends in when it is started. */
function endOf(logic: typeof serverCore | typeof singleServer, input: unknown): unknown {
  const actor = createActor(logic as typeof serverCore, { input: input as ServerCoreOptions });
  let end: unknown;
  actor.subscribe({ error: (error) => (end = error) });
  actor.start();
  expect(actor.getSnapshot().status).toBe('error');
  expect(actor.getSnapshot().error).toBe(end);
  return end;
}

/** The four ways to a server. */
const ways: [string, (options: unknown) => unknown][] = [
  ['createServerCore', (options) => thrownBy(() => createServerCore(options as never))],
  ['createSingleServer', (options) => thrownBy(() => createSingleServer(options as never))],
  ['createActor(serverCore)', (options) => endOf(serverCore, options)],
  ['createActor(singleServer)', (options) => endOf(singleServer, options)],
];

const milliseconds = 'a whole number of milliseconds from 0 to 2147483647';
const some = 'a whole number of milliseconds from 1 to 2147483647';
const bytes = 'a number of bytes from 0, or Infinity';
const text = 'a string that is not empty';
const bool = 'true or false';
const fd = 'an open file descriptor, a whole number from 0';

const negative = [-1, -0.5, -Infinity];
const notNumbers = ['1', '', null, true, {}, [], [1], 5n, Symbol('five'), () => 5];
const notWhole = [0.5, NaN, ...negative, ...notNumbers];
const notText = ['', 0, 1, null, true, {}, ['a'], Symbol('text')];
const notBoolean = ['true', 0, 1, null, {}, NaN];

/** Option, what is allowed, what isn't. */
const common: [string, string, unknown[]][] = [
  ['port', 'a whole number from 0 to 65535', [...notWhole, Infinity, 65_536, 1e21]],
  ['host', text, notText],
  ['path', text, notText],
  ['fd', fd, [...notWhole, Infinity, 2 ** 31]],
  ['backlog', 'a whole number from 1', [...notWhole, 0, Infinity, 2 ** 31]],
  ['allowHalfOpen', bool, notBoolean],
  ['noDelay', bool, notBoolean],
  ['keepAlive', 'true, false or a whole number of milliseconds', [-1, 0.5, NaN, Infinity, 2 ** 31, 'true', null, {}]],
  ['whenBusy', "'reject', 'queue' or 'refuse'", ['', 'Reject', 'drop', 0, null, true, ['queue']]],
  ['busyReply', 'a string or bytes', [0, null, true, {}, [1, 2], new ArrayBuffer(2), Symbol('reply')]],
  ['maxQueued', 'a whole number from 0, or Infinity', notWhole],
  ['writeTimeout', some, [...notWhole, 0, Infinity, 2 ** 31]],
  ['maxBufferedBytes', bytes, notWhole],
  ['shutdownTimeout', milliseconds, [...notWhole, Infinity, 2 ** 31]],
  ['lingerTimeout', milliseconds, [...notWhole, Infinity, 2 ** 31]],
  [
    'protocol',
    'actor logic (a machine, fromCallback, fromTransition, …) or a function that returns it',
    [0, 'echo', null, true, {}, [], Symbol('protocol'), { transition: () => undefined }],
  ],
];
const maxConnections: (typeof common)[0] = ['maxConnections', 'a whole number from 1, or Infinity', [...notWhole, 0]];
const maxPendingBytes: (typeof common)[0] = ['maxPendingBytes', bytes, notWhole];

describe.each(ways)('%s', (name, attempt) => {
  const isCore = name.includes('erverCore');
  const required: Options = isCore ? { protocol: echo } : {};
  const listen = jest.spyOn(Server.prototype, 'listen');

  beforeEach(() => {
    listen.mockClear();
  });

  afterEach(() => {
    if (listen.mock.calls.length > 0) throw new Error('Something was opened');
  });

  const expectRefusal = (options: unknown, option: string, value: unknown, allowed: string): InvalidOptionError => {
    const error = attempt(options) as InvalidOptionError;
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toBeInstanceOf(ServerchartError);
    expect([error.name, error.code, error.option]).toEqual(['InvalidOptionError', 'ERR_INVALID_OPTION', option]);
    expect(Object.is(error.value, value)).toBe(true);
    expect(error.allowed).toBe(allowed);
    expect(error.message.startsWith(`Option '${option}' is `)).toBe(true);
    expect(error.message.endsWith(`, but must be ${allowed}`)).toBe(true);
    return error;
  };

  it.each([...common, isCore ? maxConnections : maxPendingBytes])(
    'refuses each bad value of %s',
    (option, allowed, values) => {
      for (const value of values) expectRefusal({ ...required, [option]: value }, option, value, allowed);
    },
  );

  it('shows the value as one would write it', () => {
    const shown = (value: unknown): string | undefined =>
      /^Option 'port' is (.*), but must be /s.exec((attempt({ ...required, port: value }) as Error).message)?.[1];
    expect(['80', -1, NaN, Infinity, null, true, 5n].map(shown)).toEqual([
      "'80'",
      '-1',
      'NaN',
      'Infinity',
      'null',
      'true',
      '5n',
    ]);
    expect([{}, [], new Date(), Symbol('x'), Object.create(null)].map(shown)).toEqual([
      'an object',
      'an instance of Array',
      'an instance of Date',
      'Symbol(x)',
      'an object',
    ]);
    expect(
      [
        function five() {
          return 5;
        },
        () => 5,
      ].map(shown),
    ).toEqual(['the function five', 'the function (anonymous)']);
  });

  it.each(['prot', 'Port', 'maxConnection', 'clocks', 'toString', 'constructor', ''])(
    'refuses the unknown option %p, and names those that there are',
    (option) => {
      const error = attempt({ ...required, [option]: 1 }) as InvalidOptionError;
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect([error.option, error.value]).toEqual([option, 1]);
      expect(error.message).toMatch(/: there is no such option\. The options are port, host, path, fd, .*protocol/);
    },
  );

  it('refuses an unknown option even without a value', () => {
    expect(attempt({ ...required, prot: undefined })).toMatchObject({ option: 'prot', value: undefined });
  });

  it("refuses the other server's own option", () => {
    const option = isCore ? 'maxPendingBytes' : 'maxConnections';
    expect(attempt({ ...required, [option]: 5 })).toMatchObject({ code: 'ERR_INVALID_OPTION', option, value: 5 });
  });

  it.each([
    [{ port: 1601, path: '/x' }, 'path', 'port'],
    [{ path: '/x', port: 0 }, 'path', 'port'],
    [{ port: 0, fd: 3 }, 'fd', 'port'],
    [{ path: '/x', fd: 3 }, 'fd', 'path'],
    [{ port: 0, path: '/x', fd: 3 }, 'path', 'port'],
  ])('refuses two places to listen: %j', (places, option, kept) => {
    const value = places[option as keyof typeof places];
    expectRefusal(
      { ...required, ...places },
      option,
      value,
      `left out, because '${kept}' already says where to listen`,
    );
  });

  it('refuses to refuse clients with a descriptor, which it could not open again', () => {
    expectRefusal(
      { ...required, fd: 3, whenBusy: 'refuse' },
      'whenBusy',
      'refuse',
      "'reject' or 'queue' with fd, which can't be opened again",
    );
  });

  it.each([null, 5, 'port', true, Symbol('options'), () => echo])('refuses %p as its options', (options) => {
    expectRefusal(options, 'options', options, 'an object');
  });
});

describe.each(ways.filter(([name]) => name.includes('erverCore')))('%s', (_, attempt) => {
  it('refuses to go without a protocol', () => {
    for (const options of [{}, { port: 0 }, { protocol: undefined }]) {
      expect(attempt(options)).toMatchObject({
        option: 'protocol',
        value: undefined,
        message: expect.stringMatching(/^Option 'protocol' is missing, but must be actor logic/),
      });
    }
  });

  it('refuses to go without options', () => {
    expect(attempt(undefined)).toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'options', value: undefined });
  });
});
