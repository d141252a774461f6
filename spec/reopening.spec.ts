import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createSingleServer, ListenError, type ServerCore } from '../server/index';
import { Client } from './support/client';
import { collect, eventually } from './support/events';
import { atEnd, attempt, openClient, startServer } from './support/fixtures';

/** Somebody else, on a port or a path. */
async function occupy(place: number | string): Promise<Server> {
  const other = typeof place === 'string' ? createServer().listen(place) : createServer().listen(place, '127.0.0.1');
  atEnd(async () => {
    other.close();
    await once(other, 'close');
  });
  await once(other, 'listening');
  return other;
}

describe('A server that opens its port again', () => {
  it('fails when somebody has taken it during a suspension, and closes its connections', async () => {
    const started = await startServer();
    const clients = [await openClient(started), await openClient(started)];
    started.server.send({ type: 'control.suspend' });
    await occupy(started.port);
    const events = collect<{ type: string }>(started.server);

    started.server.send({ type: 'control.resume' });

    const error: unknown = await started.server.closed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.1', port: started.port });
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(['clean', 'clean']);
    expect(events).toContainEqual({ type: 'server.failed', error });
    await expect(started.server.shutdown()).rejects.toBe(error);
  });

  it('fails, and closes the clients that queue, too', async () => {
    const started = await startServer({ maxConnections: 1, whenBusy: 'queue' });
    const served = await openClient(started);
    const queued = await Client.connect(started.port);
    await eventually(() => (started.server as ServerCore).actor.getSnapshot().context.queue.length === 1);
    started.server.send({ type: 'control.suspend' });
    await occupy(started.port);
    started.server.send({ type: 'control.resume' });
    await expect(started.server.closed).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await Promise.all([served.ended, queued.ended]);
    served.end();
    queued.end();
    expect(await Promise.all([served.closed, queued.closed])).toEqual(['clean', 'clean']);
  });

  it('fails when somebody has taken it while it was full and refused', async () => {
    const started = await startServer({ maxConnections: 2, whenBusy: 'refuse' });
    const [leaving, staying] = [await openClient(started), await openClient(started)] as const;
    expect(await attempt(started.port)).toBe('ECONNREFUSED');
    await occupy(started.port);

    leaving.end();

    await expect(started.server.closed).rejects.toMatchObject({ code: 'EADDRINUSE', port: started.port });
    expect(await staying.closed).toBe('clean');
    expect(started.server.actor.system.getSnapshot()._scheduledEvents).toEqual({});
  });

  it('fails as a SingleServer, too', async () => {
    const server = createSingleServer({ port: 0, whenBusy: 'refuse' });
    const { port } = await server.start();
    const client = await openClient({ server: server as unknown as ServerCore, port });
    expect(await attempt(port)).toBe('ECONNREFUSED');
    await occupy(port);
    client.end();
    await expect(server.closed).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    expect(await client.closed).toBe('clean');
  });
});
