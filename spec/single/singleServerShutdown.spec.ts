import { describe, expect, it } from '@jest/globals';
import { createSingleServer, singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, inbox } from '../support/boxes';

const nothingServed = { connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, reasons: {}, drained: [] };

describe('The shutdown of a SingleServer', () => {
  describe.each(['control.serverShutdown', 'control.shutdownMicroprocess'] as const)('by %s', (type) => {
    it('before it listens ends it, and start() says so', async () => {
      const server = createSingleServer({ port: 0 });
      const starting = server.start();
      server.send({ type });
      await expect(starting).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
      expect(await server.closed).toMatchObject(nothingServed);
    });

    it('a second time does no harm', async () => {
      const server = createSingleServer({ port: 0 });
      await server.start();
      server.send({ type });
      server.send({ type });
      server.send({ type: 'inbox', data: 'too late' });
      expect(await server.closed).toMatchObject(nothingServed);
      expect(await server.shutdown()).toMatchObject(nothingServed);
    });

    it('while it is idle frees the port', async () => {
      await using s = await scenario(singleServer);
      await s.advance(1_000);
      await s.send({ type });
      expect(s.emitted.slice(1)).toEqual([
        { type: '_serversignal.serverShutdown' },
        { type: 'server.draining', connections: 0 },
        { type: 'server.shutdown', ...nothingServed, durationMs: 1_000 },
      ]);
      expect(s.leftovers()).toEqual([]);
      await (await s.client()).hasFailed('ECONNREFUSED');
    });

    it('while the port does not listen ends the client too, and leaves the port closed', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'refuse' });
      const client = await s.client();
      await s.send({ type });
      await client.hasClosed();
      expect(s.output).toMatchObject({ connections: 1, drained: [{ id: 'connection:1' }] });
      expect(s.leftovers()).toEqual([]);
      await (await s.client()).hasFailed('ECONNREFUSED');
    });

    it('turns away those that queue, and says so', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'queue', busyReply: 'busy' });
      const [first, second, third] = await s.clients('first', 'second', 'third');
      await s.send({ type });
      for (const client of [second, third]) {
        await client.isRejected('serverShutdown');
        await client.receivesNothing();
      }
      for (const client of [first, second, third]) await client.hasClosed();
      expect(emittedOf(s, 'connection.rejected').map(({ info }) => info?.id)).toEqual(['connection:2', 'connection:3']);
      expect(s.output).toMatchObject({ connections: 1, rejected: 2 });
      expect(s.leftovers()).toEqual([]);
    });
  });

  it('flushes what was sent to the client, and tells how it ended', async () => {
    await using s = await scenario(singleServer);
    const client = await s.client();
    client.stopsReading();
    const data = Buffer.alloc(300_000, 'serverchart ');
    await inbox(s, data);
    await s.shutsDown();
    expect(s.server).toBeInState({ draining: 'finishing' });
    await client.readsOn();
    await client.receives(data);
    await client.hasClosed();
    expect(s.output).toMatchObject({
      connections: 1,
      bytesOut: 300_000,
      reasons: { serverShutdown: 1 },
      drained: [{ id: 'connection:1', reason: 'serverShutdown', bytesOut: 300_000 }],
    });
    expect(s.leftovers()).toEqual([]);
  });

  it('still tells signal.producerFinished for the client that it ends', async () => {
    await using s = await scenario(singleServer);
    await s.client();
    await s.shutsDown();
    expect(s.emitted.map(({ type }) => type)).toEqual([
      'server.listening',
      'connection.opened',
      '_serversignal.serverShutdown',
      'server.draining',
      'connection.closed',
      'signal.producerFinished',
      'server.shutdown',
    ]);
  });

  it('cuts a client that does not read at shutdownTimeout', async () => {
    await using s = await scenario(singleServer, { shutdownTimeout: 5_000 });
    const client = await s.client();
    client.stopsReading();
    await inbox(s, Buffer.alloc(1 << 20));
    await s.shutsDown();
    await s.advance(4_999);
    await client.isOpen();
    await s.advance(1);
    expect(await client.isClosed('aborted')).toMatchObject({ bytesOut: 65_536, durationMs: 5_000 });
    await client.readsOn();
    await client.receives(65_536);
    await client.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });

  it('is cut short by control.shutdownMicroprocess', async () => {
    await using s = await scenario(singleServer);
    const client = await s.client();
    client.stopsReading();
    await inbox(s, Buffer.alloc(1 << 20));
    await s.shutsDown();
    expect(s.server).toBeInState({ draining: 'finishing' });
    await s.send({ type: 'control.shutdownMicroprocess' });
    await client.isClosed('aborted');
    expect(s.server.getSnapshot()).toMatchObject({
      status: 'done',
      output: { reasons: { aborted: 1 }, drained: [{ id: 'connection:1', reason: 'aborted' }] },
    });
  });

  it('at once cuts the client, and says so on _CSA_signal', async () => {
    await using s = await scenario(singleServer);
    const client = await s.client();
    await s.send({ type: 'control.shutdownMicroprocess' });
    await client.isClosed('aborted');
    await client.hasClosed();
    expect(emittedOf(s, '_CSA_signal.shutdownMicroprocess')).toHaveLength(1);
    expect(s.output).toMatchObject({ connections: 1, reasons: { aborted: 1 } });
  });

  it('hands back what comes on inbox when the client can get no more', async () => {
    await using s = await scenario(singleServer);
    const client = await s.client('client', { allowHalfOpen: true });
    await s.shutsDown();
    await client.isEnded();
    await inbox(s, 'too late');
    expect(emittedOf(s, 'signal.noSpaceInBox').map(({ refused }) => refused)).toEqual(['too late']);
    await client.ends();
    await client.isClosed('serverShutdown');
    await client.receivesNothing();
  });

  it('hands back what still waits for a client', async () => {
    await using s = await scenario(singleServer);
    await inbox(s, 'never', 'asked for');
    await s.shutsDown();
    expect(emittedOf(s, 'signal.noSpaceInBox').map(({ refused }) => refused)).toEqual(['never', 'asked for']);
  });

  it('by stopping the actor leaves neither the port nor a client, served or queued', async () => {
    await using s = await scenario(singleServer, { whenBusy: 'queue' });
    const clients = await s.clients('first', 'second', 'third');
    s.server.stop();
    for (const client of clients) await client.hasClosed();
    await (await s.client()).hasFailed('ECONNREFUSED');
    expect(emittedOf(s, 'connection.opened')).toHaveLength(1);
    expect(s.leftovers()).toEqual([]);
  });
});
