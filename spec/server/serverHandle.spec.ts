import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import {
  createServerCore,
  createSingleServer,
  echo,
  ListenError,
  type ServerCore,
  type SingleServer,
} from '../../server/index';
import { collect, emitted } from '../support/events';
import { atEnd, connectClient, knock, openClient } from '../support/fixtures';

interface Options {
  readonly port?: number;
}

const kinds: [string, (options?: Options) => ServerCore | SingleServer][] = [
  ['ServerCore', (options) => createServerCore({ protocol: echo, port: 0, ...options })],
  ['SingleServer', (options) => createSingleServer({ protocol: echo, port: 0, ...options })],
];

describe.each(kinds)('The handle of a %s', (_, create) => {
  let server: ServerCore | SingleServer;
  const spies = (['log', 'info', 'warn', 'error'] as const).map((name) => jest.spyOn(console, name));

  beforeEach(() => {
    server = create();
  });

  afterEach(async () => {
    await server.shutdown({ timeout: 0 }).catch(() => undefined);
    // the core prints nothing
    const [said] = spies.flatMap(({ mock }) => mock.calls);
    if (said !== undefined) throw new Error(`Printed: ${String(said[0])}`);
  });

  it('starts once: a second start() has the same answer', async () => {
    const listening = collect(server, 'server.listening');
    const [first, second] = [server.start(), server.start()];
    expect(second).toBe(first);
    const address = await first;
    expect(await server.start()).toEqual(address);
    expect(listening).toHaveLength(1);
  });

  it('knows its address from the moment that it listens', async () => {
    expect(server.address).toBeUndefined();
    const start = server.start();
    expect(server.address).toBeUndefined();
    const address = await start;
    expect(server.address).toEqual(address);
    await server.shutdown();
    expect(server.address).toEqual(address);
  });

  it('says ERR_SERVER_CLOSED when it is started after its shutdown, although it had been started before', async () => {
    await server.start();
    await server.shutdown();
    await expect(server.start()).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED', name: 'ServerchartError' });
  });

  it('says ERR_SERVER_CLOSED when it is started after a shutdown that came before', async () => {
    await server.shutdown();
    await expect(server.start()).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
  });

  it('does not mistake a suspension and its end for a start', async () => {
    const address = await server.start();
    if (_ === 'SingleServer') return;
    server.send({ type: 'control.suspend' } as never);
    const again = emitted(server, 'server.listening');
    server.send({ type: 'control.resume' } as never);
    expect(await again).toEqual({ type: 'server.listening', ...address });
    expect(await server.start()).toEqual(address);
  });

  it('resolves closed with the summary, whoever ended the server', async () => {
    await server.start();
    const shutdown = emitted<{ type: string }>(server, 'server.shutdown');
    server.actor.send({ type: 'control.serverShutdown' });
    const summary = await server.closed;
    const { type, ...emittedSummary } = await shutdown;
    expect(summary).toEqual({ ...emittedSummary, durationMs: expect.any(Number) });
    expect(summary.durationMs).toBeGreaterThanOrEqual(0);
    expect(await server.shutdown()).toBe(summary);
  });

  it('resolves closed when the actor is stopped', async () => {
    await server.start();
    server.actor.stop();
    expect(await server.closed).toMatchObject({ connections: 0, drained: [] });
    expect(await server.shutdown()).toMatchObject({ connections: 0 });
  });

  it('is heard with on(), one box or all of them, until one stops listening', async () => {
    const all = collect<{ type: string }>(server);
    const some = collect<{ type: string }>(server, 'connection.opened');
    const none: unknown[] = [];
    (server as ServerCore).on('*', (event) => none.push(event)).unsubscribe();
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    expect(all.map(({ type }) => type).slice(0, 3)).toEqual([
      'server.listening',
      'connection.opened',
      'connection.closed',
    ]);
    expect(some).toHaveLength(1);
    expect(some[0]).toMatchObject({ id: 'connection:1', peer: '127.0.0.1', localport: port });
    expect(none).toEqual([]);
  });

  it('takes events before its start: they are handled when it starts', async () => {
    server.send({ type: 'control.serverShutdown' });
    await expect(server.start()).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
    expect(await server.closed).toMatchObject({ connections: 0 });
  });

  it('ignores what is sent to it after its end', async () => {
    await server.start();
    await server.shutdown();
    const events = collect(server);
    server.send({ type: 'control.serverShutdown' });
    server.send({ type: 'control.shutdownMicroprocess' });
    server.send({ type: 'no.such.event' } as never);
    server.send({ type: 'inbox', data: 'too late' } as never);
    expect(events).toEqual([]);
    expect(server.actor.getSnapshot().status).toBe('done');
  });

  it('ignores events that it does not know', async () => {
    const { port } = await server.start();
    server.send({ type: 'no.such.event' } as never);
    await openClient({ server: server as ServerCore, port });
    expect(server.actor.getSnapshot().status).toBe('active');
  });

  it('shuts down when a scope that said await using is left', async () => {
    let port: number;
    let closed: Promise<unknown>;
    {
      await using scoped = create();
      ({ port } = await scoped.start());
      closed = scoped.closed;
      await openClient({ server: scoped as ServerCore, port });
    }
    expect(await closed).toMatchObject({ connections: 1, drained: [{ id: 'connection:1' }] });
    expect(await knock(port)).toBe('ECONNREFUSED');
  });

  it('lets a scope be left that never started it, or had shut it down', async () => {
    {
      await using scoped = create();
      expect(scoped.address).toBeUndefined();
    }
    {
      await using scoped = create();
      await scoped.start();
      await scoped.shutdown();
    }
    expect(server.address).toBeUndefined();
  });

  it('lets a scope be left whose start failed, with the error of the start', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    atEnd(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const scope = async (): Promise<void> => {
      await using scoped = create({ port });
      await scoped.start();
    };
    const error: unknown = await scope().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
  });

  it('causes no unhandled rejection when nobody looks at what failed', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled).on('uncaughtException', unhandled);
    atEnd(() => process.off('unhandledRejection', unhandled).off('uncaughtException', unhandled));
    const { port } = await server.start();
    const failing = create({ port });
    const failed = emitted(failing, 'server.failed');
    await expect(failing.start()).rejects.toBeInstanceOf(ListenError);
    await failed;
    await create().shutdown();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(unhandled).not.toHaveBeenCalled();
  });
});
