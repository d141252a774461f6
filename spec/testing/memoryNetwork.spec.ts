import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createActor, type AnyActor } from 'xstate';
import { echo, serverCore, setupProtocol, type ServerEmitted } from '../../server/index';
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../../server/testing/index';
import { collect } from '../support/events';
import { accepted, Peer, tick } from '../support/networks';
import { Recorder } from '../support/recorder';

/** Makes a network with a connection whose ends don't read. */
async function connect(options?: MemoryNetworkOptions): Promise<[MemoryNetwork, client: Peer, accepted: Peer]> {
  const network = memoryNetwork(options);
  const server = network.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen({ host: '127.0.0.1', port: 1601 });
  const arrival = accepted(server);
  const client = new Peer(network.createConnection({ host: '127.0.0.1', port: 1601, allowHalfOpen: true }));
  await network.clock.advance(1_000);
  client.log.length = 0;
  return [network, client, await arrival];
}

describe('memoryNetwork', () => {
  const actors: AnyActor[] = [];
  afterEach(() => {
    for (const actor of actors.splice(0)) actor.stop();
  });

  describe('settled', () => {
    it('comes when all bytes have arrived, whatever they have to pass', async () => {
      const [network, client, server] = await connect({ window: 1_000 });
      server.socket.pipe(server.socket);
      client.reads();
      const all = Buffer.alloc(200_000, 'abc');
      client.socket.end(all);
      await network.clock.settled();
      expect(client.received.equals(all)).toBe(true);
      expect(client.log).toEqual(['finish', 'end', 'closed']);
    });

    it('comes when a peer does not read, and then again when it does', async () => {
      const [network, client, server] = await connect();
      void client.write(Buffer.alloc(1_000_000));
      await network.clock.settled();
      expect(client.socket.writableLength).toBe(1_000_000);
      server.reads();
      await network.clock.settled();
      expect(server.received.length).toBe(1_000_000);
    });
  });

  describe('the window', () => {
    it('is what leaves a writer whose peer does not read', async () => {
      const recorder = new Recorder();
      const network = memoryNetwork({ window: 5_000 });
      const { clock } = network;
      const input = { protocol: recorder.protocol, port: 1601, maxBufferedBytes: 0 };
      const server = network.host(createActor(serverCore, { input, clock }));
      actors.push(server);
      const closed = collect<ServerEmitted>(server, 'connection.closed');
      server.start();
      await clock.settled();
      const client = network.createConnection({ host: '127.0.0.1', port: 1601 }).pause();
      await clock.settled();
      recorder.first.write(Buffer.alloc(3_000));
      recorder.first.write(Buffer.alloc(2_000));
      expect(recorder.first.events).toEqual([]);
      recorder.first.write(Buffer.alloc(1));
      await clock.settled();
      expect(recorder.first.events).toEqual([{ type: 'control.noSpaceInBox' }]);
      recorder.first.write(Buffer.alloc(1));
      await clock.settled();
      expect(closed).toMatchObject([{ reason: 'slowConsumer', bytesOut: 5_000 }]);
      client.destroy();
    });
  });

  describe('a half of the window', () => {
    it.each<[what: string, act: (server: Peer) => unknown, received: number]>([
      ['arrives behind an end', (server) => server.socket.end(), 1_000],
      ['arrives behind a close', (server) => server.socket.destroy(), 1_000],
      ['is destroyed by a reset', (server) => server.socket.resetAndDestroy(), 500],
    ])("waits in the writer's system, and %s", async (_, act, received) => {
      const [network, client, server] = await connect({ window: 1_000 });
      expect(await server.write(Buffer.alloc(1_000))).toBe('written');
      client.reads();
      act(server);
      await network.clock.settled();
      expect(client.received.length).toBe(received);
    });

    it('is destroyed by a close with bytes unread', async () => {
      const [network, client, server] = await connect({ window: 1_000 });
      await client.write('unread');
      await server.write(Buffer.alloc(1_000));
      server.socket.destroy();
      client.reads();
      await network.clock.settled();
      expect(client.received.length).toBe(500);
      expect(client.log).toEqual(['read ECONNRESET', 'closed by error']);
    });
  });

  it.each([0, 1, 2])('lets one more than the backlog of %d connect before anybody is accepted', async (backlog) => {
    const network = memoryNetwork();
    const server = network.createServer({});
    server.listen({ port: 1601, backlog });
    await once(server, 'listening');
    const clients = Array.from({ length: backlog + 2 }, () =>
      new Peer(network.createConnection({ port: 1601 })).reads(),
    );
    await tick();
    server.close();
    const logs = await Promise.all(clients.map(({ closed }) => closed));
    // who stands in the backlog is reset, and who found no place there is refused
    expect(logs.map(([first]) => first)).toEqual([
      ...Array<string>(backlog + 1).fill('connect ECONNRESET'),
      'connect ECONNREFUSED',
    ]);
  });

  describe('the seed', () => {
    const cuts = async (seed: number): Promise<string[]> => {
      const [network, client, server] = await connect({ seed });
      server.reads();
      for (let n = 0; n < 20; n += 1) {
        await client.write('a line of text\n');
        await network.clock.settled();
      }
      return server.chunks.map(String);
    };

    it('decides where bytes are cut, the same way each time', async () => {
      expect(await cuts(7)).toEqual(await cuts(7));
      expect(await cuts(7)).not.toEqual(await cuts(8));
    });

    it('cuts small writes too', async () => {
      const chunks = await cuts(1);
      expect(chunks.join('')).toBe('a line of text\n'.repeat(20));
      expect(chunks.length).toBeGreaterThan(20);
    });
  });

  describe('the latency', () => {
    it('is what a connect, a byte and a refusal take, each way', async () => {
      const network = memoryNetwork({ latency: 30 });
      const server = network.createServer({ allowHalfOpen: true });
      server.listen({ host: '127.0.0.1', port: 1601 });
      const { clock } = network;
      const arrival = accepted(server);
      const client = new Peer(network.createConnection({ port: 1601, allowHalfOpen: true }));
      const refused = new Peer(network.createConnection({ port: 1602 }));
      await clock.advance(59);
      expect([client.log, refused.log]).toEqual([[], []]);
      await clock.advance(1);
      expect([client.log, refused.log]).toEqual([['connect'], ['connect ECONNREFUSED', 'closed by error']]);
      const other = (await arrival).reads();
      client.socket.end('x');
      await clock.advance(29);
      expect(other.received.length).toBe(0);
      await clock.advance(1);
      expect([other.received.toString(), other.log]).toEqual(['x', ['end']]);
    });

    it('keeps bytes, FIN and reset in order', async () => {
      const [network, client, server] = await connect({ latency: 10 });
      server.reads();
      client.socket.write('before');
      await network.clock.advance(5);
      client.socket.resetAndDestroy();
      await network.clock.advance(5);
      expect(server.received.toString()).toBe('before');
      expect(server.log).toEqual([]);
      await network.clock.advance(5);
      expect(server.log).toEqual(['read ECONNRESET', 'closed by error']);
    });

    it('never makes a connection of a client that has gone before its call arrived', async () => {
      const network = memoryNetwork({ latency: 10 });
      const server = network.createServer({});
      server.listen({ port: 1601 });
      let arrivals = 0;
      server.on('connection', () => (arrivals += 1));
      const client = network.createConnection({ port: 1601 });
      await network.clock.advance(5);
      client.destroy();
      await network.clock.advance(50);
      expect(arrivals).toBe(0);
    });

    it('resets the connection of a client that has gone before the answer arrived', async () => {
      const network = memoryNetwork({ latency: 10 });
      const server = network.createServer({});
      server.listen({ port: 1601 });
      const arrival = accepted(server);
      const client = network.createConnection({ port: 1601 });
      await network.clock.advance(15);
      client.destroy();
      await network.clock.advance(50);
      expect((await arrival).log).toEqual(['read ECONNRESET', 'closed by error']);
    });
  });

  it('runs on one clock with the `after` of a handler and the timeouts of a server', async () => {
    const impatient = setupProtocol().createMachine({
      initial: 'waiting',
      states: {
        waiting: {
          after: { 100: { actions: [{ type: 'reply', params: { data: 'too slow' } }, 'finish'], target: 'over' } },
        },
        over: {},
      },
    });
    const network = memoryNetwork({ latency: 20 });
    const { clock } = network;
    const server = createActor(serverCore, { input: { protocol: impatient, port: 1601, lingerTimeout: 500 }, clock });
    network.host(server);
    actors.push(server);
    const closed = collect<ServerEmitted>(server, 'connection.closed');
    server.start();
    await clock.settled();
    const client = new Peer(network.createConnection({ port: 1601, host: '127.0.0.1', allowHalfOpen: true })).reads();
    // the call arrives at 20, the handler speaks at 120, its words arrive at 140, and lingering is over at 620
    await clock.advance(139);
    expect(client.received.toString()).toBe('');
    await clock.advance(1);
    expect([client.received.toString(), client.log]).toEqual(['too slow', ['connect', 'end']]);
    await clock.advance(479);
    expect(closed).toEqual([]);
    await clock.advance(1);
    expect(closed).toMatchObject([{ reason: 'handlerFinished', bytesOut: 8 }]);
    expect(clock.now()).toBe(620);
    client.socket.destroy();
  });

  it('has names for unix sockets', async () => {
    const network = memoryNetwork();
    const server = createActor(serverCore, { input: { protocol: echo, path: '/a/name' }, clock: network.clock });
    network.host(server);
    actors.push(server);
    server.start();
    const listening = collect<ServerEmitted>(server, 'server.listening');
    await network.clock.settled();
    expect(listening).toEqual([{ type: 'server.listening', address: '/a/name', port: 0 }]);
    const client = new Peer(network.createConnection({ path: '/a/name' })).reads();
    client.socket.end('hello');
    await network.clock.settled();
    expect(client.received.toString()).toBe('hello');
    const second = network.createServer({});
    second.listen({ path: '/a/name' });
    const [error] = (await once(second, 'error')) as [Error];
    expect(error.message).toBe('listen EADDRINUSE: address already in use /a/name');
  });
});
