import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { constants } from 'node:os';
import { accepted, Net, networks, Peer, portOf, tick, turns } from '../../support/networks';

const failure = async (socket: NodeJS.EventEmitter): Promise<NodeJS.ErrnoException> =>
  (await once(socket, 'error'))[0] as NodeJS.ErrnoException;

describe.each(networks)('How one connects on %s', (_, make) => {
  const net = new Net(make);

  describe('a port', () => {
    it('is a free one when 0 was asked for', async () => {
      const [first, second] = [await net.listen(), await net.listen()];
      expect(first.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: expect.any(Number) });
      expect(portOf(first)).toBeGreaterThan(1024);
      expect(portOf(second)).not.toBe(portOf(first));
    });

    it('has one listener', async () => {
      const port = portOf(await net.listen());
      const second = net.open({ port });
      const error = await failure(second);
      expect(error.message).toBe(`listen EADDRINUSE: address already in use 127.0.0.1:${String(port)}`);
      expect(error).toMatchObject({
        code: 'EADDRINUSE',
        syscall: 'listen',
        address: '127.0.0.1',
        port,
        errno: -constants.errno.EADDRINUSE,
      });
      expect(second.listening).toBe(false);
    });

    it('is free again once its server has closed, also with a connection open', async () => {
      const first = await net.listen();
      const port = portOf(first);
      await net.connect(first);
      first.close();
      expect(first.listening).toBe(false);
      expect(first.address()).toBeNull();
      const second = await net.listen({ port });
      expect(portOf(second)).toBe(port);
      const [client] = await net.connect(second);
      expect(client.log).toEqual(['connect']);
    });

    it('is never opened by a server that was closed in the same moment', async () => {
      const server = net.open();
      server.close();
      await turns();
      expect(server.listening).toBe(false);
    });

    it('is none for a file descriptor that is no socket', async () => {
      const server = net.network.createServer({});
      server.listen({ fd: 9_999 });
      expect(await failure(server)).toMatchObject({ code: 'EINVAL', syscall: 'listen' });
    });
  });

  describe('a client', () => {
    it('is refused where nobody listens, with the system’s error', async () => {
      const server = await net.listen();
      const port = portOf(server);
      server.close();
      const { socket, closed } = net.call({ host: '127.0.0.1', port });
      expect(socket.connecting).toBe(true);
      const error = await failure(socket);
      expect(error.message).toBe(`connect ECONNREFUSED 127.0.0.1:${String(port)}`);
      expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port });
      expect(await closed).toEqual(['connect ECONNREFUSED', 'closed by error']);
    });

    it('is refused at a path that nobody listens on', async () => {
      const { socket } = net.call({ path: '/nowhere/at all.sock' });
      const error = await failure(socket);
      expect(error.message).toBe('connect ENOENT /nowhere/at all.sock');
      expect(error).toMatchObject({ code: 'ENOENT', syscall: 'connect', address: '/nowhere/at all.sock' });
    });

    it('and its other end have each other’s addresses', async () => {
      const server = await net.listen();
      const [client, other] = await net.connect(server);
      expect(client.socket).toMatchObject({
        ...{ remoteAddress: '127.0.0.1', remotePort: portOf(server), localAddress: '127.0.0.1' },
        ...{ localPort: other.socket.remotePort, connecting: false },
      });
      expect(other.socket).toMatchObject({
        ...{ remoteAddress: '127.0.0.1', localPort: portOf(server), localAddress: '127.0.0.1', connecting: false },
      });
    });

    it('hears of a reset without reading, unless it was paused', async () => {
      const server = await net.listen();
      const [reading, first] = await net.connect(server);
      const arrival = accepted(server);
      const paused = net.call(server);
      paused.socket.pause();
      const second = await arrival;
      await paused.sees('connect');
      first.socket.resetAndDestroy();
      second.socket.resetAndDestroy();
      expect(await reading.closed).toEqual(['connect', 'read ECONNRESET', 'closed by error']);
      await turns();
      expect(paused.log).toEqual(['connect']);
    });

    it('has ports of its own', async () => {
      const server = await net.listen();
      const [[first], [second]] = [await net.connect(server), await net.connect(server)];
      expect(first.socket.localPort).not.toBe(second.socket.localPort);
    });

    it('may write and end before it is connected', async () => {
      const server = await net.listen();
      const arrival = accepted(server);
      const client = net.call(server);
      const writes = [client.write('early '), client.write('bird')];
      client.socket.end();
      const other = (await arrival).reads();
      await other.sees('end');
      expect(other.received.toString()).toBe('early bird');
      expect(await Promise.all(writes)).toEqual(['written', 'written']);
      expect(client.log).toEqual(['connect', 'finish']);
      other.socket.end();
      expect(await client.reads().closed).toEqual(['connect', 'finish', 'end', 'closed']);
    });

    it('that is destroyed at once is never seen', async () => {
      const server = await net.listen();
      let arrivals = 0;
      server.on('connection', () => (arrivals += 1));
      const client = net.call(server);
      client.socket.destroy();
      expect(await client.closed).toEqual(['closed']);
      await turns();
      expect(arrivals).toBe(0);
    });

    it('that is destroyed while its connection is being made comes, and has ended', async () => {
      const server = await net.listen();
      const arrival = accepted(server);
      const client = net.call(server);
      await tick();
      client.socket.destroy();
      expect(await client.closed).toEqual(['closed']);
      const other = (await arrival).reads();
      await other.sees('end');
      expect(other.received.length).toBe(0);
    });

    it('that is reset while its connection is being made resets it once it stands', async () => {
      const server = await net.listen();
      const arrival = accepted(server);
      const client = net.call(server);
      client.socket.resetAndDestroy();
      expect(await client.closed).toEqual(['connect', 'closed']);
      expect(await (await arrival).reads().closed).toEqual(['read ECONNRESET', 'closed by error']);
    });

    it('that is destroyed before it is connected has written nothing', async () => {
      const server = await net.listen();
      const client = net.call(server);
      const written = client.write('never');
      client.socket.destroy();
      expect(await written).toBe('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
    });
  });

  describe('a server', () => {
    it('accepts all who came in the same moment, in order, each with its bytes', async () => {
      const server = await net.listen();
      const arrived: Peer[] = [];
      server.on('connection', (socket) => arrived.push(new Peer(socket)));
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const name of names) net.call(server).socket.end(name);
      while (arrived.length < names.length) await once(server, 'connection');
      const received = await Promise.all(arrived.map(async (peer) => (await peer.reads().sees('end'), peer.received)));
      expect(received.map(String)).toEqual(names);
    });

    it('answers more than its backlog has room for by and by', async () => {
      const server = await net.listen({ backlog: 3 });
      let arrivals = 0;
      server.on('connection', () => (arrivals += 1));
      const clients = Array.from({ length: 6 }, () => net.call(server));
      await Promise.all(clients.map((client) => client.sees('connect')));
      while (arrivals < 6) await once(server, 'connection');
      expect(clients.flatMap(({ log }) => log)).toEqual(Array.from({ length: 6 }, () => 'connect'));
    });

    it('hears nothing of a client that left while there was no room for it', async () => {
      const server = await net.listen({ backlog: 1 });
      let arrivals = 0;
      server.on('connection', () => (arrivals += 1));
      const clients = Array.from({ length: 5 }, () => net.call(server));
      const last = clients.at(-1);
      await tick();
      last?.socket.destroy();
      await Promise.all(clients.slice(0, -1).map((client) => client.sees('connect')));
      await turns();
      expect([arrivals, last?.log]).toEqual([4, ['closed']]);
    });

    it('that closes before it has accepted a client resets it', async () => {
      const server = await net.listen();
      let arrivals = 0;
      server.on('connection', () => (arrivals += 1));
      const client = net.call(server);
      await tick();
      server.close();
      expect(await client.closed).toEqual(['connect ECONNRESET', 'closed by error']);
      expect(arrivals).toBe(0);
    });

    it('that closes in the moment of the call refuses', async () => {
      const server = await net.listen();
      const client = net.call(server);
      server.close();
      expect(await client.closed).toEqual(['connect ECONNREFUSED', 'closed by error']);
    });

    it('that closes leaves its connections open, and says so when the last has closed', async () => {
      const server = await net.listen();
      const [client, other] = await net.connect(server);
      let isClosed = false;
      const closed = once(server, 'close').finally(() => (isClosed = true));
      server.close();
      await client.write('still there');
      expect(await other.reads().receives(11)).toBe('still there');
      await turns();
      expect(isClosed).toBe(false);
      other.socket.destroy();
      await closed;
    });

    it('that closes without connections says so in a later moment', async () => {
      const server = await net.listen();
      let isClosed = false;
      const closed = once(server, 'close').finally(() => (isClosed = true));
      server.close();
      expect(isClosed).toBe(false);
      await closed;
    });

    it('may listen again', async () => {
      const server = await net.listen();
      const port = portOf(server);
      server.close();
      await once(server, 'close');
      server.listen({ host: '127.0.0.1', port });
      await once(server, 'listening');
      const [client] = await net.connect(server);
      expect(client.socket.remotePort).toBe(port);
    });

    it('hands on sockets that read at once unless it is told to pause them', async () => {
      const server = await net.listen({}, { pauseOnConnect: false });
      const [client, other] = await net.connect(server);
      client.socket.resetAndDestroy();
      expect(await other.closed).toEqual(['read ECONNRESET', 'closed by error']);
    });
  });
});
