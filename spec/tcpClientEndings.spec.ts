import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActor, setup, waitFor } from 'xstate';
import {
  ConnectError,
  createServerCore,
  createSingleServer,
  echo,
  InvalidOptionError,
  ServerchartError,
  tcpClient,
  type TcpClientEmitted,
  type TcpClientOptions,
} from '../server/index';
import { collect, emitted, eventually } from './support/events';
import { RawServer, tcpClients } from './support/tcpClients';

type Outbox = Extract<TcpClientEmitted, { type: 'outbox' }>;

/** A port that nobody listens on: it was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServerCore({ protocol: echo, port: 0 });
  const { port } = await server.start();
  await server.shutdown();
  return port;
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'TCPConnectWrap').length;

describe('A tcpClient ends', () => {
  const run = tcpClients();

  describe('when there is no connecting', () => {
    it('in a ConnectError: ECONNREFUSED where nobody listens', async () => {
      const port = await freePort();
      const { actor, ended } = run({ port });
      const error: unknown = await ended.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toBeInstanceOf(ServerchartError);
      expect(error).toMatchObject({ name: 'ConnectError', code: 'ECONNREFUSED', address: '127.0.0.1', port });
      expect((error as Error).cause).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
      expect((error as Error).message).toContain(`127.0.0.1 port ${String(port)}`);
      expect(actor.getSnapshot()).toMatchObject({ status: 'error', error });
    });

    it('ENOENT for a path that does not exist', async () => {
      const path = join(tmpdir(), 'no', 'such', 'socket');
      const { ended } = run({ path });
      await expect(ended).rejects.toMatchObject({ name: 'ConnectError', code: 'ENOENT', address: path, port: 0 });
    });

    it('and a machine that invokes it hears that in onError', async () => {
      const port = await freePort();
      const app = setup({ actors: { tcpClient } }).createMachine({
        initial: 'calling',
        states: {
          calling: { invoke: { src: 'tcpClient', input: { port }, onError: 'offline' } },
          offline: {},
        },
      });
      const actor = createActor(app).start();
      await waitFor(actor, (snapshot) => snapshot.matches('offline'));
      expect(actor.getSnapshot().children).toEqual({});
      actor.stop();
    });
  });

  it('peerClosed, when the server closes; what it sent before is not lost', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port });
    const outbox = collect<Outbox>(actor, 'outbox');
    (await server.socket).end(Buffer.alloc(100_000, 'x'));
    expect(await ended).toMatchObject({ reason: 'peerClosed', bytesIn: 100_000, bytesOut: 0 });
    expect(Buffer.concat(outbox.map(({ data }) => data))).toHaveLength(100_000);
  });

  it('reset, when the server breaks the connection', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port });
    await emitted(actor, 'connection.opened');
    (await server.socket).resetAndDestroy();
    expect(await ended).toMatchObject({ reason: 'reset', error: { code: 'ECONNRESET' } });
  });

  it('reset with the count of what had left, not of what still waited', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port, maxBufferedBytes: Infinity });
    await emitted(actor, 'connection.opened');
    const socket = await server.socket;
    const size = 64 * 1024 * 1024;
    actor.send({ type: 'inbox', data: Buffer.alloc(size) });
    socket.resetAndDestroy();
    const summary = await ended;
    expect(summary?.reason).toBe('reset');
    expect(summary?.bytesOut).toBeLessThan(size);
  });

  it('serverShutdown at the other side is peerClosed at this one', async () => {
    const server = createSingleServer({ port: 0 });
    const { port } = await server.start();
    const { ended } = run({ port });
    await emitted(server, 'connection.opened');
    expect(await server.shutdown()).toMatchObject({ connections: 1 });
    expect(await ended).toMatchObject({ reason: 'peerClosed' });
  });

  it('handlerFinished on control.producerFinished, when all has been flushed to a server that reads late', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port });
    const socket = await server.socket;
    const size = 12 * 1024 * 1024;
    await eventually(() => actor.getSnapshot().matches('connected'));
    actor.send({ type: 'inbox', data: Buffer.alloc(size) });
    actor.send({ type: 'control.producerFinished' });
    socket.resume();
    await once(socket, 'end');
    expect(socket.bytesRead).toBe(size);
    socket.end();
    expect(await ended).toMatchObject({ reason: 'handlerFinished', bytesOut: size });
  });

  it('at once on control.shutdownMicroprocess while it is connected', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port });
    const finished = emitted(actor, 'signal.producerFinished');
    await emitted(actor, 'connection.opened');
    actor.send({ type: 'control.shutdownMicroprocess' });
    expect(await ended).toMatchObject({ reason: 'aborted', bytesIn: 0, bytesOut: 0 });
    expect(await finished).toMatchObject({ reason: 'aborted' });
  });

  it('at once on control.shutdownMicroprocess while it connects, without output, and leaves no socket', async () => {
    await using server = await RawServer.listen();
    const before = sockets();
    const { actor, ended } = run({ port: server.port });
    const opened = collect(actor, 'connection.opened');
    actor.send({ type: 'inbox', data: 'never sent' });
    actor.send({ type: 'control.shutdownMicroprocess' });
    expect(await ended).toBeUndefined();
    await eventually(() => sockets() <= before);
    expect(opened).toEqual([]);
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
    // the server has accepted; whether this side knows by now is up to the event loop, and so is how it ends
    actor.stop();
    socket.resume();
    await Promise.race([once(socket, 'end').catch(() => undefined), once(socket, 'close')]);
    expect(socket.readableEnded || socket.destroyed).toBe(true);
  });

  it('when it is stopped while it is connected, and the server notices', async () => {
    await using server = await RawServer.listen();
    const { actor } = run({ port: server.port });
    const socket = await server.socket;
    await eventually(() => actor.getSnapshot().matches('connected'));
    socket.resume();
    actor.stop();
    await once(socket, 'end');
    expect(socket.readableEnded).toBe(true);
  });

  it('with allowHalfOpen goes on writing after the server has ended its side', async () => {
    await using server = await RawServer.listen();
    const { actor, ended } = run({ port: server.port, allowHalfOpen: true });
    const socket = await server.socket;
    const received: Buffer[] = [];
    socket.on('data', (data) => received.push(data));
    const outbox = emitted<Outbox>(actor, 'outbox');
    socket.end('that was all of me');
    await outbox;
    actor.send({ type: 'inbox', data: 'but not of me' });
    actor.send({ type: 'control.producerFinished' });
    await once(socket, 'end');
    expect(Buffer.concat(received).toString()).toBe('but not of me');
    expect(await ended).toMatchObject({ reason: 'handlerFinished' });
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
