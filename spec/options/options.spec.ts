/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'expectRefusal'] }] */
import { describe, expect, it } from '@jest/globals';
import { echo, InvalidOptionError } from '../../server/index';
import { expectNothingOpened, expectRefusal, isCoreWay, revoked, unreadable, ways } from '../support/optionRefusals';

type Options = Record<string, unknown>;

const milliseconds = 'a whole number of milliseconds from 0 to 2147483647';
const some = 'a whole number of milliseconds from 1 to 2147483647';
const someOrNever = `${some}, or Infinity`;
const cidrs = "an array of IP addresses and CIDR blocks, such as ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32']";
const bytes = 'a number of bytes from 0, or Infinity';
const text = 'a string that is not empty';
const bool = 'true or false';
const fd = 'an open file descriptor, a whole number from 0';

const negative = [-1, -0.5, -Infinity];
const notNumbers = ['1', '', null, true, {}, [], [1], 5n, Symbol('five'), () => 5];
const notWhole = [0.5, NaN, ...negative, ...notNumbers];
const notText = ['', 0, 1, null, true, {}, ['a'], Symbol('text')];
const notBoolean = ['true', 0, 1, null, {}, NaN];
const notCidrs = [
  ...[null, true, 5, '10.0.0.0/8', {}, new Set(['10.0.0.1'])],
  ...['', 'localhost', '10.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.1/', '::/129', '::1%lo', ' ::1', 5, null].map(
    (entry) => ['192.0.2.1', entry],
  ),
  new Array(1),
];

/** An option, the text for the allowed values, and values that aren't allowed. */
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
  ['openTimeout', someOrNever, [...notWhole, 0, 2 ** 31]],
  ['handlerStartTimeout', someOrNever, [...notWhole, 0, 2 ** 31]],
  ['idleTimeout', someOrNever, [...notWhole, 0, 2 ** 31]],
  ['maxConnectionDuration', someOrNever, [...notWhole, 0, 2 ** 31]],
  [
    'minReceiveRate',
    'an object with bytesPerSecond, a whole number from 1, and window, a whole number of milliseconds from 1',
    [
      ...[null, true, 100, '100', [], {}, { window: 1_000 }, () => ({ bytesPerSecond: 1 })],
      ...[0, -1, 0.5, NaN, Infinity, '1', null].map((bytesPerSecond) => ({ bytesPerSecond })),
      ...[0, -1, 0.5, NaN, Infinity, 2 ** 31, '1', null].map((window) => ({ bytesPerSecond: 1, window })),
      { bytesPerSecond: 1, burst: 1 },
    ],
  ],
  ['allow', cidrs, notCidrs],
  ['deny', cidrs, notCidrs],
  [
    'acceptRate',
    'a number above 0, or { perSecond: a number above 0, burst: a whole number from 1 }',
    [
      ...[0, -1, NaN, -Infinity, '5', '', null, true, [], {}, { burst: 5 }, 5n, () => 5],
      ...[0, -1, NaN, '5', null].map((perSecond) => ({ perSecond })),
      ...[0, -1, 0.5, NaN, Infinity, '5', null].map((burst) => ({ perSecond: 5, burst })),
      { perSecond: 5, window: 1 },
    ],
  ],
  [
    'restart',
    'an object with max, a whole number from 0 or Infinity, within and delay, whole numbers of milliseconds',
    [
      ...[null, true, false, 5, 'never', () => ({}), { limit: 5 }, { toString: 5 }],
      ...[-1, 0.5, NaN, '5', null].map((max) => ({ max })),
      ...[0, -1, 0.5, NaN, Infinity, 2 ** 31, '5', null].map((within) => ({ within })),
      ...[-1, 0.5, NaN, Infinity, 2 ** 31, '5', null].map((delay) => ({ delay })),
    ],
  ],
  ['starttls', bool, notBoolean],
  ['shutdownTimeout', milliseconds, [...notWhole, Infinity, 2 ** 31]],
  ['lingerTimeout', milliseconds, [...notWhole, Infinity, 2 ** 31]],
  [
    'protocol',
    'actor logic (a machine, fromCallback, fromTransition, …) or a function that returns it',
    [0, 'echo', null, true, {}, [], Symbol('protocol'), { transition: () => undefined }],
  ],
];
const coreOnly: typeof common = [
  ['maxConnections', 'a whole number from 1, or Infinity', [...notWhole, 0]],
  ['maxConnectionsPerPeer', 'a whole number from 1, or Infinity', [...notWhole, 0]],
  [
    'nearCapacity',
    'an object with from and until, numbers above 0 and up to 1, until at most from',
    [
      ...[null, true, 0.9, '0.9', [], {}, { from: 0.9 }, { until: 0.9 }, { from: 0.8, until: 0.9 }],
      ...[0, -1, 1.01, NaN, Infinity, '0.9', null].map((from) => ({ from, until: 0.5 })),
      ...[0, -1, NaN, '0.5', null].map((until) => ({ from: 0.9, until })),
      { from: 0.9, until: 0.8, of: 100 },
    ],
  ],
  ['descriptorHeadroom', 'a whole number from 0', [...notWhole, Infinity, 2 ** 53]],
  ['drainStagger', milliseconds, [...notWhole, Infinity, 2 ** 31]],
];
const singleOnly: typeof common = [['maxPendingBytes', bytes, notWhole]];

describe.each(ways)('%s', (name, attempt) => {
  const isCore = isCoreWay(name);
  const required: Options = isCore ? { protocol: echo } : {};
  expectNothingOpened();

  it.each([...common, ...(isCore ? coreOnly : singleOnly)])(
    'refuses each bad value of %s',
    (option, allowed, values) => {
      for (const value of values) expectRefusal(attempt({ ...required, [option]: value }), option, value, allowed);
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

  it.each(isCore ? singleOnly : coreOnly)("refuses the other server's own option %s", (option) => {
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
      attempt({ ...required, ...places }),
      option,
      value,
      `left out, because '${kept}' already says where to listen`,
    );
  });

  it('refuses to refuse clients with a descriptor, which it could not open again', () => {
    expectRefusal(
      attempt({ ...required, fd: 3, whenBusy: 'refuse' }),
      'whenBusy',
      'refuse',
      "'reject' or 'queue' with fd, which can't be opened again",
    );
  });

  it.each([null, 5, 'port', true, Symbol('options'), () => echo])('refuses %p as its options', (options) => {
    expectRefusal(attempt(options), 'options', options, 'an object');
  });

  it('refuses options that have none, or that it can not read', () => {
    for (const options of [[], revoked(), unreadable('port')]) {
      expectRefusal(attempt(options), 'options', options, 'an object');
    }
  });
});

describe.each(ways.filter(([name]) => isCoreWay(name)))('%s', (_, attempt) => {
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
