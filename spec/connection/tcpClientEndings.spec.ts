import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createActor, setup } from 'xstate';
import {
  ConnectError,
  InvalidOptionError,
  ServerchartError,
  setupProtocol,
  singleServer,
  tcpClient,
  type TcpClientOptions,
} from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox, outboxOf } from '../support/boxes';
import { calling, port } from '../support/clientScenario';
import { emitted, eventually } from '../support/events';
import { RawServer, tcpClients } from '../support/tcpClients';

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'TCPConnectWrap').length;

describe('A tcpClient ends', () => {
  const run = tcpClients();

  describe('when there is no connecting', () => {
    it('in a ConnectError: ECONNREFUSED where nobody listens', async () => {
      await using s = await scenario(tcpClient, { port }, { latency: 1 });
      await s.advance(1);
      expect(s.server).toBeInState('connecting');
      await expect(s.advance(1)).rejects.toBeInstanceOf(ConnectError);
      expect(s.error).toBeInstanceOf(ServerchartError);
      expect(s.error).toMatchObject({ name: 'ConnectError', code: 'ECONNREFUSED', address: '127.0.0.1', port });
      expect((s.error as Error).cause).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
      expect((s.error as Error).message).toContain('127.0.0.1 port 8080');
      expect(s.server.getSnapshot()).toMatchObject({ status: 'error', error: s.error });
      expect(s.leftovers()).toEqual([]);
    });

    it('ENOENT for a path that does not exist', async () => {
      const start = scenario(tcpClient, { path: '/no/such/socket' });
      const where = { address: '/no/such/socket', port: 0 };
      await expect(start).rejects.toMatchObject({ name: 'ConnectError', code: 'ENOENT', ...where });
    });

    it('ETIMEDOUT at connectTimeout, and not before', async () => {
      await using s = await calling({ connectTimeout: 500 }, { latency: 1_000 });
      await s.advance(499);
      expect(s.server).toBeInState('connecting');
      const failure = { name: 'ConnectError', code: 'ETIMEDOUT', address: '127.0.0.1', port };
      await expect(s.advance(1)).rejects.toMatchObject(failure);
      await s.advance(2_000);
      expect(s.leftovers()).toEqual(['server on 127.0.0.1:8080']);
    });

    it('and a machine that invokes it hears that in onError', async () => {
      const app = setup({ actors: { tcpClient } }).createMachine({
        initial: 'calling',
        states: {
          calling: { invoke: { src: 'tcpClient', input: { port }, onError: 'offline' } },
          offline: {},
        },
      });
      await using s = await scenario(app);
      expect(s.server).toBeInState('offline');
      expect(s.server.getSnapshot().children).toEqual({});
    });
  });

  it('peerClosed, when the server closes; what it sent before is not lost', async () => {
    await using s = await calling();
    const server = await s.listener('server').accepts();
    const data = Buffer.alloc(100_000, 'serverchart ');
    server.socket.end(data);
    await s.settle();
    expect(outboxOf(s).equals(data)).toBe(true);
    expect(s.output).toMatchObject({ reason: 'peerClosed', bytesIn: 100_000, bytesOut: 0 });
  });

  it('reset, when the server breaks the connection', async () => {
    await using s = await calling();
    await (await s.listener('server').accepts()).resets();
    expect(s.output).toMatchObject({ reason: 'reset', error: { code: 'ECONNRESET' } });
  });

  it('reset with the count of what had left, not of what still waited', async () => {
    await using s = await calling();
    const server = await s.listener('server').accepts();
    server.stopsReading();
    await inbox(s, Buffer.alloc(1 << 20));
    await server.resets();
    const { reason, bytesOut } = s.output ?? {};
    expect(reason).toBe('reset');
    expect(bytesOut).toBeGreaterThanOrEqual(65_536);
    expect(bytesOut).toBeLessThan(1 << 20);
  });

  it('serverShutdown at the other side is peerClosed at this one', async () => {
    await using other = await scenario(singleServer, { port });
    await using s = await scenario(tcpClient, { port }, { network: other.network });
    await other.shutsDown();
    expect(other.closed).toMatchObject([{ reason: 'serverShutdown' }]);
    expect(s.output).toMatchObject({ reason: 'peerClosed' });
    expect(s.leftovers()).toEqual([]);
  });

  it('handlerFinished on control.producerFinished, when all has been flushed to a server that reads late', async () => {
    await using s = await calling();
    const server = await s.listener('server').accepts();
    server.stopsReading();
    const data = Buffer.alloc(300_000, 'serverchart ');
    await inbox(s, data);
    await finish(s);
    await s.advance(1_000);
    expect(s.server.getSnapshot().status).toBe('active');
    await server.readsOn();
    await server.receives(data);
    await server.isEnded();
    expect(s.output).toMatchObject({ reason: 'handlerFinished', bytesOut: 300_000 });
  });

  it('at once on control.shutdownMicroprocess while it is connected', async () => {
    await using s = await calling();
    s.server.send({ type: 'control.shutdownMicroprocess' });
    expect(s.output).toMatchObject({ reason: 'aborted', bytesIn: 0, bytesOut: 0 });
    await (await s.listener('server').accepts()).isEnded();
    expect(emittedOf(s, 'signal.producerFinished')).toMatchObject([{ reason: 'aborted' }]);
  });

  it('at once on control.shutdownMicroprocess while it connects, without output, and leaves no socket', async () => {
    await using s = await calling({}, { latency: 1 });
    await inbox(s, 'never sent');
    s.server.send({ type: 'control.shutdownMicroprocess' });
    expect(s.server.getSnapshot()).toMatchObject({ status: 'done', output: undefined });
    await s.advance(10);
    expect(s.emitted).toEqual([{ type: 'signal.noSpaceInBox', refused: 'never sent' }]);
    expect(s.leftovers()).toEqual(['server on 127.0.0.1:8080']);
  });

  it('when it is stopped while it connects, and leaves no socket', async () => {
    await using server = await RawServer.listen();
    const before = sockets();
    for (let n = 0; n < 20; n += 1) run({ port: server.port }).actor.stop();
    await eventually(() => sockets() <= before);
    expect(sockets()).toBe(before);
  });

  it('when it is stopped right at its connecting, and leaves no socket', async () => {
    await using server = await RawServer.listen();
    const { actor } = run({ port: server.port });
    const socket = await server.socket;
    // the server has accepted; whether the client knows yet, and so how it ends, depends on the event loop
    actor.stop();
    socket.resume();
    await Promise.race([once(socket, 'end').catch(() => undefined), once(socket, 'close')]);
    expect(socket.readableEnded || socket.destroyed).toBe(true);
  });

  it('when it is stopped after the server has accepted it, and before it knows', async () => {
    await using s = await calling({}, { latency: 1 });
    await s.advance(1);
    const server = await s.listener('server').accepts();
    expect(s.server).toBeInState('connecting');
    s.server.stop();
    await s.advance(10);
    await server.hasFailed('ECONNRESET');
    expect(s.emitted).toEqual([]);
    expect(s.leftovers()).toEqual(['server on 127.0.0.1:8080']);
  });

  it('when it is stopped while it is connected, and the server notices', async () => {
    await using s = await calling();
    const server = await s.listener('server').accepts();
    s.server.stop();
    await server.isEnded();
    expect(s.leftovers()).toEqual(['server on 127.0.0.1:8080']);
  });

  it('with allowHalfOpen goes on writing after the server has ended its side', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port, allowHalfOpen: true });
    const socket = await server.socket;
    const received: Buffer[] = [];
    socket.on('data', (data) => received.push(data));
    const outbox = emitted(actor, 'outbox');
    socket.end('that was all of me');
    await outbox;
    actor.send({ type: 'inbox', data: 'but not of me' });
    actor.send({ type: 'control.producerFinished' });
    await once(socket, 'end');
    expect(Buffer.concat(received).toString()).toBe('but not of me');
    expect(await ended).toMatchObject({ reason: 'handlerFinished' });
  });

  it('with allowHalfOpen tells that the server has ended its side, and goes on until it is ended, too', async () => {
    await using s = await calling({ allowHalfOpen: true });
    const server = await s.listener('server').accepts();
    server.socket.allowHalfOpen = true;
    await server.ends();
    expect(emittedOf(s, 'signal.peerEnded')).toHaveLength(1);
    await s.advance(3_600_000);
    await inbox(s, 'still here');
    await server.receives('still here');
    await finish(s);
    expect(s.output).toMatchObject({ reason: 'handlerFinished', bytesOut: 10 });
  });

  it('with allowHalfOpen and a protocol when that has said all, after the server has ended its side', async () => {
    const lastWord = { type: 'reply' as const, params: { data: 'but not of me' } };
    const protocol = setupProtocol().createMachine({
      initial: 'listening',
      states: {
        listening: { on: { inbox: {}, 'control.producerFinished': 'pondering' } },
        pondering: { after: { 250: { target: 'over', actions: [lastWord, 'finish'] } } },
        over: {},
      },
    });
    await using s = await calling({ allowHalfOpen: true, protocol });
    const server = await s.listener('server').accepts();
    server.socket.allowHalfOpen = true;
    await server.sends('that was all of me');
    await server.ends();
    await s.advance(249);
    await server.receivesNothing();
    expect(s.server).toBeInState('connected');
    await s.advance(1);
    await server.receives('but not of me');
    await server.isEnded();
    expect(s.output).toMatchObject({ reason: 'handlerFinished', bytesIn: 18, bytesOut: 13 });
  });
});

describe("tcpClient's options", () => {
  it.each<[string, object, string]>([
    ['port', { port: 0 }, 'a whole number from 1 to 65535'],
    ['port', { port: '80' }, 'a whole number from 1 to 65535'],
    ['host', { host: '' }, 'a string that is not empty'],
    ['path', { port: 80, path: '/x' }, 'left out'],
    ['connectTimeout', { connectTimeout: 0 }, 'a whole number of milliseconds from 1'],
    ['maxPendingBytes', { maxPendingBytes: -1 }, 'a number of bytes from 0, or Infinity'],
    ['protocol', { protocol: 'echo' }, 'actor logic'],
    ['whenBusy', { whenBusy: 'queue' }, 'left out: there is no such option'],
    ['backlog', { backlog: 5 }, 'left out: there is no such option'],
  ])('names an invalid %s of %j, and says what is allowed', (option, options, allowed) => {
    const actor = createActor(tcpClient, { input: options as TcpClientOptions });
    const { status, error } = actor.getSnapshot() as unknown as { status: string; error: InvalidOptionError };
    expect(status).toBe('error');
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', option });
    expect(error.message).toContain(allowed);
  });
});
