import { describe, expect, it } from '@jest/globals';
import { serverCore, setupProtocol } from '../../../server/index';
import { scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { collect, eventually } from '../../support/events';
import { connectClient, deaf, polite, startServer } from '../../support/fixtures';
import { floodOnDemand } from '../../support/floods';

describe('A shutdown', () => {
  describe('is not held up by', () => {
    it('connections that never sent a byte', async () => {
      await using s = await scenario(serverCore, { protocol: polite });
      const clients = await s.clients('first', 'second', 'third');
      await s.shutsDown();
      expect(s.output).toMatchObject({ bytesIn: 0, reasons: { handlerFinished: 3 } });
      for (const client of clients) await client.hasClosed();
      expect(s.leftovers()).toEqual([]);
    });

    it('clients that arrive during the drain: they are refused', async () => {
      await using s = await scenario(serverCore, { protocol: deaf });
      const client = await s.client('early');
      await s.shutsDown();
      for (const late of await s.clients('late', 'later')) await late.hasFailed('ECONNREFUSED');
      await client.ends();
      expect(s.output).toMatchObject({ connections: 1, rejected: 0, reasons: { peerClosed: 1 } });
    });

    it('clients that are on their way when it begins: each is served, told goodbye or turned away', async () => {
      const { server, port } = await startServer({ protocol: polite });
      server.on('connection.opened', () => {
        server.send({ type: 'control.serverShutdown' });
      });
      const meet = (): Promise<unknown> =>
        connectClient(port).then(
          ({ closed }) => closed,
          (error: unknown) => (error as NodeJS.ErrnoException).code,
        );
      const outcomes = Promise.all(Array.from({ length: 50 }, meet));
      const { connections, drained, rejected } = await server.closed;
      expect(drained).toHaveLength(connections);
      expect(connections + rejected).toBeGreaterThan(0);
      const met = new Set(await outcomes);
      expect(met).toContain('clean');
      for (const outcome of met) expect(['clean', 'ECONNRESET', 'ECONNREFUSED']).toContain(outcome);
    });

    it('a client that reads nothing and never ends its side', async () => {
      await using s = await scenario(serverCore, { protocol: floodOnDemand, shutdownTimeout: 5_000 });
      const client = await s.client('client', { allowHalfOpen: true });
      client.stopsReading();
      await client.sends('?');
      await s.shutsDown();
      await s.advance(4_999);
      await client.isOpen();
      await s.advance(1);
      await client.isClosed('aborted');
      expect(s.server.getSnapshot()).toMatchObject({ status: 'done', output: { reasons: { aborted: 1 } } });
    });

    it('a client that takes the goodbye but never ends its side: lingerTimeout ends it', async () => {
      await using s = await scenario(serverCore, { protocol: polite, lingerTimeout: 2_000 });
      const client = await s.client('client', { allowHalfOpen: true });
      await s.shutsDown();
      await client.receives('goodbye');
      await client.isEnded();
      await s.advance(1_999);
      expect(s).toHaveConnections(1);
      await s.advance(1);
      await client.isClosed('handlerFinished');
      expect(s.server).toBeInState('shutdown');
    });

    it('a client that took everything and was still lingering when the time was up: it was not aborted', async () => {
      await using s = await scenario(serverCore, { protocol: polite, shutdownTimeout: 1_000, lingerTimeout: 2_000 });
      const client = await s.client('client', { allowHalfOpen: true });
      await s.shutsDown();
      await client.receives('goodbye');
      await s.advance(999);
      expect(s).toHaveConnections(1);
      await s.advance(1);
      await client.isClosed('handlerFinished');
      expect(s.server).toBeInState('shutdown');
    });

    it('clients that reset or end their connections in the middle of it', async () => {
      await using s = await scenario(serverCore, { protocol: deaf });
      const [first, second] = await s.clients('first', 'second');
      await s.shutsDown();
      await first.resets();
      expect(s.server).toBeInState({ draining: 'finishing' });
      await second.ends();
      expect(s.output?.drained.map(({ id, reason }) => [id, reason])).toEqual([
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
      await using s = await scenario(serverCore, { protocol, allowHalfOpen: true });
      const client = await s.client();
      await client.ends();
      await client.receives('noted');
      await client.isOpen();
      await s.shutsDown();
      await client.isClosed('serverShutdown');
      await client.hasClosed();
      expect(s.leftovers()).toEqual([]);
    });
  });

  it('turns queued clients away', async () => {
    await using s = await scenario(serverCore, { protocol: polite, maxConnections: 1, whenBusy: 'queue' });
    const [, talking, silent] = await s.clients('served', 'talking', 'silent');
    await talking.sends('still there?');

    await s.shutsDown();

    for (const client of [talking, silent]) await client.isRejected('serverShutdown');
    expect(s.output).toMatchObject({
      ...{ connections: 1, rejected: 2, reasons: { handlerFinished: 1 } },
    });
    // the server had not read the client's bytes
    await talking.hasFailed('ECONNRESET');
    await silent.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });

  it('ends 500 connections, each with its goodbye', async () => {
    const started = await startServer({ protocol: polite });
    const opened = collect(started.server, 'connection.opened');
    const clients = await Promise.all(Array.from({ length: 500 }, () => connectClient(started.port)));
    await eventually(() => opened.length === 500);

    const { drained, reasons, bytesOut } = await started.server.shutdown({ timeout: 1_000_000 });

    expect(drained).toHaveLength(500);
    expect(new Set(drained.map(({ id }) => id)).size).toBe(500);
    expect(reasons).toEqual({ handlerFinished: 500 });
    expect(bytesOut).toBe(3_500);
    const goodbyes = await Promise.all(clients.map(async (client) => (await client.receiveAll()).toString()));
    expect(new Set(goodbyes)).toEqual(new Set(['goodbye']));
    expect(new Set(await Promise.all(clients.map(({ closed }) => closed)))).toEqual(new Set(['clean']));
  });
});
