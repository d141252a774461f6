import { describe, expect, it } from '@jest/globals';
import { createServerCore, createSingleServer, echo, type ServerSummary } from '../server/index';
import { Client } from './support/client';
import { collect, emitted, eventually } from './support/events';
import {
  atEnd,
  attempt,
  connectClient,
  deaf,
  flood,
  handler,
  openClient,
  polite,
  startServer,
  tooMuch,
  type Emitted,
  type Started,
} from './support/fixtures';

/** Cuts a server, and expects that it has ended when `send` returns. */
function cut({ server }: Pick<Started, 'server'>): ServerSummary {
  server.send({ type: 'control.shutdownMicroprocess' });
  const { status, output } = server.actor.getSnapshot();
  expect(status).toBe('done');
  return output as unknown as ServerSummary;
}

const patient = { shutdownTimeout: 1_000_000 };

describe('control.shutdownMicroprocess', () => {
  it('ends the server at once, with every connection cut', async () => {
    const started = await startServer({ ...patient, protocol: polite });
    const clients = [await openClient(started), await openClient(started)];
    const events = collect<{ type: string }>(started.server);

    const summary = cut(started);

    expect(summary.drained.map(({ id, reason }) => [id, reason])).toEqual([
      ['connection:1', 'aborted'],
      ['connection:2', 'aborted'],
    ]);
    expect(summary.reasons).toEqual({ aborted: 2 });
    expect(events.map(({ type }) => type)).toEqual([
      '_serversignal.serverShutdown',
      'server.draining',
      'connection.closed',
      'connection.closed',
      'server.shutdown',
    ]);
    expect(await attempt(started.port)).toBe('ECONNREFUSED');
    // no goodbye
    expect(await Promise.all(clients.map(async (client) => (await client.receiveAll()).length))).toEqual([0, 0]);
    expect(await started.server.closed).toMatchObject({ reasons: { aborted: 2 } });
  });

  it('tells each handler that its connection is over, and nothing of a shutdown', async () => {
    const heard: object[] = [];
    const started = await startServer({
      protocol: handler(({ receive }) => {
        receive((event) => {
          heard.push(event);
        });
      }),
    });
    await openClient(started);
    cut(started);
    expect(heard).toEqual([{ type: 'control.socketShutdown', reason: 'aborted' }]);
  });

  it('throws away what a slow client has not taken', async () => {
    const started = await startServer({ ...patient, protocol: flood });
    const client = await openClient(started, { reads: false });
    const { drained, bytesOut } = cut(started);
    expect(drained).toMatchObject([{ reason: 'aborted', bytesOut }]);
    expect(bytesOut).toBeLessThan(tooMuch.length);
    client.resumeReading();
    expect((await client.receiveAll()).length).toBe(bytesOut);
  });

  it('turns queued clients away', async () => {
    const started = await startServer({ ...patient, maxConnections: 1, whenBusy: 'queue' });
    const serving = await openClient(started);
    const queued = await connectClient(started.port);
    await eventually(() => started.server.actor.getSnapshot().context.queue.length === 1);
    const rejected = collect<Emitted<'connection.rejected'>>(started.server, 'connection.rejected');
    expect(cut(started)).toMatchObject({ connections: 1, rejected: 1, reasons: { aborted: 1 } });
    expect(rejected.map(({ reason, info }) => [reason, info?.id])).toEqual([['serverShutdown', 'connection:2']]);
    expect(await Promise.all([serving.closed, queued.closed])).toEqual(['clean', 'clean']);
  });

  it('cuts short a drain that waits for its handlers', async () => {
    const started = await startServer({ ...patient, protocol: deaf });
    const client = await openClient(started);
    const shutdown = started.server.shutdown();
    await attempt(started.port);
    expect(started.server.actor.getSnapshot().matches({ draining: 'finishing' })).toBe(true);
    expect(cut(started).reasons).toEqual({ aborted: 1 });
    expect((await shutdown).reasons).toEqual({ aborted: 1 });
    expect(await client.closed).toBe('clean');
  });

  it('cuts short a drain that waits for a client to end its side', async () => {
    const started = await startServer({ ...patient, protocol: polite, lingerTimeout: 1_000_000 });
    const opened = emitted(started.server, 'connection.opened');
    const client = await Client.connect(started.port);
    atEnd(() => client.destroy());
    await opened;
    started.server.send({ type: 'control.serverShutdown' });
    await client.ended;
    expect(cut(started).connections).toBe(1);
    expect(client.received.toString()).toBe('goodbye');
  });

  it('works while the port is suspended, and while it is closed because the server is full', async () => {
    const suspended = await startServer(patient);
    await openClient(suspended);
    suspended.server.send({ type: 'control.suspend' });
    expect(cut(suspended).reasons).toEqual({ aborted: 1 });

    const refusing = await startServer({ ...patient, maxConnections: 1, whenBusy: 'refuse' });
    await openClient(refusing);
    expect(refusing.server.actor.getSnapshot().matches({ listening: { full: 'refusing' } })).toBe(true);
    expect(cut(refusing).reasons).toEqual({ aborted: 1 });
    expect(await attempt(refusing.port)).toBe('ECONNREFUSED');
  });

  it.each([
    ['ServerCore', (): Started['server'] => createServerCore({ protocol: echo, port: 0 })],
    ['SingleServer', (): Started['server'] => createSingleServer({ port: 0 }) as unknown as Started['server']],
  ])('ends a %s that is still starting, and start() says why', async (_, create) => {
    const server = create();
    const events = collect<{ type: string }>(server);
    const start = server.start();
    expect(cut({ server })).toMatchObject({ connections: 0, rejected: 0, reasons: {}, drained: [] });
    await expect(start).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED', name: 'ServerchartError' });
    // had the port been opened after all, it would be seen by now
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.map(({ type }) => type)).toEqual([
      '_serversignal.serverShutdown',
      'server.draining',
      'server.shutdown',
    ]);
  });

  it('ends a SingleServer at once, with its client and with those that queue', async () => {
    const server = createSingleServer({ port: 0, whenBusy: 'queue' });
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    const queued = await connectClient(port);
    await eventually(() => server.actor.getSnapshot().context.queue.length === 1);
    const summary = cut({ server: server as unknown as Started['server'] });
    expect(summary).toMatchObject({ connections: 1, rejected: 1, reasons: { aborted: 1 } });
    expect(summary.drained.map(({ id, reason }) => [id, reason])).toEqual([['connection:1', 'aborted']]);
    expect(await Promise.all([client.closed, queued.closed])).toEqual(['clean', 'clean']);
  });
});
