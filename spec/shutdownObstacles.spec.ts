import { describe, expect, it } from '@jest/globals';
import { setupProtocol } from '../server/index';
import { Client } from './support/client';
import { collect, emitted, eventually } from './support/events';
import {
  atEnd,
  attempt,
  connectClient,
  deaf,
  flood,
  openClient,
  polite,
  startServer,
  type Emitted,
} from './support/fixtures';

/** Longer than any spec: what ends such a shutdown is not the timeout. */
const patient = { shutdownTimeout: 1_000_000 };
const brief = { shutdownTimeout: 30 };

describe('A shutdown', () => {
  describe('is not held up by', () => {
    it('connections that never sent a byte', async () => {
      const started = await startServer({ ...patient, protocol: polite });
      const clients = [await openClient(started), await openClient(started), await openClient(started)];
      expect(await started.server.shutdown()).toMatchObject({ bytesIn: 0, reasons: { handlerFinished: 3 } });
      expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(['clean', 'clean', 'clean']);
    });

    it('clients that arrive during the drain: they are refused', async () => {
      const started = await startServer({ ...patient, protocol: deaf });
      const client = await openClient(started);
      started.server.send({ type: 'control.serverShutdown' });
      expect(await Promise.all([attempt(started.port), attempt(started.port)])).toEqual([
        'ECONNREFUSED',
        'ECONNREFUSED',
      ]);
      client.end();
      expect(await started.server.closed).toMatchObject({ connections: 1, reasons: { peerClosed: 1 } });
    });

    it('clients that are on their way when it begins: each is served, told goodbye or turned away', async () => {
      const { server, port } = await startServer({ ...patient, protocol: polite });
      server.on('connection.opened', () => {
        server.send({ type: 'control.serverShutdown' });
      });
      const outcomes = Promise.all(Array.from({ length: 50 }, () => attempt(port)));
      const { connections, drained, rejected } = await server.closed;
      expect(drained).toHaveLength(connections);
      expect(connections + rejected).toBeGreaterThan(0);
      const met = new Set(await outcomes);
      expect(met).toContain('clean');
      for (const outcome of met) expect(['clean', 'ECONNRESET', 'ECONNREFUSED']).toContain(outcome);
    });

    it('a client that reads nothing and never ends its side', async () => {
      const started = await startServer({ ...brief, protocol: flood });
      const opened = emitted(started.server, 'connection.opened');
      const client = (await Client.connect(started.port)).stopReading();
      atEnd(() => client.destroy());
      await opened;
      expect(await started.server.shutdown()).toMatchObject({ reasons: { aborted: 1 } });
    });

    it('a client that takes the goodbye but never ends its side: lingerTimeout ends it', async () => {
      const started = await startServer({ ...patient, protocol: polite, lingerTimeout: 20 });
      const opened = emitted(started.server, 'connection.opened');
      const client = await Client.connect(started.port);
      atEnd(() => client.destroy());
      await opened;
      expect(await started.server.shutdown()).toMatchObject({ reasons: { handlerFinished: 1 } });
      expect(await client.receiveText('goodbye')).toBe('goodbye');
    });

    it('a client that took everything and was still lingering when the time was up: it was not aborted', async () => {
      const started = await startServer({ ...brief, protocol: polite, lingerTimeout: 1_000_000 });
      const opened = emitted(started.server, 'connection.opened');
      const client = await Client.connect(started.port);
      atEnd(() => client.destroy());
      await opened;
      expect(await started.server.shutdown()).toMatchObject({ reasons: { handlerFinished: 1 } });
      expect(await client.receiveText('goodbye')).toBe('goodbye');
    });

    it('clients that reset or end their connections in the middle of it', async () => {
      const started = await startServer({ ...patient, protocol: deaf });
      const [first, second] = [await openClient(started), await openClient(started)];
      started.server.send({ type: 'control.serverShutdown' });
      const closed = emitted(started.server, 'connection.closed');
      first.reset();
      await closed;
      second.end();
      expect((await started.server.closed).drained.map(({ id, reason }) => [id, reason])).toEqual([
        ['connection:1', 'reset'],
        ['connection:2', 'peerClosed'],
      ]);
    });

    it('a connection whose peer has ended its side already', async () => {
      const protocol = setupProtocol().createMachine({
        on: {
          inbox: { actions: 'reply' },
          'control.producerFinished': { actions: { type: 'reply', params: { data: 'noted' } } },
        },
      });
      const started = await startServer({ ...patient, protocol, allowHalfOpen: true });
      const client = await openClient(started);
      client.end();
      expect(await client.receiveText('noted')).toBe('noted');
      expect(await started.server.shutdown()).toMatchObject({ reasons: { serverShutdown: 1 } });
      expect(await client.closed).toBe('clean');
    });
  });

  it('turns queued clients away', async () => {
    const started = await startServer({ ...patient, protocol: polite, maxConnections: 1, whenBusy: 'queue' });
    await openClient(started);
    const queued = [await connectClient(started.port), await connectClient(started.port)];
    await queued[0]?.send('still there?');
    await eventually(() => started.server.actor.getSnapshot().context.queue.length === 2);
    const rejected = collect<Emitted<'connection.rejected'>>(started.server, 'connection.rejected');

    const summary = await started.server.shutdown();

    expect(rejected.map(({ reason, info }) => [reason, info?.id])).toEqual([
      ['serverShutdown', 'connection:2'],
      ['serverShutdown', 'connection:3'],
    ]);
    expect(summary).toMatchObject({ connections: 1, rejected: 2, reasons: { handlerFinished: 1 } });
    // what it had sent was not read, so the kernel resets the first one
    expect(await Promise.all(queued.map(({ closed }) => closed))).toEqual(['ECONNRESET', 'clean']);
  });

  it('ends 500 connections, each with its goodbye', async () => {
    const started = await startServer({ ...patient, protocol: polite });
    const opened = collect(started.server, 'connection.opened');
    const clients = await Promise.all(Array.from({ length: 500 }, () => connectClient(started.port)));
    await eventually(() => opened.length === 500);

    const { drained, reasons, bytesOut } = await started.server.shutdown();

    expect(drained).toHaveLength(500);
    expect(new Set(drained.map(({ id }) => id)).size).toBe(500);
    expect(reasons).toEqual({ handlerFinished: 500 });
    expect(bytesOut).toBe(3_500);
    const goodbyes = await Promise.all(clients.map(async (client) => (await client.receiveAll()).toString()));
    expect(new Set(goodbyes)).toEqual(new Set(['goodbye']));
    expect(new Set(await Promise.all(clients.map(({ closed }) => closed)))).toEqual(new Set(['clean']));
  });
});
