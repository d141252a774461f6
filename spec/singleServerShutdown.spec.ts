import { describe, expect, it } from '@jest/globals';
import {
  createSingleServer,
  type ServerEmitted,
  type SingleServerEmitted,
  type SingleServerOptions,
} from '../server/index';
import { collect, eventually } from './support/events';
import { Hosting } from './support/hosting';
import { knock, leave, turnedAway } from './support/visitors';

type Rejected = Extract<ServerEmitted, { type: 'connection.rejected' }>;
type NoSpace = Extract<SingleServerEmitted, { type: 'signal.noSpaceInBox' }>;

const nothingServed = {
  connections: 0,
  rejected: 0,
  bytesIn: 0,
  bytesOut: 0,
  reasons: {},
  drained: [],
  durationMs: expect.any(Number),
};

describe('The shutdown of a SingleServer', () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));

  const shutDown = (): Promise<unknown> => {
    host.server.send({ type: 'control.serverShutdown' });
    return host.server.closed;
  };

  const cut = (): Promise<unknown> => {
    host.server.send({ type: 'control.shutdownMicroprocess' });
    return host.server.closed;
  };

  describe.each([
    ['control.serverShutdown', shutDown],
    ['control.shutdownMicroprocess', cut],
  ] as const)('by %s', (type, end) => {
    it('before it listens ends it, and start() says so', async () => {
      const server = createSingleServer({ port: 0 });
      const starting = server.start();
      server.send({ type });
      await expect(starting).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
      expect(await server.closed).toEqual(nothingServed);
    });

    it('while it is idle frees the port', async () => {
      await host.start({});
      const events = collect<SingleServerEmitted>(host.server);
      expect(await end()).toEqual(nothingServed);
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      expect(events).toEqual([
        { type: '_serversignal.serverShutdown' },
        { type: 'server.draining', connections: 0 },
        { type: 'server.shutdown', ...nothingServed },
      ]);
    });

    it('while the port does not listen ends the client too, and leaves the port closed', async () => {
      await host.start({ whenBusy: 'refuse' });
      const client = await host.connect();
      const closed = end();
      await client.ended;
      await leave(client);
      expect(await closed).toMatchObject({ connections: 1, drained: [{ id: 'connection:1' }] });
      expect(await knock(host.port)).toBe('ECONNREFUSED');
    });

    it('turns away those that queue, and says so', async () => {
      await host.start({ whenBusy: 'queue' });
      const first = await host.connect();
      const queued = [await host.visit(), await host.visit()];
      const rejected = collect<Rejected>(host.server, 'connection.rejected');
      await eventually(() => host.server.actor.getSnapshot().context.queue.length === 2);
      const closed = end();
      for (const client of queued) expect(await turnedAway(client)).toEqual({ told: '', ending: 'clean' });
      await leave(first);
      expect(await closed).toMatchObject({ connections: 1, rejected: 2 });
      expect(rejected.map(({ reason, info }) => [reason, info?.id])).toEqual([
        ['serverShutdown', 'connection:2'],
        ['serverShutdown', 'connection:3'],
      ]);
    });

    it('a second time does no harm', async () => {
      await host.start({});
      const first = end();
      host.server.send({ type });
      host.server.send({ type: 'inbox', data: 'too late' });
      expect(await first).toEqual(nothingServed);
      expect(await host.server.shutdown()).toEqual(nothingServed);
    });
  });

  it('flushes what was sent to the client, and tells how it ended', async () => {
    await host.start({});
    const client = (await host.connect()).stopReading();
    host.server.send({ type: 'inbox', data: Buffer.alloc(12 * 1024 * 1024, 'x') });
    const closed = shutDown();
    client.resumeReading();
    await client.ended;
    await leave(client);
    expect(client.received).toHaveLength(12 * 1024 * 1024);
    expect(await closed).toMatchObject({
      connections: 1,
      bytesOut: 12 * 1024 * 1024,
      reasons: { serverShutdown: 1 },
      drained: [{ id: 'connection:1', reason: 'serverShutdown', bytesOut: 12 * 1024 * 1024 }],
    });
  });

  it('still tells signal.producerFinished for the client that it ends', async () => {
    await host.start({});
    const events = collect<SingleServerEmitted>(host.server);
    const client = await host.connect();
    const closed = shutDown();
    await client.ended;
    await leave(client);
    await closed;
    expect(events.map(({ type }) => type)).toEqual([
      'connection.opened',
      '_serversignal.serverShutdown',
      'server.draining',
      'connection.closed',
      'signal.producerFinished',
      'server.shutdown',
    ]);
  });

  it('cuts a client that does not read at shutdownTimeout', async () => {
    await host.start({ shutdownTimeout: 30, maxBufferedBytes: Infinity });
    const client = (await host.connect()).stopReading();
    host.server.send({ type: 'inbox', data: Buffer.alloc(64 * 1024 * 1024) });
    expect(await shutDown()).toMatchObject({ drained: [{ id: 'connection:1', reason: 'aborted' }] });
    await client.destroy();
  });

  it('is cut short by control.shutdownMicroprocess', async () => {
    await host.start({ maxBufferedBytes: Infinity });
    const client = (await host.connect()).stopReading();
    host.server.send({ type: 'inbox', data: Buffer.alloc(64 * 1024 * 1024) });
    const closed = shutDown();
    expect(await cut()).toMatchObject({ drained: [{ id: 'connection:1', reason: 'aborted' }] });
    expect(await closed).toMatchObject({ reasons: { aborted: 1 } });
    await client.destroy();
  });

  it('at once cuts the client, and says so on _CSA_signal', async () => {
    await host.start({});
    const client = await host.connect();
    const told = collect(host.server, '_CSA_signal.shutdownMicroprocess');
    expect(await cut()).toMatchObject({ connections: 1, reasons: { aborted: 1 } });
    expect(told).toEqual([{ type: '_CSA_signal.shutdownMicroprocess' }]);
    await client.ended;
    await leave(client);
  });

  it('hands back what comes on inbox when the client can get no more', async () => {
    await host.start({});
    const refusals = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
    const client = await host.connect();
    const closed = shutDown();
    await client.ended;
    host.server.send({ type: 'inbox', data: 'too late' });
    await leave(client);
    await closed;
    expect(refusals.map(({ refused }) => refused)).toEqual(['too late']);
  });

  it('hands back what still waits for a client', async () => {
    await host.start({});
    const refusals = collect<NoSpace>(host.server, 'signal.noSpaceInBox');
    host.server.send({ type: 'inbox', data: 'never' });
    host.server.send({ type: 'inbox', data: 'asked for' });
    await shutDown();
    expect(refusals.map(({ refused }) => refused)).toEqual(['never', 'asked for']);
  });

  it('by stopping the actor leaves neither the port nor a client, served or queued', async () => {
    await host.start({ whenBusy: 'queue' });
    const clients = [await host.connect(), await host.visit(), await host.visit()];
    await eventually(() => host.server.actor.getSnapshot().context.queue.length === 2);
    const opened = collect(host.server, 'connection.opened');
    host.server.actor.stop();
    for (const client of clients) {
      await client.ended;
      await leave(client);
    }
    expect(await knock(host.port)).toBe('ECONNREFUSED');
    expect(opened).toEqual([]);
  });
});
