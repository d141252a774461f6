import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ConnectedSocketAdapter } from '../../../machines/connectedSocketAdapter';
import { echo, serverCore, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario, type TestClient } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { emitted } from '../../support/events';
import { connectClient, startServer } from '../../support/fixtures';
import { countsOf } from '../../support/proxy/proxied';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, maxConnectionsPerPeer: 2, ...options });

const from = (s: Core, localAddress: string): Promise<TestClient> => s.client(undefined, { localAddress });

/** Expects that a peer may have two connections, and gets its places back when `end` has ended them. */
async function assertRounds(s: Core, end: (client: TestClient) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const clients = [await from(s, '192.0.2.1'), await from(s, '192.0.2.1')];
    for (const client of clients) await client.isOpen();
    await (await from(s, '192.0.2.1')).isRejected('peerLimit');
    await (await from(s, '192.0.2.1')).isRejected('peerLimit');
    expect(countsOf(s)).toEqual({ '192.0.2.1': 2 });
    for (const client of clients) {
      await end(client);
      await client.isClosed();
    }
    expect(countsOf(s)).toEqual({});
  }
}

describe('ServerCore with maxConnectionsPerPeer', () => {
  it('gives a place back when the client ends', async () => {
    await using s = await start();
    await assertRounds(s, (client) => client.ends());
  });

  it('gives a place back when the client breaks off', async () => {
    await using s = await start();
    await assertRounds(s, (client) => client.resets());
  });

  it('gives a place back when time is up', async () => {
    await using s = await start({ idleTimeout: 1_000 });
    await assertRounds(s, () => s.advance(1_000));
  });

  it('gives a place back when the factory throws', async () => {
    await using s = await start({
      protocol: () => {
        throw new Error('no handler for you');
      },
    });
    for (let n = 0; n < 5; n += 1) await (await from(s, '192.0.2.1')).isClosed('handlerFailed');
    expect(countsOf(s)).toEqual({});
  });

  it("gives a place back when the connection's own actor crashes", async () => {
    await using s = await start();
    await assertRounds(s, async (client) => {
      const { context } = s.actor(client.id ?? '').getSnapshot() as { context: { CSA: ConnectedSocketAdapter } };
      const CSA: { destroy?: () => void } = context.CSA;
      CSA.destroy = () => {
        delete CSA.destroy;
        throw new Error('under test');
      };
      await client.ends();
      await client.isClosed('aborted');
    });
  });

  it('keeps a place until the connection has closed: also while it lingers', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1, idleTimeout: 1_000, lingerTimeout: 500 });
    const client = await s.client('stays', { localAddress: '192.0.2.1', allowHalfOpen: true });
    await s.advance(1_499);
    expect(s.actor('connection:1')).toBeInState({ closing: 'lingering' });
    await (await from(s, '192.0.2.1')).isRejected('peerLimit');
    await s.advance(1);
    await client.isClosed('idleTimeout');
    await (await from(s, '192.0.2.1')).isOpen();
  });

  it('counts each peer by itself: an IPv4 address, however it comes, and a /64', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1 });
    await from(s, '192.0.2.1');
    await (await from(s, '::ffff:192.0.2.1')).isRejected('peerLimit');
    await (await from(s, '::ffff:192.0.2.2')).isOpen();
    await from(s, '2001:db8::1');
    await (await from(s, '2001:db8::ffff:0:0:1')).isRejected('peerLimit');
    await (await from(s, '2001:db8:0:1::1')).isOpen();
    expect(countsOf(s)).toEqual({
      ...{ '192.0.2.1': 1, '192.0.2.2': 1 },
      ...{ '2001:db8:0:0::/64': 1, '2001:db8:0:1::/64': 1 },
    });
  });

  it('does not limit the clients of a unix socket', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1, path: '/run/server' });
    for (let n = 0; n < 5; n += 1) await (await s.client()).isOpen();
    expect(countsOf(s)).toEqual({});
  });

  it('counts those that wait for a place, once, and no more when they are gone', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
    const [first, second] = [await from(s, '192.0.2.1'), await from(s, '192.0.2.1')];
    await (await from(s, '192.0.2.1')).isRejected('peerLimit');
    expect(countsOf(s)).toEqual({ '192.0.2.1': 2 });
    await first.ends();
    await second.isOpen();
    expect([second.id, countsOf(s)]).toEqual(['connection:2', { '192.0.2.1': 1 }]);
    await second.ends();
    expect(countsOf(s)).toEqual({});
  });

  it('does not count those that it rejects for want of a place', async () => {
    await using s = await start({ maxConnections: 1 });
    const first = await from(s, '192.0.2.1');
    for (let n = 0; n < 3; n += 1) await (await from(s, '192.0.2.1')).isRejected('atCapacity');
    expect(countsOf(s)).toEqual({ '192.0.2.1': 1 });
    await first.ends();
    await assertOpen(s, 1);
  });

  it('does not count those that find the queue full', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue', maxQueued: 0 });
    await from(s, '192.0.2.1');
    await (await from(s, '192.0.2.1')).isRejected('queueFull');
    expect(countsOf(s)).toEqual({ '192.0.2.1': 1 });
  });

  it("goes on with its counts when it listens again, with whenBusy 'refuse' and after a suspension", async () => {
    await using s = await start({ maxConnections: 2, whenBusy: 'refuse' });
    const [stays, goes] = [await from(s, '192.0.2.1'), await from(s, '192.0.2.1')];
    await goes.ends();
    await s.send({ type: 'control.suspend' });
    await s.send({ type: 'control.resume' });
    expect(countsOf(s)).toEqual({ '192.0.2.1': 1 });
    await from(s, '192.0.2.1');
    await stays.ends();
    expect(countsOf(s)).toEqual({ '192.0.2.1': 1 });
  });

  it('throws nobody out when the limit gets lower, and lets nobody in until there are fewer', async () => {
    await using s = await start();
    const [first, second] = [await from(s, '192.0.2.1'), await from(s, '192.0.2.1')];
    await s.send({ type: 'control.configure', options: { maxConnectionsPerPeer: 1 } });
    await first.isOpen();
    await first.ends();
    await (await from(s, '192.0.2.1')).isRejected('peerLimit');
    await second.ends();
    await assertOpen(s, 1);
  });

  it.each([
    ['a drain', { type: 'control.serverShutdown' }],
    ['a stop', { type: 'control.shutdownMicroprocess' }],
  ] as const)('counts nobody after %s, those included that waited', async (_, event) => {
    await using s = await start({ maxConnections: 2, whenBusy: 'queue' });
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.2', '::1']) await from(s, address);
    expect(countsOf(s)).toEqual({ '192.0.2.1': 1, '192.0.2.2': 2, '0:0:0:0::/64': 1 });
    await s.send(event);
    await s.advance(2_000);
    expect([s.output?.rejected, countsOf(s), s.leftovers()]).toEqual([2, {}, []]);
  });

  it('limits each address on TCP', async () => {
    const { server, port } = await startServer({ maxConnectionsPerPeer: 1 });
    const knockFrom = (localAddress: string) => connectClient({ port, host: '127.0.0.1', localAddress });
    const first = await knockFrom('127.0.0.2');
    const rejected = emitted(server, 'connection.rejected');
    const second = await knockFrom('127.0.0.2');
    expect(await rejected).toMatchObject({ reason: 'peerLimit', info: { peer: '127.0.0.2' } });
    await second.closed;
    const other = await knockFrom('127.0.0.3');
    await other.send('hello');
    expect(await other.receiveText('hello')).toBe('hello');
    const closed = emitted(server, 'connection.closed');
    first.end();
    await closed;
    const again = await knockFrom('127.0.0.2');
    await again.send('hello');
    expect(await again.receiveText('hello')).toBe('hello');
  });
});

/** Expects that one more client of the peer is let in, and that `count` of them are open then. */
async function assertOpen(s: Core, count: number): Promise<void> {
  const client = await from(s, '192.0.2.1');
  await client.isOpen();
  expect(countsOf(s)).toEqual({ '192.0.2.1': count });
}

const happening = fc.record({
  what: fc.constantFrom('connects', 'connects', 'connects', 'ends', 'resets'),
  address: fc.constantFrom('192.0.2.1', '::ffff:192.0.2.1', '192.0.2.2', '192.0.2.3'),
  which: fc.nat(1_000),
});

describe('The counts of peers in a server', () => {
  it.each(['reject', 'queue'] as const)('are those of a simple list, with whenBusy %j', async (whenBusy) => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 20, maxLength: 60 }), async (story) => {
        await using s = await start({ maxConnections: 3, whenBusy, maxQueued: 2 });
        let open: { client: TestClient; peer: string }[] = [];
        let queue: typeof open = [];
        for (const { what, address, which } of story) {
          const count = (of: string): number => [...open, ...queue].filter(({ peer }) => peer === of).length;
          const peer = address.replace('::ffff:', '');
          if (what === 'connects') {
            const client = await from(s, address);
            if (count(peer) === 2) await client.isRejected('peerLimit');
            else if (open.length < 3) open.push({ client, peer });
            else if (whenBusy === 'reject') await client.isRejected('atCapacity');
            else if (queue.length === 2) await client.isRejected('queueFull');
            else queue.push({ client, peer });
          } else {
            const one = open[which % (open.length || 1)];
            await (what === 'ends' ? one?.client.ends() : one?.client.resets());
            open = open.filter((other) => other !== one);
            if (one !== undefined) {
              open = [...open, ...queue.slice(0, 1)];
              queue = queue.slice(1);
            }
          }
          const peers = [...open, ...queue].map((one) => one.peer);
          expect(countsOf(s)).toEqual(Object.fromEntries(peers.map((one) => [one, count(one)])));
          expect(s).toHaveConnections(open.length);
        }
        await s.shutsDown();
        await s.advance(2_000);
        expect([countsOf(s), s.leftovers()]).toEqual([{}, []]);
      }),
      { numRuns: 15 },
    );
  });
});
