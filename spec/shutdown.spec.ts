import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { echo } from '../server/index';
import { collect, emitted } from './support/events';
import {
  attempt,
  deaf,
  flood,
  handler,
  openClient,
  polite,
  startServer,
  tooMuch,
  unaware,
  type Emitted,
  type Started,
} from './support/fixtures';

const ended = (reason: string, bytesIn: number, bytesOut: number, id = 'connection:1'): object => ({
  id,
  reason,
  bytesIn,
  bytesOut,
  durationMs: expect.any(Number),
});

/** Writes megabytes as soon as it is there, and says goodbye behind them. */
const megabytes = Buffer.alloc(8 * 1024 * 1024, 'serverchart ');
const generous = handler(({ receive, emit }) => {
  emit({ type: 'outbox', data: megabytes });
  receive(({ type }) => {
    if (type !== 'control.serverShutdown') return;
    emit({ type: 'outbox', data: 'goodbye' });
    emit({ type: 'signal.producerFinished' });
  });
});

describe('control.serverShutdown', () => {
  describe('given two connected clients', () => {
    it('tells each handler, which may still say goodbye, and reports how each ended', async () => {
      const started = await startServer({ protocol: polite });
      const first = await openClient(started);
      const second = await openClient(started);
      await second.send('hello');
      await second.receiveText('hello');

      const summary = await started.server.shutdown();

      expect((await first.receiveAll()).toString()).toBe('goodbye');
      expect((await second.receiveAll()).toString()).toBe('goodbye');
      expect(await Promise.all([first.closed, second.closed])).toEqual(['clean', 'clean']);
      expect(summary.drained).toHaveLength(2);
      expect(summary.drained).toEqual(
        expect.arrayContaining([
          ended('handlerFinished', 0, 7, 'connection:1'),
          ended('handlerFinished', 5, 12, 'connection:2'),
        ]),
      );
      expect(summary).toMatchObject({
        connections: 2,
        rejected: 0,
        bytesIn: 5,
        bytesOut: 19,
        reasons: { handlerFinished: 2 },
      });
    });

    it('emits what happens in order, and ends the actor with the same summary', async () => {
      const started = await startServer({ protocol: polite });
      const { server } = started;
      await openClient(started);
      await openClient(started);
      const events = collect<{ type: string }>(server);

      server.send({ type: 'control.serverShutdown' });
      const summary = await server.closed;

      expect(events.map(({ type }) => type)).toEqual([
        '_serversignal.serverShutdown',
        'server.draining',
        'connection.closed',
        'connection.closed',
        'server.shutdown',
      ]);
      expect(events[1]).toEqual({ type: 'server.draining', connections: 2 });
      expect(events.at(-1)).toMatchObject({ drained: summary.drained, reasons: { handlerFinished: 2 } });
      const { status, output } = server.actor.getSnapshot();
      expect(status).toBe('done');
      expect(output).toMatchObject({ connections: 2, drained: summary.drained });
    });

    it('reports only what was open when the shutdown began', async () => {
      const started = await startServer({ protocol: polite });
      const gone = emitted(started.server, 'connection.closed');
      (await openClient(started)).end();
      await gone;
      await openClient(started);

      const summary = await started.server.shutdown();

      expect(summary.drained).toEqual([ended('handlerFinished', 0, 7, 'connection:2')]);
      expect(summary.reasons).toEqual({ peerClosed: 1, handlerFinished: 1 });
    });
  });

  it('has stopped accepting when it tells the handlers', async () => {
    let outcome: Promise<string> | undefined;
    const port = (): number => started.port;
    const started: Started = await startServer({
      protocol: handler(({ receive, emit }) => {
        receive(({ type }) => {
          if (type !== 'control.serverShutdown') return;
          outcome = attempt(port());
          void outcome.then(() => {
            emit({ type: 'signal.producerFinished' });
          });
        });
      }),
    });
    await openClient(started);

    const { connections, rejected } = await started.server.shutdown();

    expect(await outcome).toBe('ECONNREFUSED');
    expect([connections, rejected]).toEqual([1, 0]);
  });

  it('ends a connection as soon as its handler is done, and waits for the others', async () => {
    const started = await startServer({ protocol: (info) => (info.id === 'connection:1' ? deaf : polite) });
    const slow = await openClient(started);
    const quick = await openClient(started);
    const closed = emitted<Emitted<'connection.closed'>>(started.server, 'connection.closed');

    started.server.send({ type: 'control.serverShutdown' });

    expect(await closed).toMatchObject({ id: 'connection:2', reason: 'handlerFinished' });
    expect(await quick.closed).toBe('clean');
    expect(started.server.actor.getSnapshot().matches({ draining: 'finishing' })).toBe(true);
    slow.end();
    expect((await started.server.closed).drained.map(({ reason }) => reason)).toEqual([
      'handlerFinished',
      'peerClosed',
    ]);
  });

  it('flushes megabytes to a client that had stopped reading, and the goodbye behind them', async () => {
    const started = await startServer({ protocol: generous });
    const client = await openClient(started, { reads: false });

    const draining = emitted(started.server, 'server.draining');
    const summary = started.server.shutdown();
    await draining;
    // now it reads, a chunk in each turn of the event loop
    client.socket.on('data', () => {
      client.stopReading();
      setImmediate(() => client.resumeReading());
    });
    client.resumeReading();

    const received = await client.receiveAll();
    expect(received.length).toBe(megabytes.length + 7);
    expect(received.subarray(0, megabytes.length).equals(megabytes)).toBe(true);
    expect(received.subarray(megabytes.length).toString()).toBe('goodbye');
    expect((await summary).drained).toEqual([ended('handlerFinished', 0, megabytes.length + 7)]);
  });

  it('cuts the rest at shutdownTimeout, and reports how each ended', async () => {
    const protocols = [polite, unaware, deaf, flood];
    const started = await startServer({
      shutdownTimeout: 1_000,
      protocol: ({ id }) => protocols[Number(id.split(':')[1]) - 1] ?? echo,
    });
    for (let others = 1; others < protocols.length; others += 1) await openClient(started);
    const notReading = await openClient(started, { reads: false });

    const { drained, reasons } = await started.server.shutdown();

    expect(new Map(drained.map(({ id, reason }) => [id, reason]))).toEqual(
      new Map([
        ['connection:1', 'handlerFinished'],
        ['connection:2', 'serverShutdown'],
        ['connection:3', 'aborted'],
        ['connection:4', 'aborted'],
      ]),
    );
    expect(reasons).toEqual({ handlerFinished: 1, serverShutdown: 1, aborted: 2 });
    const cut = drained.find(({ id }) => id === 'connection:4');
    expect(cut?.bytesOut).toBeLessThan(tooMuch.length);
    notReading.resumeReading();
    expect((await notReading.receiveAll()).length).toBe(cut?.bytesOut);
  });

  it('takes its timeout from the event, when it has one', async () => {
    const started = await startServer({ protocol: deaf, shutdownTimeout: 1_000_000 });
    await openClient(started);
    started.server.send({ type: 'control.serverShutdown', timeout: 10 });
    expect((await started.server.closed).reasons).toEqual({ aborted: 1 });
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
