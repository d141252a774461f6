import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { attacks, finFlood } from './attacks';
import { GoodClient } from './goodClient';
import type { Holdings } from './target';
import { Victim } from './victim';
import { inCi } from '../support/thoroughness';

/** In CI 10,000 clients leave at once, if this process may have that many descriptors. */
const scales = { usual: { clients: inCi(400, 100) }, departure: { clients: inCi(10_000, 1_000) } };
/** Bytes by which a heap may differ between two full collections, mostly because code was compiled meanwhile. */
const noise = 4 * 1024 * 1024;

describe('A server under attack', () => {
  let victim: Victim;
  let before: Holdings;

  beforeAll(async () => {
    victim = await Victim.start();
    // warm up: some things are made once, at the first client of each kind
    for (const attack of Object.values(attacks)) await attack(victim.ports, { clients: 20 });
    before = await victim.lookAtRest();
  }, 60_000);

  afterAll(async () => {
    await victim.kill();
  });

  it.each(Object.entries(attacks))(
    'outlives %s: a good client is served all the while, and nothing is left of the others',
    async (name, attack) => {
      const good = await GoodClient.connect(victim.ports.plain);
      const scale = name.startsWith('many clients') ? scales.departure : scales.usual;
      // a short attack is repeated until it has met some questions of the good client
      do await attack(victim.ports, scale);
      while (good.answers < 10);
      await good.stop();
      const after = await victim.lookAtRest();
      expect(after.descriptors).toBe(before.descriptors);
      expect(after.timers).toBeLessThanOrEqual(before.timers);
      expect(after.heap).toBeLessThan(before.heap + noise);
    },
    60_000,
  );

  it('told why each of them ended', async () => {
    const { reasons } = await victim.look();
    expect(Object.keys(reasons).sort()).toEqual([
      'openTimeout',
      'peerClosed',
      'proxyFailed',
      'reset',
      'slowConsumer',
      'slowSender',
      'tlsFailed',
      'untrustedProxy',
    ]);
  });

  it('drains in a flood of FINs, and ends', async () => {
    let go!: () => void;
    const flood = finFlood(victim.ports, scales.usual, new Promise<void>((resolve) => (go = resolve)));
    // all clients are connected
    while ((await victim.count()) < scales.usual.clients);
    const drained = victim.drain();
    go();
    await flood;
    const [plain] = await drained;
    expect(plain?.drained).toBe(scales.usual.clients);
  }, 30_000);
});
