import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, type ServerCoreOptions } from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { scenario, type Scenario, type ScenarioOptions, type TestPeer } from '../../../server/testing/index';
import { connectClient, openClient, startServer } from '../../support/fixtures';

/** Expects that this client has an echo handler. */
async function isEchoed(client: TestPeer): Promise<void> {
  await client.sends('echo?');
  await client.receives('echo?');
}

/** Expects that this client gets the text `told`, then the end and no reset. */
async function isTurnedAway(client: TestPeer, told = ''): Promise<void> {
  await client.receives(told);
  await client.receivesNothing();
  await client.hasClosed();
}

describe.each([1, 2])('ServerCore with maxConnections %d, all of them taken', (maxConnections) => {
  /** Starts a server with one place left. */
  const start = async (
    options: Partial<ServerCoreOptions> = {},
    stage: ScenarioOptions = {},
  ): Promise<Scenario<typeof serverCore>> => {
    const s = await scenario(serverCore, { protocol: echo, maxConnections, ...options }, stage);
    for (let n = 1; n < maxConnections; n += 1) {
      await s.client(`other ${String(n)}`);
      await s.advance(10 * (stage.latency ?? 0));
    }
    return s;
  };

  const idAfter = (n: number): string => `connection:${String(maxConnections + n)}`;

  it("closes the next with whenBusy 'reject', and says who it was and why", async () => {
    await using s = await start();
    const [first, second] = await s.clients('first', 'second');
    await second.isRejected('atCapacity');
    await isTurnedAway(second);
    expect(s).toHaveEmitted({
      type: 'connection.rejected',
      reason: 'atCapacity',
      info: expect.objectContaining({ id: idAfter(1), localport: s.server.getSnapshot().context.address?.port }),
    });
    await isEchoed(first);
    expect(s).toHaveConnections(maxConnections);
    expect(s.server).toBeInState({ listening: { full: 'rejecting' } });
  });

  it('tells it all of busyReply first, also when it talks at once', async () => {
    const busyReply = Buffer.alloc(500_000, 'busy ');
    await using s = await start({ busyReply }, { latency: 1 });
    await s.client('first');
    await s.advance(10);
    const second = await s.client('second');
    await second.sends('I talk at once');
    await s.advance(5);
    expect(second.received.length).toBeLessThan(busyReply.length);
    await s.advance(100);
    await second.isRejected('atCapacity');
    await isTurnedAway(second, busyReply.toString());
  });

  it('never holds more than that, and never fewer than it could, while clients come and go', async () => {
    await using s = await start();
    let first = await s.client('first');
    for (let n = 1; n <= 20; n += 1) {
      await (n % 2 === 0 ? first.resets() : first.ends());
      await first.isClosed(n % 2 === 0 ? 'reset' : 'peerClosed');
      first = await s.client();
      await (await s.client()).isRejected('atCapacity');
      expect(s).toHaveConnections(maxConnections);
    }
    let [open, most] = [0, 0];
    for (const { type } of s.emitted) {
      if (type === 'connection.opened') most = Math.max(most, (open += 1));
      if (type === 'connection.closed') open -= 1;
    }
    expect(most).toBe(maxConnections);
    await s.shutsDown();
    expect(s.server.getSnapshot().output).toMatchObject({ connections: maxConnections + 20, rejected: 20 });
    expect(s.leftovers()).toEqual([]);
  });

  it("serves them with whenBusy 'queue' in their order, with what they sent meanwhile", async () => {
    await using s = await start({ whenBusy: 'queue' });
    const [first, second, third] = await s.clients('first', 'second', 'third');
    await second.sends('two');
    await third.sends('three');
    // clients that were served are still served, and the others are not
    await isEchoed(first);
    await second.receivesNothing();
    await third.receivesNothing();

    await first.ends();
    await second.receives('two');
    await third.receivesNothing();
    expect([second.id, third.id]).toEqual([idAfter(1), undefined]);
    await second.ends();
    await third.receives('three');
    await isEchoed(third);
    expect(third.id).toBe(idAfter(2));
  });

  it('rejects those beyond maxQueued, and has room again when one was served', async () => {
    await using s = await start({ whenBusy: 'queue', maxQueued: 1, busyReply: 'queue is full' });
    const [first, second, third] = await s.clients('first', 'second', 'third');
    await third.isRejected('queueFull');
    await isTurnedAway(third, 'queue is full');
    await first.ends();
    await isEchoed(second);
    const [fourth, fifth] = await s.clients('fourth', 'fifth');
    await fifth.isRejected('queueFull');
    await isTurnedAway(fifth, 'queue is full');
    await second.ends();
    await isEchoed(fourth);
    expect(s.emitted.filter(({ type }) => type === 'connection.rejected')).toHaveLength(2);
  });

  it('takes no harm from those that left, or broke off, while they queued', async () => {
    await using s = await start({ whenBusy: 'queue' });
    const [first, left, broke, last] = await s.clients('first', 'left', 'broke', 'last');
    await Promise.all([left.sends('left'), left.ends()]);
    await broke.resets();
    await first.ends();
    await isEchoed(last);
    expect(await left.isClosed('peerClosed')).toMatchObject({ id: idAfter(1), bytesIn: 4 });
    expect(await broke.isClosed('reset')).toMatchObject({ id: idAfter(2), bytesIn: 0 });
  });

  it('serves the queue though every handler in it crashes', async () => {
    const crashing = new Set([1, 2, 3, 4, 5].map(idAfter));
    await using s = await start({
      whenBusy: 'queue',
      protocol: ({ id }) => {
        if (crashing.has(id)) throw new Error('no handler for you');
        return echo;
      },
    });
    const [first, a, b, c, d, e, last] = await s.clients('first', 'a', 'b', 'c', 'd', 'e', 'last');
    await first.ends();
    for (const client of [a, b, c, d, e]) await client.isClosed('handlerFailed');
    await isEchoed(last);
    expect(last.id).toBe(idAfter(6));
  });

  it("does not listen with whenBusy 'refuse', until one has left: then again on the same port", async () => {
    await using s = await start({ whenBusy: 'refuse' });
    const listening = s.emitted.find(({ type }) => type === 'server.listening');
    let first = await s.client('first');
    for (let n = 0; n < 5; n += 1) {
      await (await s.client()).hasFailed('ECONNREFUSED');
      await isEchoed(first);
      await first.ends();
      expect(s.emitted.at(-1)).toEqual(listening);
      first = await s.client();
    }
    await s.shutsDown();
    expect(s.server.getSnapshot().output).toMatchObject({ connections: maxConnections + 5, rejected: 0 });
    expect(s.leftovers()).toEqual([]);
  });

  it('turns those away that still queue when the server drains', async () => {
    await using s = await start({ whenBusy: 'queue', busyReply: 'not told: this is another matter' });
    const [, ...queued] = await s.clients('first', 'second', 'third');
    await s.shutsDown();
    for (const client of queued) {
      await client.isRejected('serverShutdown');
      await isTurnedAway(client);
    }
    expect(s.server.getSnapshot().output).toMatchObject({ connections: maxConnections, rejected: 2 });
    expect(s.leftovers()).toEqual([]);
  });
});

describe('ServerCore without maxConnections', () => {
  it('never comes to be full', async () => {
    await using s = await scenario(serverCore, { protocol: echo, whenBusy: 'refuse' });
    for (let n = 0; n < 100; n += 1) await isEchoed(await s.client());
    expect(s).toHaveConnections(100);
    expect(s.server).toBeInState({ listening: 'accepting' });
  });
});

describe('ServerCore on TCP, at capacity', () => {
  it('tells all of busyReply to a client that talks at once: the kernel resets no connection under it', async () => {
    const busyReply = Buffer.alloc(500_000, 'busy ');
    const server = await startServer({ maxConnections: 1, busyReply });
    await openClient(server);
    const client = await connectClient(server.port);
    client.socket.write('I talk at once');
    expect((await client.receiveAll()).equals(busyReply)).toBe(true);
    expect(await client.closed).toBe('clean');
  });
});
