import type { Program } from './program';

/** The usual surroundings. */
const network = { latency: 0, window: 65_536, split: 0.5, seed: 0 };

/** Programs that have failed once, made as small as possible. A seed would not do, since its program changes. */
export const onceFailed: readonly (readonly [what: string, program: Program])[] = [
  [
    'what a handler sends to its parent behind an overflow does not hide it',
    {
      server: 'serverCore',
      handlers: ['sender'],
      options: { maxBufferedBytes: 0 },
      network: { ...network, window: 256 },
      faults: {},
      onlooker: undefined,
      steps: [
        { deed: { does: 'connect', allowHalfOpen: false }, then: 'at once' },
        { deed: { does: 'stopReading', who: 0 }, then: 'settled' },
        { deed: { does: 'serverShutdown', timeout: undefined }, then: 'settled' },
        { deed: { does: 'readOn', who: 0 }, then: 'settled' },
      ],
      rests: false,
    },
  ],
  [
    'a server that is stopped in the moment that it rejects a client leaves nothing of it',
    {
      server: 'serverCore',
      handlers: ['echo'],
      options: { busyReply: 'busy\n', maxConnections: 1 },
      network,
      faults: {},
      onlooker: { hears: 'connection.rejected', deed: { does: 'stop' } },
      steps: [
        { deed: { does: 'connect', allowHalfOpen: false }, then: 'settled' },
        { deed: { does: 'connect', allowHalfOpen: true }, then: 'settled' },
      ],
      rests: false,
    },
  ],
  [
    'an end that has broken takes no end without the bytes before it',
    {
      server: 'singleServer',
      handlers: [],
      options: {},
      network: { ...network, latency: 1 },
      faults: {},
      onlooker: undefined,
      steps: [
        { deed: { does: 'connect', allowHalfOpen: false }, then: 'settled' },
        { deed: { does: 'advance', ms: 5 }, then: 'settled' },
        { deed: { does: 'stopReading', who: 0 }, then: 'settled' },
        { deed: { does: 'faults', faults: { reset: 1 } }, then: 'at once' },
        { deed: { does: 'end', who: 0 }, then: 'settled' },
        { deed: { does: 'faults', faults: {} }, then: 'at once' },
        { deed: { does: 'inbox', size: 2 }, then: 'at once' },
        { deed: { does: 'producerFinished' }, then: 'settled' },
        { deed: { does: 'advance', ms: 5 }, then: 'settled' },
        { deed: { does: 'readOn', who: 0 }, then: 'settled' },
      ],
      rests: false,
    },
  ],
];
