import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { echo, serverCore } from '../../../server/index';
import { scenario, type Scenario, type TestPeer } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { deaf, handler, polite, startServer, unaware } from '../../support/fixtures';
import { floodOnDemand, megabyte } from '../../support/floods';

const ended = (reason: string, bytesIn: number, bytesOut: number, id = 'connection:1'): object => ({
  ...{ id, reason, bytesIn, bytesOut, durationMs: 0 },
});

/** A handler that answers with a megabyte, and then says goodbye. */
const generous = handler(({ receive, emit }) => {
  receive(({ type }) => {
    if (type === 'inbox') emit({ type: 'outbox', data: megabyte });
    if (type !== 'control.serverShutdown') return;
    emit({ type: 'outbox', data: 'goodbye' });
    emit({ type: 'signal.producerFinished' });
  });
});

describe('control.serverShutdown', () => {
  describe('given two connected clients', () => {
    it('tells each handler, which may still say goodbye, and reports how each ended', async () => {
      await using s = await scenario(serverCore, { protocol: polite });
      const [first, second] = await s.clients('first', 'second');
      await second.sends('hello');
      await second.receives('hello');

      await s.shutsDown();

      for (const client of [first, second]) {
        await client.receives('goodbye');
        await client.hasClosed();
      }
      expect(s.output).toEqual({
        ...{ connections: 2, rejected: 0, bytesIn: 5, bytesOut: 19, durationMs: 0 },
        reasons: { handlerFinished: 2 },
        drained: [ended('handlerFinished', 0, 7, 'connection:1'), ended('handlerFinished', 5, 12, 'connection:2')],
      });
      expect(s.leftovers()).toEqual([]);
    });

    it('emits what happens in order, and ends the actor with the same summary', async () => {
      await using s = await scenario(serverCore, { protocol: polite });
      await s.clients('first', 'second');
      const before = s.emitted.length;
      await s.shutsDown();
      const { status, output } = s.server.getSnapshot();
      expect(status).toBe('done');
      expect(s.emitted.slice(before)).toEqual([
        { type: '_serversignal.serverShutdown' },
        { type: 'server.draining', connections: 2 },
        { type: 'connection.closed', ...ended('handlerFinished', 0, 7, 'connection:1') },
        { type: 'connection.closed', ...ended('handlerFinished', 0, 7, 'connection:2') },
        { type: 'server.shutdown', ...output },
      ]);
      expect(output).toMatchObject({ connections: 2, drained: s.closed, reasons: { handlerFinished: 2 } });
    });

    it('reports only what was open when the shutdown began', async () => {
      await using s = await scenario(serverCore, { protocol: polite });
      const [gone] = await s.clients('gone', 'there');
      await gone.ends();
      await s.shutsDown();
      expect(s.output).toMatchObject({
        drained: [ended('handlerFinished', 0, 7, 'connection:2')],
        reasons: { peerClosed: 1, handlerFinished: 1 },
      });
    });
  });

  it('has stopped accepting when it tells the handlers', async () => {
    const arrivals: Promise<TestPeer>[] = [];
    const protocol = handler(({ receive, emit }) => {
      receive(({ type }) => {
        if (type !== 'control.serverShutdown') return;
        arrivals.push(s.client('late'));
        emit({ type: 'signal.producerFinished' });
      });
    });
    await using s: Scenario<typeof serverCore> = await scenario(serverCore, { protocol });
    await s.client('early');
    await s.shutsDown();
    expect(arrivals).toHaveLength(1);
    for (const late of arrivals) await (await late).hasFailed('ECONNREFUSED');
    expect(s.output).toMatchObject({ connections: 1, rejected: 0 });
  });

  it('ends a connection as soon as its handler is done, and waits for the others', async () => {
    await using s = await scenario(serverCore, { protocol: ({ id }) => (id === 'connection:1' ? deaf : polite) });
    const [slow, quick] = await s.clients('slow', 'quick');
    await s.shutsDown();
    await quick.isClosed('handlerFinished');
    await quick.hasClosed();
    await slow.isOpen();
    expect(s.server).toBeInState({ draining: 'finishing' });
    await slow.ends();
    expect(s.output?.drained.map(({ id, reason }) => [id, reason])).toEqual([
      ['connection:2', 'handlerFinished'],
      ['connection:1', 'peerClosed'],
    ]);
    expect(s.leftovers()).toEqual([]);
  });

  it('flushes a megabyte to a client that had stopped reading, and the goodbye behind it', async () => {
    await using s = await scenario(serverCore, { protocol: generous });
    const client = await s.client();
    client.stopsReading();
    await client.sends('?');
    await s.shutsDown();
    expect(s.server).toBeInState({ draining: 'finishing' });
    await client.readsOn();
    await client.receives(megabyte);
    await client.receives('goodbye');
    await client.hasClosed();
    expect(s.closed).toEqual([ended('handlerFinished', 1, megabyte.length + 7)]);
  });

  it('cuts the rest at shutdownTimeout, and reports how each ended', async () => {
    const protocols = [polite, unaware, deaf, floodOnDemand];
    await using s = await scenario(serverCore, {
      shutdownTimeout: 1_000,
      protocol: ({ id }) => protocols[Number(id.split(':')[1]) - 1] ?? echo,
    });
    const [, , , notReading] = await s.clients('polite', 'unaware', 'deaf', 'not reading');
    notReading.stopsReading();
    await notReading.sends('?');
    await s.shutsDown();
    await s.advance(999);
    expect(s.closed.map(({ reason }) => reason)).toEqual(['handlerFinished', 'serverShutdown']);
    await s.advance(1);
    expect(s.closed).toMatchObject([
      { id: 'connection:1', reason: 'handlerFinished', durationMs: 0 },
      { id: 'connection:2', reason: 'serverShutdown', durationMs: 0 },
      { id: 'connection:3', reason: 'aborted', durationMs: 1_000 },
      { id: 'connection:4', reason: 'aborted', durationMs: 1_000, bytesOut: 65_536 },
    ]);
    expect(s.output?.reasons).toEqual({ handlerFinished: 1, serverShutdown: 1, aborted: 2 });
    await notReading.readsOn();
    await notReading.receives(65_536);
    await notReading.receivesNothing();
    expect(s.leftovers()).toEqual([]);
  });

  it('takes its timeout from the event, when it has one', async () => {
    await using s = await scenario(serverCore, { protocol: deaf, shutdownTimeout: 1_000_000 });
    const client = await s.client();
    await s.send({ type: 'control.serverShutdown', timeout: 10 });
    await s.advance(9);
    await client.isOpen();
    await s.advance(1);
    await client.isClosed('aborted');
    expect(s.leftovers()).toEqual([]);
  });

  it('has freed the port when it says so: another server can listen there at once', async () => {
    const { server, port } = await startServer();
    const next = createServer();
    const listening = new Promise((resolve, reject) => {
      next.once('error', reject);
      server.on('server.shutdown', () => next.listen(port, '127.0.0.1', () => next.close(resolve)));
    });
    await server.shutdown();
    expect(await listening).toBeUndefined();
  });
});
