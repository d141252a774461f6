import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { accepted, Net, networks, portOf, turns } from '../../support/networks';

const connections = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.getConnections((_error, count) => {
      resolve(count);
    });
  });

describe.each(networks)('A server on %s', (_, make) => {
  const net = new Net(make);

  it('counts its connections until they are destroyed', async () => {
    const server = await net.listen();
    expect(await connections(server)).toBe(0);
    const [, first] = await net.connect(server);
    const [client] = await net.connect(server);
    expect(await connections(server)).toBe(2);
    client.socket.destroy();
    await turns();
    // the other end has not noticed
    expect(await connections(server)).toBe(2);
    const counted = connections(server);
    first.socket.destroy();
    expect(await counted).toBe(2);
    expect(await connections(server)).toBe(1);
  });

  it('drops who comes beyond maxConnections, and tells who that was', async () => {
    const server = await net.listen();
    server.maxConnections = 1;
    const [, first] = await net.connect(server);
    const dropping = once(server, 'drop');
    const second = net.call(server).reads();
    await second.sees('connect');
    const { localPort } = second.socket;
    expect((await dropping)[0]).toEqual({
      ...{ localAddress: '127.0.0.1', localPort: portOf(server), localFamily: 'IPv4' },
      ...{ remoteAddress: '127.0.0.1', remotePort: localPort, remoteFamily: 'IPv4' },
    });
    await second.sees('end');
    expect(second.log).toEqual(['connect', 'end']);
    expect(await connections(server)).toBe(1);
    first.socket.destroy();
    const [third] = await net.connect(server);
    expect(third.log).toEqual(['connect']);
  });

  it('gives its sockets their high-water mark', async () => {
    const server = await net.listen({}, { highWaterMark: 1_000 });
    const [, { socket }] = await net.connect(server);
    expect([socket.readableHighWaterMark, socket.writableHighWaterMark]).toEqual([1_000, 1_000]);
  });

  it('has sockets that end with their peer, unless it allows half-open ones', async () => {
    const server = await net.listen({}, { allowHalfOpen: false });
    const [client, other] = await net.connect(server);
    other.reads();
    client.reads().socket.end('bye');
    expect(await other.closed).toEqual(['end', 'finish', 'closed']);
    expect(await client.closed).toEqual(['connect', 'finish', 'end', 'closed']);
  });

  it('stays the same when it is referenced and unreferenced', async () => {
    const server = await net.listen();
    expect(server.unref().ref()).toBe(server);
  });

  describe('listens', () => {
    it('on a port or a port of a host, and calls back', async () => {
      const server = net.network.createServer({});
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const port = portOf(server);
      server.close();
      await once(server, 'close');
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', 5, resolve));
      expect(portOf(server)).toBe(port);
      const arrival = accepted(server);
      await net.call({ host: '127.0.0.1', port }).sees('connect');
      (await arrival).socket.destroy();
      server.close();
      await once(server, 'close');
      await new Promise<void>((resolve) => server.listen(resolve));
      expect(portOf(server)).toBeGreaterThan(1024);
      server.close();
    });

    it('with a listener beside its options', async () => {
      const server = net.network.createServer({});
      await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
      expect(server.listening).toBe(true);
      server.close();
    });

    it('once at a time', async () => {
      const server = await net.listen();
      expect(() => server.listen(0)).toThrow(
        expect.objectContaining({
          code: 'ERR_SERVER_ALREADY_LISTEN',
          message: 'Listen method has been called more than once without closing.',
        }),
      );
    });
  });

  describe('closes', () => {
    it('once its last connection is destroyed, before that says so itself', async () => {
      const server = await net.listen();
      const [, { socket, log }] = await net.connect(server);
      server.on('close', () => log.push('server closed'));
      server.close(() => log.push('called back'));
      await turns();
      expect(log).toEqual([]);
      socket.destroy();
      await turns();
      expect(log).toEqual(['server closed', 'called back', 'closed']);
    });

    it('with an error for who closes it when it is closed', async () => {
      const server = await net.listen();
      expect(await new Promise((resolve) => server.close(resolve))).toBeUndefined();
      expect(await new Promise((resolve) => server.close(resolve))).toMatchObject({
        ...{ code: 'ERR_SERVER_NOT_RUNNING', message: 'Server is not running.' },
      });
    });

    it('when it goes out of scope, as soon as it has no connections', async () => {
      const server = await net.listen();
      const [, { socket, log }] = await net.connect(server);
      const disposed = server[Symbol.asyncDispose]().then(() => log.push('disposed'));
      await turns();
      expect([server.listening, log]).toEqual([false, []]);
      socket.destroy();
      await disposed;
      await expect(server[Symbol.asyncDispose]()).resolves.toBeUndefined();
    });
  });
});
