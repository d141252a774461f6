import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, setupProtocol } from '../../server/index';
import { forSeeds, scenario, type FaultOptions, type Scenario, type ScenarioOptions } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';

/** Answers much to little. */
const generous = setupProtocol().createMachine({
  on: { inbox: { actions: { type: 'reply', params: { data: 'x'.repeat(10_000) } } } },
});

const core = (faults: FaultOptions, options: ScenarioOptions = {}): Promise<Scenario<typeof serverCore>> =>
  scenario(serverCore, { protocol: echo, writeTimeout: 5_000 }, { ...options, faults });

const noSuchFault =
  'left out: there is no such option. The options are seed, reset, delay, split, stall, refuse, writeError, descriptors';

/** How many of 50 clients come to the end of a short conversation. */
async function talks(faults: FaultOptions): Promise<number> {
  await using s = await core(faults);
  let done = 0;
  for (let n = 0; n < 50; n += 1) {
    const client = await s.client();
    if (client.socket.writable) await client.sends('hello');
    if (client.socket.writable) await client.ends();
    if (client.received.toString() === 'hello') done += 1;
  }
  return done;
}

describe('Faults', () => {
  it('are none without a share', async () => {
    expect(await talks({ seed: 3 })).toBe(50);
  });

  it.each(['reset', 'refuse', 'writeError'] as const)('%s hits some, and leaves the others alone', async (name) => {
    const done = await talks({ [name]: 0.1 });
    expect(done).toBeGreaterThan(10);
    expect(done).toBeLessThan(50);
  });

  it('reset breaks both ends', async () => {
    await using s = await core({});
    const ada = await s.client('ada');
    s.faults({ reset: 1 });
    await ada.sends('hello');
    await ada.hasFailed('ECONNRESET');
    expect(await ada.isClosed('reset')).toMatchObject({ bytesIn: 0, error: { code: 'ECONNRESET' } });
  });

  it('refuse is what a client meets although somebody listens', async () => {
    await using s = await core({ refuse: 1 });
    const ada = await s.client('ada');
    await ada.hasFailed('ECONNREFUSED');
    s.faults({});
    const bob = await s.client('bob');
    await bob.isOpen();
  });

  it('writeError fails a write with one of the errors that a write has', async () => {
    const found = new Set<unknown>();
    await forSeeds({ from: 1, count: 20 }, async (seed) => {
      await using s = await core({});
      const ada = await s.client('ada');
      s.faults({ seed, writeError: 1 });
      const failed = new Promise<NodeJS.ErrnoException>((resolve) => ada.socket.once('error', resolve));
      await ada.sends('hello');
      const { syscall, code } = await failed;
      expect(syscall).toBe('write');
      found.add(code);
      await ada.isClosed('reset');
    });
    expect(found).toEqual(new Set(['EPIPE', 'ECONNRESET', 'ETIMEDOUT']));
  });

  it('delay makes things late, each time by another time, and keeps them in order', async () => {
    await using s = await core({ delay: 1_000 }, { split: 0 });
    const ada = await s.client('ada');
    await s.advance(2_000);
    await ada.isOpen();
    const sent = Array.from({ length: 20 }, (_, n) => `${String(n)} `);
    for (const piece of sent) await ada.sends(piece);
    await ada.receivesNothing();
    await s.advance(2_000);
    await ada.receives(sent.join(''));
    const moments = s.trace().match(/^ +\d+ ms {2}ada +receives/gm);
    expect(new Set(moments).size).toBeGreaterThan(2);
  });

  it('stall keeps what is sent on its way for up to a minute, and what follows behind it', async () => {
    await using s = await core({});
    const ada = await s.client('ada');
    s.faults({ seed: 2, stall: 1 });
    await ada.sends('one ');
    s.faults({});
    await ada.sends('two');
    await ada.receivesNothing();
    await s.advance(60_000);
    await ada.receives('one two');
  });

  it('stall makes a slow consumer of a peer', async () => {
    await using s = await scenario(serverCore, { protocol: generous, writeTimeout: 1_000 }, { window: 1_000 });
    const ada = await s.client('ada');
    s.faults({ seed: 2, stall: 1 });
    await ada.sends('x');
    await s.advance(120_000);
    await ada.isClosed('slowConsumer');
  });

  it('split cuts every read, or none', async () => {
    const pieces = async (split: number): Promise<number> => {
      await using s = await core({ split });
      const ada = await s.client('ada');
      await ada.sends('a line of some length\n');
      return s.trace().match(/inbox data/g)?.length ?? 0;
    };
    expect(await pieces(0)).toBe(1);
    expect(await pieces(1)).toBeGreaterThan(1);
  });

  describe('descriptors', () => {
    it('too few to listen end the server in EMFILE', async () => {
      await expect(core({ descriptors: 0 })).rejects.toMatchObject({ name: 'ListenError', code: 'EMFILE' });
    });

    it('that run out close clients without their server hearing of it, and those that come free serve again', async () => {
      await using s = await core({ descriptors: 3 });
      const [ada, , eve] = await s.clients('ada', 'bob', 'eve');
      expect(s).toHaveConnections(2);
      await eve.isEnded();
      expect(eve.id).toBeUndefined();
      await ada.sends('hello');
      await ada.receives('hello');
      await ada.leaves();
      await s.client('dan');
      expect(s).toHaveConnections(2);
    });
  });

  it('are the same with the same seed, byte for byte, and others with another', async () => {
    const all = { reset: 0.02, delay: 50, split: 0.5, stall: 0.05, refuse: 0.1, writeError: 0.02, descriptors: 6 };
    const played = async (seed: number): Promise<string> => {
      await using s = await core({ seed, ...all });
      for (let n = 0; n < 10; n += 1) {
        const client = await s.client();
        await s.advance(100);
        if (client.socket.writable) await client.sends('hello '.repeat(1_000));
        await s.advance(1_000);
        if (n % 2 === 0) await client.leaves();
      }
      await s.shutsDown();
      await s.advance(120_000);
      expect(s.leftovers()).toEqual([]);
      return s.trace();
    };
    expect(await played(1)).toBe(await played(1));
    expect(await played(1)).not.toBe(await played(2));
  });

  it('are those of the network when they have no seed of their own', async () => {
    const outcome = async (seed: number, faults: FaultOptions): Promise<string> => {
      await using s = await core(faults, { seed, split: 0 });
      for (let n = 0; n < 10; n += 1) await (await s.client()).leaves();
      return s.closed.map(({ reason }) => reason).join();
    };
    expect(await outcome(7, { reset: 0.3 })).toBe(await outcome(7, { seed: 7, reset: 0.3 }));
    expect(await outcome(7, { reset: 0.3 })).not.toBe(await outcome(8, { reset: 0.3 }));
  });

  it('that there were before are told, too', async () => {
    await using s = await core({ seed: 12, reset: 0.5 });
    s.faults({});
    s.faults({ delay: 5 });
    expect(s.failure('').message).toContain(
      "The network's seed was 1, its faults were { seed: 12, reset: 0.5 }, then { seed: 1, delay: 5 }.",
    );
  });

  it('that broke an expectation are told with it', async () => {
    await using s = await core({ seed: 12, reset: 1 });
    const ada = await s.client('ada');
    await ada.sends('hello');
    await expect(ada.receives('hello')).rejects.toThrow(
      "The network's seed was 1, its faults were { seed: 12, reset: 1 }.",
    );
  });

  it.each<[name: string, faults: object, allowed: string]>([
    ['reset', { reset: 1.5 }, 'a number from 0 to 1'],
    ['stall', { stall: '1' }, 'a number from 0 to 1'],
    ['delay', { delay: -1 }, 'a number of milliseconds'],
    ['descriptors', { descriptors: 0.5 }, 'a whole number from 0, or Infinity'],
    ['seed', { seed: NaN }, 'a whole number'],
    ['resets', { resets: 1 }, noSuchFault],
    ['constructor', { constructor: 1 }, noSuchFault],
  ])('of which %s is wrong are refused', async (name, faults, allowed) => {
    await expect(core(faults)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: `faults.${name}`, allowed });
  });
});
