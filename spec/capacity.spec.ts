import { describe, expect, it } from '@jest/globals';
import { createServerCore, echo, type ServerCoreOptions, type ServerEmitted } from '../server/index';
import type { Client } from './support/client';
import { collect, emitted, eventually } from './support/events';
import { Hosting } from './support/hosting';
import { knock, leave, turnedAway } from './support/visitors';

type Rejected = Extract<ServerEmitted, { type: 'connection.rejected' }>;

/** Whether a client has an echo handler. */
async function isEchoed(client: Client): Promise<boolean> {
  await client.send('echo?');
  return (await client.receiveText('echo?')) === 'echo?';
}

describe.each([1, 2])('ServerCore with maxConnections %d, all of them taken', (maxConnections) => {
  const host = new Hosting((options: Partial<ServerCoreOptions>) =>
    createServerCore({ protocol: echo, port: 0, maxConnections, ...options }),
  );
  let first: Client;

  const start = async (options: Partial<ServerCoreOptions>): Promise<void> => {
    await host.start(options);
    first = await host.connect();
    for (let n = 2; n <= maxConnections; n += 1) await host.connect();
  };

  const closed = (n: number): Promise<unknown> =>
    emitted<{ id: string }>(host.server, 'connection.closed', ({ id }) => id === `connection:${String(n)}`);

  const next = `connection:${String(maxConnections + 1)}`;

  it("closes the next with whenBusy 'reject', and says who it was and why", async () => {
    await start({});
    const rejected = emitted<Rejected>(host.server, 'connection.rejected');
    const opened = collect(host.server, 'connection.opened');
    expect(await turnedAway(await host.visit())).toEqual({ told: '', ending: 'clean' });
    expect(await rejected).toMatchObject({ reason: 'atCapacity', info: { id: next, localport: host.port } });
    expect(await isEchoed(first)).toBe(true);
    expect(opened).toEqual([]);
  });

  it('tells it all of busyReply first', async () => {
    const busyReply = Buffer.alloc(500_000, 'busy ');
    await start({ busyReply });
    const client = await host.visit();
    client.socket.write('I talk at once');
    expect(await turnedAway(client)).toEqual({ told: busyReply.toString(), ending: 'clean' });
  });

  it('never holds more than that, and never fewer than it could, while clients come and go', async () => {
    await start({});
    let open = maxConnections;
    let most = open;
    host.server.on('connection.opened', () => (most = Math.max(most, (open += 1))));
    host.server.on('connection.closed', () => (open -= 1));
    for (let n = 1; n <= 20; n += 1) {
      const gone = emitted(host.server, 'connection.closed');
      if (n % 2 === 0) first.reset();
      await leave(first);
      await gone;
      first = await host.connect();
      await turnedAway(await host.visit());
      expect(open).toBe(maxConnections);
    }
    expect(most).toBe(maxConnections);
    const summary = host.server.shutdown({ timeout: 0 });
    expect(await summary).toMatchObject({ connections: maxConnections + 20, rejected: 20 });
  });

  it("serves them with whenBusy 'queue' in their order, with what they sent meanwhile", async () => {
    await start({ whenBusy: 'queue' });
    const opened = collect<{ id: string }>(host.server, 'connection.opened');
    const second = await host.visit();
    await second.send('two');
    const third = await host.visit();
    await third.send('three');
    // whoever is served is still served, and the others are not
    expect(await isEchoed(first)).toBe(true);
    expect([second.received.length, third.received.length]).toEqual([0, 0]);

    await leave(first);
    expect(await second.receiveText('two')).toBe('two');
    expect(opened.map(({ id }) => id)).toEqual([next]);
    await leave(second);
    expect(await third.receiveText('three')).toBe('three');
    expect(await isEchoed(third)).toBe(true);
    expect(opened.map(({ id }) => id)).toEqual([next, `connection:${String(maxConnections + 2)}`]);
  });

  it('rejects those beyond maxQueued, and has room again when one was served', async () => {
    await start({ whenBusy: 'queue', maxQueued: 1, busyReply: 'queue is full' });
    const rejected = collect<Rejected>(host.server, 'connection.rejected');
    const second = await host.visit();
    expect(await turnedAway(await host.visit())).toEqual({ told: 'queue is full', ending: 'clean' });
    await leave(first);
    expect(await isEchoed(second)).toBe(true);
    const fourth = await host.visit();
    await eventually(() => host.server.actor.getSnapshot().context.queue.length === 1);
    expect(await turnedAway(await host.visit())).toEqual({ told: 'queue is full', ending: 'clean' });
    await leave(second);
    expect(await isEchoed(fourth)).toBe(true);
    expect(rejected.map(({ reason }) => reason)).toEqual(['queueFull', 'queueFull']);
  });

  it('takes no harm from those that left, or broke off, while they queued', async () => {
    await start({ whenBusy: 'queue' });
    (await host.visit()).socket.end('left');
    (await host.visit()).reset();
    const last = await host.visit();
    const [left, broke] = [closed(maxConnections + 1), closed(maxConnections + 2)];
    await leave(first);
    expect(await isEchoed(last)).toBe(true);
    expect(await left).toMatchObject({ reason: 'peerClosed', bytesIn: 4 });
    expect(await broke).toMatchObject({ reason: 'reset' });
  });

  it('serves the queue though every handler in it crashes', async () => {
    let crashes = 0;
    await start({
      whenBusy: 'queue',
      protocol: ({ id }) => {
        if (Number(id.slice('connection:'.length)) <= maxConnections) return echo;
        crashes += 1;
        if (crashes <= 5) throw new Error('no handler for you');
        return echo;
      },
    });
    const crashing: Client[] = [];
    for (let n = 0; n < 5; n += 1) crashing.push(await host.visit());
    const last = await host.visit();
    await leave(first);
    for (const client of crashing) {
      await client.ended;
      await leave(client);
    }
    expect(await isEchoed(last)).toBe(true);
  });

  it("does not listen with whenBusy 'refuse', until one has left: then again on the same port", async () => {
    await start({ whenBusy: 'refuse' });
    const { port } = host;
    for (let n = 0; n < 5; n += 1) {
      expect(await knock(port)).toBe('ECONNREFUSED');
      expect(await isEchoed(first)).toBe(true);
      const listening = emitted(host.server, 'server.listening');
      await leave(first);
      expect(await listening).toEqual({ type: 'server.listening', address: '127.0.0.1', port });
      first = await host.connect();
    }
    expect(await host.server.shutdown({ timeout: 0 })).toMatchObject({ connections: maxConnections + 5, rejected: 0 });
  });

  it('turns those away that still queue when the server drains', async () => {
    await start({ whenBusy: 'queue', busyReply: 'not told: this is another matter' });
    const rejected = collect<Rejected>(host.server, 'connection.rejected');
    const queued = [await host.visit(), await host.visit()];
    await eventually(() => host.server.actor.getSnapshot().context.queue.length === 2);
    const summary = host.server.shutdown({ timeout: 0 });
    for (const client of queued) expect(await turnedAway(client)).toEqual({ told: '', ending: 'clean' });
    expect(rejected.map(({ reason }) => reason)).toEqual(['serverShutdown', 'serverShutdown']);
    expect(await summary).toMatchObject({ connections: maxConnections, rejected: 2 });
  });
});

describe('ServerCore without maxConnections', () => {
  const host = new Hosting((options: Partial<ServerCoreOptions>) =>
    createServerCore({ protocol: echo, port: 0, ...options }),
  );

  it('never comes to be full', async () => {
    await host.start({ whenBusy: 'refuse' });
    const clients: Client[] = [];
    for (let n = 0; n < 100; n += 1) clients.push(await host.visit());
    expect(await Promise.all(clients.map(isEchoed))).toEqual(clients.map(() => true));
    expect(host.server.actor.getSnapshot().value).toEqual({ listening: 'accepting' });
  });
});
