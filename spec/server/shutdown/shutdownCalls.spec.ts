import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createServerCore, createSingleServer, echo } from '../../../server/index';
import { SimulatedClock } from '../../../server/testing/index';
import { collect } from '../../support/events';
import { deaf, knock, openClient, polite, startServer } from '../../support/fixtures';

const nothing = { connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, reasons: {}, drained: [] };

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('shutdown()', () => {
  it('called twice drains once and answers both', async () => {
    const started = await startServer({ protocol: polite });
    const client = await openClient(started);
    const draining = collect(started.server, 'server.draining');
    const [first, second] = await Promise.all([started.server.shutdown(), started.server.shutdown()]);
    expect(first).toBe(second);
    expect(first.reasons).toEqual({ handlerFinished: 1 });
    expect(draining).toHaveLength(1);
    expect((await client.receiveAll()).toString()).toBe('goodbye');
    expect(await started.server.shutdown()).toBe(first);
  });

  it('keeps to the timeout of the first call', async () => {
    const clock = new SimulatedClock();
    const started = await startServer({ protocol: deaf, clock });
    await openClient(started);
    const shutdown = started.server.shutdown({ timeout: 1_000_000 });
    void started.server.shutdown({ timeout: 0 });
    started.server.send({ type: 'control.serverShutdown', timeout: 0 });
    await clock.advance(999_999);
    expect(started.server.actor.getSnapshot().context.open).toBe(1);
    await clock.advance(1);
    expect((await shutdown).reasons).toEqual({ aborted: 1 });
  });

  it('takes a timeout of 0: the handlers are told, and then cut', async () => {
    const started = await startServer({ protocol: deaf });
    await openClient(started);
    expect((await started.server.shutdown({ timeout: 0 })).reasons).toEqual({ aborted: 1 });
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 31, '5', null])(
    'refuses the timeout %p, and the server goes on',
    async (timeout) => {
      const started = await startServer({ protocol: deaf });
      const client = await openClient(started);
      const shutdown = started.server.shutdown({ timeout } as never);
      await expect(shutdown).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
        name: 'InvalidOptionError',
        option: 'timeout',
        value: timeout,
      });
      expect(started.server.actor.getSnapshot().matches('listening')).toBe(true);
      client.end();
    },
  );

  describe.each([
    ['ServerCore', (port: number) => createServerCore({ protocol: echo, port })],
    ['SingleServer', (port: number) => createSingleServer({ port })],
  ])('of a %s', (_, create) => {
    it('before start() opens nothing, then or later', async () => {
      const port = await freePort();
      const server = create(port);
      const events = collect(server);
      expect(await server.shutdown()).toMatchObject(nothing);
      expect(await server.closed).toMatchObject(nothing);
      await expect(server.start()).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
      expect(await knock(port)).toBe('ECONNREFUSED');
      expect(events).toEqual([]);
    });

    it('while it starts lets it end before it has listened, and start() says so', async () => {
      const port = await freePort();
      const server = create(port);
      const events = collect<{ type: string }>(server);
      const start = server.start();
      const summary = server.shutdown();
      await expect(start).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED', name: 'ServerchartError' });
      expect(await summary).toMatchObject(nothing);
      expect(await knock(port)).toBe('ECONNREFUSED');
      expect(events.map(({ type }) => type)).toEqual([
        '_serversignal.serverShutdown',
        'server.draining',
        'server.shutdown',
      ]);
    });

    it('of an actor that was started by hand waits for its end, too', async () => {
      const server = create(0);
      server.actor.start();
      expect(await server.shutdown()).toMatchObject(nothing);
      expect(server.actor.getSnapshot().status).toBe('done');
    });

    it('while the host is still looked up leaves nothing behind', async () => {
      const server =
        _ === 'ServerCore'
          ? createServerCore({ protocol: echo, port: 0, host: 'localhost' })
          : createSingleServer({ port: 0, host: 'localhost' });
      const start = server.start();
      server.send({ type: 'control.serverShutdown' });
      await expect(start).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
      expect(server.actor.getSnapshot().status).toBe('done');
      expect(server.address).toBeUndefined();
    });

    it('right after the first shutdown frees the same port again and again', async () => {
      const port = await freePort();
      for (let round = 0; round < 5; round += 1) {
        const server = create(port);
        expect(await server.start()).toEqual({ address: '127.0.0.1', port });
        await server.shutdown();
      }
    });
  });
});
