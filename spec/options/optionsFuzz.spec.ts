/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'fc.assert'] }] */
import { describe, expect, it } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import { createActor } from 'xstate';
import {
  createServerCore,
  createSingleServer,
  echo,
  InvalidOptionError,
  serverCore,
  singleServer,
  tcpClient,
  type ServerCoreOptions,
} from '../../server/index';
import { expectNothingOpened, thrownBy } from '../support/optionRefusals';

/** The error of an actor that is made but not started; undefined if the options are good. */
function errorOf(logic: typeof serverCore | typeof singleServer | typeof tcpClient, input: unknown): unknown {
  const actor = createActor(logic as typeof serverCore, { input: input as ServerCoreOptions });
  actor.subscribe({ error: () => undefined });
  return actor.getSnapshot().error;
}

const ways: [string, (options: unknown) => unknown][] = [
  ['createServerCore', (options) => thrownBy(() => createServerCore(options as never))],
  ['createSingleServer', (options) => thrownBy(() => createSingleServer(options as never))],
  ['createActor(serverCore)', (options) => errorOf(serverCore, options)],
  ['createActor(singleServer)', (options) => errorOf(singleServer, options)],
  ['createActor(tcpClient)', (options) => errorOf(tcpClient, options)],
];

const anything = fc.anything({
  ...{ withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true },
  ...{ withNullPrototype: true, withObjectString: true, withSparseArray: true, withTypedArray: true },
  maxDepth: 2,
});
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 1, 1_000, 65_535, 2 ** 31, Infinity, NaN));
const cidr = fc.oneof(
  fc.ipV4Extended(),
  fc.ipV6(),
  fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: -1, max: 130 }))
    .map(([ip, bits]) => `${ip}/${String(bits)}`),
  fc.string(),
);
const boolean = fc.oneof(fc.boolean(), anything);

/** An object with some of these fields and sometimes others, or a value of another type. */
const some = (fields: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<unknown> =>
  fc.oneof(
    { arbitrary: fc.record(fields, { requiredKeys: [] }), weight: 8 },
    {
      arbitrary: fc.tuple(fc.record(fields), fc.object()).map(([known, other]) => ({ ...known, ...other })),
      weight: 1,
    },
    { arbitrary: anything, weight: 1 },
  );

const certificate = fc.oneof(fc.constantFrom('pem', ''), fc.uint8Array(), anything);

/** Values: many are right, and many are nearly right. */
const values: Readonly<Record<string, Arbitrary<unknown>>> = {
  ...Object.fromEntries(
    [
      ...['port', 'fd', 'backlog', 'maxQueued', 'maxBufferedBytes', 'maxPendingBytes', 'maxConnections', 'keepAlive'],
      ...['maxConnectionsPerPeer', 'descriptorHeadroom', 'drainStagger', 'shutdownTimeout', 'lingerTimeout'],
      ...[
        'openTimeout',
        'handlerStartTimeout',
        'idleTimeout',
        'maxConnectionDuration',
        'writeTimeout',
        'connectTimeout',
      ],
    ].map((name) => [name, number]),
  ),
  ...Object.fromEntries(['allowHalfOpen', 'noDelay', 'starttls'].map((name) => [name, boolean])),
  host: fc.string(),
  path: fc.string(),
  busyReply: fc.oneof(fc.string(), fc.uint8Array()),
  whenBusy: fc.constantFrom('reject', 'queue', 'refuse', 'drop'),
  protocol: fc.constantFrom(echo, () => echo, 'echo'),
  allow: fc.array(cidr),
  deny: fc.array(cidr),
  acceptRate: fc.oneof(number, some({ perSecond: number, burst: number })),
  minReceiveRate: some({ bytesPerSecond: number, window: number }),
  nearCapacity: some({ from: number, until: number }),
  restart: some({ max: number, within: number, delay: number }),
  proxyProtocol: some({
    trusted: fc.array(cidr),
    untrusted: fc.constantFrom('reject', 'direct', 'drop'),
    maxHeaderBytes: number,
  }),
  tls: some({
    key: certificate,
    cert: certificate,
    pfx: certificate,
    SNICallback: fc.func(fc.constant(undefined)),
    ALPNProtocols: fc.oneof(fc.array(fc.string()), fc.uint8Array()),
    requestCert: boolean,
    ticketKeys: certificate,
  }),
};

/** Only a few options at a time: among many, one would nearly always be wrong. */
const few = fc
  .subarray(Object.entries(values), { maxLength: 4 })
  .chain((entries) => fc.record(Object.fromEntries(entries) as typeof values));

describe.each(ways)('%s, with any options', (_, attempt) => {
  expectNothingOpened();

  const expectOneError = (options: unknown): void => {
    const error = attempt(options);
    if (error === undefined) return;
    expect(error).toBeInstanceOf(InvalidOptionError);
    // the message is one line, whatever the names and values are
    expect((error as InvalidOptionError).message).toMatch(/^Option '.*' is .*, but must be .*$/);
  };

  it('takes each value of an option, or says that it is the one that is wrong', () => {
    const one = fc.constantFrom(...Object.entries(values)).chain(([name, arbitrary]) => {
      const value = fc.oneof(arbitrary, anything);
      return fc.tuple(fc.constant(name), value);
    });
    fc.assert(
      fc.property(one, ([name, value]) => {
        const error = attempt({ protocol: echo, [name]: value });
        if (error === undefined) return;
        expect(error).toBeInstanceOf(InvalidOptionError);
        expect((error as InvalidOptionError).option.split('.')[0]).toBe(name);
      }),
      { numRuns: 200 },
    );
  });

  it('takes any of them together, or says which one is wrong', () => {
    fc.assert(
      fc.property(few, (options) => {
        expectOneError({ protocol: echo, ...options });
      }),
      { numRuns: 200 },
    );
  });

  it('takes anything else for what it is', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.object({ key: fc.constantFrom(...Object.keys(values)) })), expectOneError),
      {
        numRuns: 300,
      },
    );
  });
});
