import { describe, expect, it } from '@jest/globals';
import type { ConfigurableOptions } from '../../machines/options/configure';
import {
  createServerCore,
  echo,
  serverCore,
  type InvalidOptionError,
  type ServerCoreOptions,
} from '../../server/index';
import { scenario, type Scenario, type TestPeer } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { capacityTold } from '../support/capacity';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, ...options });

const configure = (s: Core, options: unknown): Promise<void> =>
  s.send({ type: 'control.configure', options: options as ConfigurableOptions });

async function isEchoed(client: TestPeer): Promise<void> {
  await client.sends('echo?');
  await client.receives('echo?');
}

const optionsOf = (s: Core): object => s.server.getSnapshot().context.options;

/** The reasons for which clients were turned away, in order. */
const rejections = (s: Core): string[] =>
  s.emitted.flatMap((event) => (event.type === 'connection.rejected' ? [(event as { reason: string }).reason] : []));

/** The error that a server with these options throws at its start. */
function startError(options: object): InvalidOptionError {
  try {
    createServerCore({ protocol: echo, ...options });
  } catch (error) {
    return error as InvalidOptionError;
  }
  throw new Error('These options are fine');
}

describe('control.configure', () => {
  describe('given good values', () => {
    it('changes them, leaves the others alone, and says so', async () => {
      await using s = await start({ maxQueued: 7, idleTimeout: 5_000 });
      const before = optionsOf(s);
      const changes = { maxConnections: 3, whenBusy: 'queue', idleTimeout: 1_000, busyReply: undefined };
      await configure(s, changes);
      expect(s.emitted.at(-1)).toEqual({ type: 'server.configured', options: changes });
      const { busyReply, ...changed } = changes;
      expect(optionsOf(s)).toEqual({ ...before, ...changed });
    });

    it('takes each option that is a limit', async () => {
      await using s = await start();
      const changes: Required<ConfigurableOptions> = {
        maxConnections: 1,
        maxConnectionsPerPeer: 1,
        nearCapacity: { from: 1, until: 1 },
        acceptRate: { perSecond: 1, burst: 1 },
        allow: ['10.0.0.0/8'],
        deny: ['10.0.0.1'],
        whenBusy: 'refuse',
        busyReply: 'busy',
        maxQueued: 1,
        handlerStartTimeout: 1,
        openTimeout: 1,
        idleTimeout: 1,
        minReceiveRate: { bytesPerSecond: 1, window: 1 },
        maxConnectionDuration: 1,
        writeTimeout: 1,
        maxBufferedBytes: 1,
        lingerTimeout: 1,
        shutdownTimeout: 1,
        drainStagger: 1,
      };
      await configure(s, changes);
      expect(optionsOf(s)).toMatchObject(changes);
    });

    it('may be given none', async () => {
      await using s = await start();
      await configure(s, {});
      expect(s.emitted.at(-1)).toEqual({ type: 'server.configured', options: {} });
    });
  });

  describe('given a bad value', () => {
    it.each<[string, unknown]>([
      ['maxConnections', 0],
      ['maxConnectionsPerPeer', 1.5],
      ['nearCapacity', { from: 0.5, until: 0.6 }],
      ['acceptRate', 0],
      ['allow', ['10.0.0.0/33']],
      ['deny', 'everybody'],
      ['whenBusy', 'panic'],
      ['busyReply', 7],
      ['maxQueued', -1],
      ['idleTimeout', -1],
      ['minReceiveRate', 5],
      ['shutdownTimeout', Infinity],
      ['drainStagger', 2 ** 31],
    ])('changes nothing, and says of %s what it would at the start', async (option, value) => {
      await using s = await start({ maxConnections: 9 });
      const before = optionsOf(s);
      await configure(s, { maxConnections: 5, [option]: value, lingerTimeout: 5 });
      const { message } = startError({ [option]: value });
      expect(s.emitted.at(-1)).toMatchObject({ type: 'server.configureFailed', error: { option, value, message } });
      expect(optionsOf(s)).toBe(before);
    });

    it.each([
      ['port', 8080],
      ['host', '0.0.0.0'],
      ['path', '/tmp/socket'],
      ['fd', 3],
      ['protocol', echo],
      ['backlog', 1],
      ['allowHalfOpen', true],
      ['noDelay', false],
      ['starttls', true],
      ['proxyProtocol', { trusted: ['10.0.0.1'] }],
      ['restart', { max: 1 }],
      ['descriptorHeadroom', 1],
    ])("changes nothing when it is asked for %s, which can't change", async (option, value) => {
      await using s = await start();
      const before = optionsOf(s);
      await configure(s, { maxConnections: 5, [option]: value });
      const allowed = "left out: it can't change while a server runs";
      expect(s.emitted.at(-1)).toMatchObject({ type: 'server.configureFailed', error: { option, value, allowed } });
      expect(optionsOf(s)).toBe(before);
    });

    it('names the way for tls, and keeps the key to itself', async () => {
      await using s = await start();
      await configure(s, { tls: { key: 'secret', cert: 'public' } });
      const error = { option: 'tls', value: {}, allowed: 'left out: control.tlsReload changes it' };
      expect(s.emitted.at(-1)).toMatchObject({ type: 'server.configureFailed', error });
    });

    it.each([null, undefined, 5, 'maxConnections'])('takes %s for no options', async (options) => {
      await using s = await start();
      await configure(s, options);
      expect(s.emitted.at(-1)).toMatchObject({ type: 'server.configureFailed', error: { code: 'ERR_INVALID_OPTION' } });
    });

    it('knows no option that a server does not have', async () => {
      await using s = await start();
      await configure(s, { maxConnection: 5 });
      const error = { option: 'maxConnection', allowed: expect.stringContaining('there is no such option') };
      expect(s.emitted.at(-1)).toMatchObject({ type: 'server.configureFailed', error });
    });
  });

  describe('given another maxConnections', () => {
    it('admits those who wait, in their order, and as many as there are places', async () => {
      await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
      const [, second, third, fourth] = await s.clients('first', 'second', 'third', 'fourth');
      await second.sends('two');
      await configure(s, { maxConnections: 3 });
      await second.receives('two');
      await isEchoed(third);
      expect([second.id, third.id, fourth.id]).toEqual(['connection:2', 'connection:3', undefined]);
      // no place was ever free for a new client
      expect(capacityTold(s)).toEqual(['full with 1']);
      await configure(s, { maxConnections: 5 });
      await isEchoed(fourth);
      expect(capacityTold(s)).toEqual(['full with 1', 'accepting with 4']);
    });

    it('is full at once with fewer than there are, throws nobody out, and takes nobody until there are fewer', async () => {
      await using s = await start({ maxConnections: 3, whenBusy: 'queue' });
      const [first, second, third, fourth] = await s.clients('first', 'second', 'third', 'fourth');
      await configure(s, { maxConnections: 1 });
      for (const client of [first, second, third]) await isEchoed(client);
      await fourth.sends('four');
      await first.ends();
      await second.ends();
      await fourth.receivesNothing();
      await third.ends();
      await fourth.receives('four');
      expect(capacityTold(s)).toEqual(['full with 3']);
    });

    it('tells that it is full, and that it is no longer', async () => {
      await using s = await start();
      await s.clients('first', 'second');
      await configure(s, { maxConnections: 2 });
      await (await s.client()).isRejected('atCapacity');
      await configure(s, { maxConnections: 3 });
      await isEchoed(await s.client());
      expect(capacityTold(s)).toEqual(['full with 2', 'accepting with 2', 'full with 3']);
    });
  });

  describe('given another whenBusy, while every place is taken', () => {
    const full = async (whenBusy: ServerCoreOptions['whenBusy']): Promise<Core> => {
      const s = await start({ maxConnections: 1, ...(whenBusy && { whenBusy }) });
      await s.client('first');
      return s;
    };

    it("closes the port for 'refuse', and opens it for another one", async () => {
      await using s = await full('reject');
      await configure(s, { whenBusy: 'refuse' });
      await (await s.client()).hasFailed('ECONNREFUSED');
      await configure(s, { whenBusy: 'queue' });
      await (await s.client()).isOpen();
      expect(s.server.getSnapshot().context.queue).toHaveLength(1);
      expect(capacityTold(s)).toEqual(['full with 1']);
    });

    it.each(['reject', 'refuse'] as const)("leaves those their turn who wait already, for '%s'", async (whenBusy) => {
      await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
      const [first, second] = await s.clients('first', 'second');
      await configure(s, { whenBusy, busyReply: 'busy' });
      const third = await s.client('third');
      await (whenBusy === 'reject' ? third.receives('busy') : third.hasFailed('ECONNREFUSED'));
      await first.ends();
      await isEchoed(second);
    });

    it('lets a rejected client linger for another lingerTimeout', async () => {
      await using s = await start({ maxConnections: 1, busyReply: 'busy', lingerTimeout: 60_000 });
      await s.client();
      await configure(s, { lingerTimeout: 500 });
      await (await s.client('rejected', { allowHalfOpen: true })).receives('busy');
      await s.advance(499);
      expect(s.clock.pending).toBe(1);
      await s.advance(1);
      expect(s.clock.pending).toBe(0);
    });

    it('has room for more with a larger maxQueued, and sends nobody away for a smaller one', async () => {
      await using s = await start({ maxConnections: 1, whenBusy: 'queue', maxQueued: 1 });
      const [first, second] = await s.clients('first', 'second', 'rejected');
      await configure(s, { maxQueued: 2 });
      const [fourth] = await s.clients('fourth', 'rejected, too');
      await configure(s, { maxQueued: 0 });
      expect(rejections(s)).toEqual(['queueFull', 'queueFull']);
      await first.ends();
      await second.ends();
      await isEchoed(fourth);
    });
  });

  describe('given limits of a connection', () => {
    it('applies them to those who come from now on', async () => {
      await using s = await start();
      const before = await s.client('before');
      await configure(s, { idleTimeout: 1_000 });
      const after = await s.client('after');
      await s.advance(3_000);
      await isEchoed(before);
      expect(await after.isClosed('idleTimeout')).toMatchObject({ durationMs: 1_000 });
    });

    it('applies those of their turn to those who wait', async () => {
      await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
      const [first, second] = await s.clients('first', 'second');
      await configure(s, { idleTimeout: 1_000 });
      await first.ends();
      await s.advance(3_000);
      expect(await second.isClosed('idleTimeout')).toMatchObject({ id: 'connection:2' });
    });

    it('applies the lists, and the places of a peer, to those who come from now on', async () => {
      await using s = await start();
      const before = await s.client('before', { localAddress: '192.0.2.7' });
      await configure(s, { deny: ['192.0.2.7'], maxConnectionsPerPeer: 1 });
      await (await s.client('denied', { localAddress: '192.0.2.7' })).isRejected('denied');
      await configure(s, { deny: [] });
      await (await s.client('second', { localAddress: '192.0.2.7' })).isRejected('peerLimit');
      await isEchoed(before);
      expect(rejections(s)).toEqual(['denied', 'peerLimit']);
    });
  });

  describe('given another acceptRate', () => {
    it('begins with as many as may come at once', async () => {
      await using s = await start();
      await s.clients('uncounted', 'uncounted, too');
      await configure(s, { acceptRate: { perSecond: 1, burst: 2 } });
      await s.clients('first', 'second', 'third');
      expect(rejections(s)).toEqual(['rateLimited']);
    });

    it('makes nobody a present of a burst, and counts at the new pace from now on', async () => {
      await using s = await start({ acceptRate: { perSecond: 1, burst: 1 } });
      await s.client();
      await s.advance(500);
      await configure(s, { acceptRate: { perSecond: 2, burst: 10 } });
      // half a token has come at the old rate; 249 ms at the new rate are less than the other half
      await s.advance(249);
      await (await s.client()).isRejected('rateLimited');
      await s.advance(1);
      await isEchoed(await s.client());
      await (await s.client()).isRejected('rateLimited');
      expect(s).toHaveConnections(2);
    });

    it('sets no limit any more with Infinity', async () => {
      await using s = await start({ acceptRate: 1 });
      await s.clients('first', 'rejected');
      await configure(s, { acceptRate: Infinity });
      for (let n = 0; n < 20; n += 1) await isEchoed(await s.client());
      expect(rejections(s)).toEqual(['rateLimited']);
    });
  });
});
