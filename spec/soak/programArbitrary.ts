import fc, { type Arbitrary } from 'fast-check';
import type { WhenBusy } from '../../server/index';
import type { FaultOptions } from '../../server/testing/index';
import { handlerKinds, type HandlerKind } from './handlers';
import type { Deed, Onlooker, Program, ServerDeed, Step } from './program';
import { words } from './words';

/** A record in which each value may be missing. */
const some = <T extends object>(model: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<Partial<T>> =>
  fc.record<T, never>(model, { requiredKeys: [] }) as Arbitrary<Partial<T>>;

/** The choices, each with its weight. */
type Weighted<T> = readonly { readonly weight: number; readonly arbitrary: Arbitrary<T> }[];

/** Mostly the first value, and sometimes the second. */
const usually = <T, U>(usual: Arbitrary<T>, other: U): Arbitrary<T | U> =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(other) });
const rarely = <T, U>(usual: T, other: Arbitrary<U>): Arbitrary<T | U> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const options = {
  whenBusy: fc.constantFrom<WhenBusy[]>('reject', 'queue', 'refuse'),
  maxQueued: fc.nat(3),
  backlog: fc.integer({ min: 1, max: 3 }),
  allowHalfOpen: fc.boolean(),
  writeTimeout: fc.integer({ min: 20, max: 3_000 }),
  maxBufferedBytes: fc.nat(50_000),
  lingerTimeout: fc.nat(2_000),
  shutdownTimeout: fc.nat(5_000),
  busyReply: fc.constant('busy\n'),
};

const optionsOf: Readonly<Record<Program['server'], Arbitrary<Program['options']>>> = {
  serverCore: some({ ...options, maxConnections: fc.integer({ min: 1, max: 4 }) }),
  singleServer: some({ ...options, maxPendingBytes: fc.nat(2_000) }),
};

const network: Arbitrary<Program['network']> = fc.record({
  latency: fc.oneof(fc.constant(0), fc.nat(50)),
  // small windows, since the bytes that fill them are read in many small pieces
  window: fc.constantFrom(16_384, 4_096, 1_024, 256),
  split: fc.constantFrom(0.5, 0, 0.9),
  seed: fc.nat(1_000_000),
});

const share = fc.constantFrom(0.01, 0.05, 0.2);

const faults: Arbitrary<FaultOptions> = some<FaultOptions>({
  seed: fc.nat(1_000_000),
  reset: share,
  delay: fc.nat(300),
  split: fc.constantFrom(0, 0.8),
  stall: fc.constantFrom(0.01, 0.05),
  refuse: share,
  writeError: share,
  descriptors: fc.integer({ min: 1, max: 6 }),
}) as Arbitrary<FaultOptions>;

const who = fc.nat(7);

const does = <TName extends Deed['does']>(...names: TName[]): Arbitrary<{ does: TName }> =>
  fc.record({ does: fc.constantFrom(...names) });

/** The word that shuts the server down is rare, since little happens after it. */
const word = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(words.finish, words.crash, words.abort) },
  { weight: 1, arbitrary: fc.constant(words.shutdownServer) },
);

/** The steps of clients. */
const clientDeeds: Weighted<Deed> = [
  {
    weight: 60,
    arbitrary: fc.record({ does: fc.constant('connect'), allowHalfOpen: rarely(false, fc.constant(true)) }),
  },
  {
    weight: 100,
    arbitrary: fc.record({
      does: fc.constant('send'),
      who,
      size: fc.oneof(fc.nat(20), fc.nat(3_000), rarely(1, fc.nat(12_000))),
      word: rarely('', word),
    }),
  },
  { weight: 15, arbitrary: fc.record({ does: fc.constant('end'), who }) },
  { weight: 40, arbitrary: fc.record({ does: fc.constantFrom('stopReading', 'readOn', 'leave', 'reset'), who }) },
];

const time = {
  weight: 80,
  arbitrary: fc.record({ does: fc.constant('advance'), ms: fc.oneof(fc.nat(60), fc.nat(60), fc.nat(4_000)) }),
};

/** The deeds that are done to the server. */
const serverDeeds: Weighted<ServerDeed> = [
  { weight: 4, arbitrary: does('suspend') },
  { weight: 12, arbitrary: does('resume') },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('serverShutdown'),
      timeout: fc.option(fc.nat(3_000), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: does('shutdownMicroprocess', 'stop') },
];

const boxDeeds: Weighted<ServerDeed> = [
  { weight: 80, arbitrary: fc.record({ does: fc.constant('inbox'), size: fc.oneof(fc.nat(20), fc.nat(2_000)) }) },
  { weight: 10, arbitrary: does('producerFinished') },
];

const faultDeeds: Weighted<Deed> = [
  { weight: 10, arbitrary: fc.record({ does: fc.constant('faults'), faults: fc.oneof(fc.constant({}), faults) }) },
];

const stepsOf = (deeds: Weighted<Deed>): Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      deed: fc.oneof(...deeds),
      then: fc.constantFrom('settled', 'at once', 'a turn', 'settled'),
    }),
    { maxLength: 50, size: 'max' },
  );

const onlooker: Arbitrary<Onlooker> = fc.record({
  hears: fc.constantFrom('connection.opened', 'connection.closed', 'connection.rejected', 'server.listening'),
  deed: fc.oneof(
    does('serverShutdown', 'shutdownMicroprocess', 'stop', 'suspend', 'resume', 'producerFinished'),
    fc.record({ does: fc.constant('inbox'), size: fc.nat(2_000) }),
  ),
});

const common = [...clientDeeds, time, ...serverDeeds];
const handlers = fc.array(fc.constantFrom<HandlerKind[]>(...handlerKinds), { minLength: 1, maxLength: 3 });

const programOf = (
  server: Program['server'],
  kinds: Arbitrary<HandlerKind[]>,
  deeds: Weighted<Deed>,
): Arbitrary<Program> => {
  const faultless = {
    server: fc.constant(server),
    handlers: kinds,
    options: optionsOf[server],
    network,
    faults: fc.constant({}),
    onlooker: rarely(undefined, onlooker),
    rests: fc.boolean(),
    steps: stepsOf(deeds),
  };
  const faulty = { ...faultless, faults: usually(faults, {}), steps: stepsOf([...deeds, ...faultDeeds]) };
  return fc.oneof(fc.record(faultless), fc.record(faulty));
};

/** Any program. Half of them have no faults, since more invariants hold without faults. */
export const programArbitrary: Arbitrary<Program> = fc.oneof(
  { weight: 4, arbitrary: programOf('serverCore', handlers, common) },
  { weight: 1, arbitrary: programOf('singleServer', handlers, common) },
  { weight: 2, arbitrary: programOf('singleServer', fc.constant([]), [...common, ...boxDeeds]) },
);
