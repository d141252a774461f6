import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromCallback } from 'xstate';
import {
  createServerCore,
  createSingleServer,
  echo,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCoreOptions,
  type TcpClientEmitted,
} from '../server/index';
import { collect, emitted, eventually } from './support/events';
import { Hosting } from './support/hosting';
import { RawServer, tcpClients } from './support/tcpClients';

type Opened = Extract<TcpClientEmitted, { type: 'connection.opened' }>;
type Outbox = Extract<TcpClientEmitted, { type: 'outbox' }>;

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('tcpClient', () => {
  const host = new Hosting((options: Partial<ServerCoreOptions>) =>
    createServerCore({ protocol: echo, port: 0, ...options }),
  );
  const run = tcpClients();

  const text = (outbox: readonly Outbox[]): string => Buffer.concat(outbox.map(({ data }) => data)).toString();

  it('sends what comes on inbox, emits on outbox what the server sends, and ends with a summary', async () => {
    await host.start({});
    const { actor, ended } = run({ port: host.port });
    const opened = emitted<Opened>(actor, 'connection.opened');
    const outbox = collect<Outbox>(actor, 'outbox');
    const finished = emitted(actor, 'signal.producerFinished');
    expect(await opened).toEqual({
      type: 'connection.opened',
      id: 'connection:1',
      peer: '127.0.0.1',
      peerport: host.port,
      localip: '127.0.0.1',
      localport: expect.any(Number),
      encrypted: false,
    });
    actor.send({ type: 'inbox', data: everyByte });
    actor.send({ type: 'inbox', data: 'é' });
    await eventually(() => Buffer.concat(outbox.map(({ data }) => data)).length === 258);
    expect(Buffer.concat(outbox.map(({ data }) => data))).toEqual(Buffer.concat([everyByte, Buffer.from('é')]));
    actor.send({ type: 'control.producerFinished' });
    const summary = { reason: 'handlerFinished', bytesIn: 258, bytesOut: 258, durationMs: expect.any(Number) };
    expect(await ended).toEqual(summary);
    expect(await finished).toEqual({ type: 'signal.producerFinished', ...summary });
  });

  it('keeps what comes on inbox before the connection stands, in order, the end behind it', async () => {
    await host.start({});
    const closed = emitted(host.server, 'connection.closed');
    const { actor, ended } = run({ port: host.port });
    expect(actor.getSnapshot().value).toBe('connecting');
    for (let n = 0; n < 100; n += 1) actor.send({ type: 'inbox', data: `${String(n)};` });
    actor.send({ type: 'control.producerFinished' });
    expect(await ended).toMatchObject({ reason: 'handlerFinished', bytesOut: 290 });
    expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: 290 });
  });

  it('hands back what exceeds maxPendingBytes before the connection stands', async () => {
    await host.start({});
    const { actor } = run({ port: host.port, maxPendingBytes: 3 });
    const refused = collect(actor, 'signal.noSpaceInBox');
    const outbox = collect<Outbox>(actor, 'outbox');
    for (const data of ['ab', 'cd', 'e', 'f']) actor.send({ type: 'inbox', data });
    expect(refused).toEqual([
      { type: 'signal.noSpaceInBox', refused: 'cd' },
      { type: 'signal.noSpaceInBox', refused: 'f' },
    ]);
    await eventually(() => text(outbox).length === 3);
    expect(text(outbox)).toBe('abe');
  });

  it('hands back what comes after control.producerFinished, before and after the connection stands', async () => {
    await host.start({});
    const { actor, ended } = run({ port: host.port });
    const refused = collect(actor, 'signal.noSpaceInBox');
    const closed = emitted(host.server, 'connection.closed');
    actor.send({ type: 'inbox', data: 'all' });
    actor.send({ type: 'control.producerFinished' });
    actor.send({ type: 'inbox', data: 'too late' });
    actor.on('connection.opened', () => {
      actor.send({ type: 'inbox', data: 'later still' });
    });
    await ended;
    expect(await closed).toMatchObject({ bytesIn: 3 });
    expect(refused).toEqual([
      { type: 'signal.noSpaceInBox', refused: 'too late' },
      { type: 'signal.noSpaceInBox', refused: 'later still' },
    ]);
  });

  it('carries 8 MiB there and back whole', async () => {
    await host.start({});
    const { actor, ended } = run({ port: host.port });
    await emitted(actor, 'connection.opened');
    const outbox = collect<Outbox>(actor, 'outbox');
    let received = 0;
    const all = emitted<Outbox>(actor, 'outbox', ({ data }) => (received += data.length) === sent.length);
    const sent = Buffer.concat(Array.from({ length: 8 * 1024 * 4 }, () => everyByte));
    for (let n = 0; n < sent.length; n += 65_536) actor.send({ type: 'inbox', data: sent.subarray(n, n + 65_536) });
    await all;
    expect(Buffer.concat(outbox.map(({ data }) => data)).equals(sent)).toBe(true);
    actor.send({ type: 'control.producerFinished' });
    expect(await ended).toMatchObject({ bytesIn: sent.length, bytesOut: sent.length });
  });

  it('tells when the server reads too slowly, and when it has caught up', async () => {
    await using server = await RawServer.listen();
    const { actor } = run({ port: server.port });
    await emitted(actor, 'connection.opened');
    const socket = await server.socket;
    const signals = collect<{ type: string }>(actor);
    for (let n = 0; n < 1_000 && signals.length === 0; n += 1)
      actor.send({ type: 'inbox', data: Buffer.alloc(65_536) });
    expect(signals).toEqual([{ type: 'signal.noSpaceInBox' }]);
    socket.resume();
    await emitted(actor, 'signal.spaceInBox');
  });

  it('has a protocol, if one is given, that gets the bytes and is told who is at the ends', async () => {
    const server = createSingleServer({ port: 0 });
    try {
      const { port } = await server.start();
      const infos: ConnectionInfo[] = [];
      const greeter = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, input, receive }) => {
        infos.push(input);
        receive((event) => {
          if (event.type !== 'inbox') return;
          emit({ type: 'outbox', data: `you said ${event.data.toString()}` });
          emit({ type: 'signal.producerFinished' });
        });
      });
      const said = emitted<{ data: Buffer }>(server, 'outbox');
      server.send({ type: 'inbox', data: 'hi' });
      const { actor, ended } = run({ port, protocol: greeter });
      const outbox = collect(actor, 'outbox');
      expect((await said).data.toString()).toBe('you said hi');
      expect(await ended).toMatchObject({ reason: 'handlerFinished', bytesIn: 2, bytesOut: 11 });
      expect(outbox).toEqual([]);
      expect(infos).toMatchObject([{ peer: '127.0.0.1', peerport: port, localip: '127.0.0.1' }]);
    } finally {
      await server.shutdown({ timeout: 0 });
    }
  });

  it('ends with the error of a protocol that throws', async () => {
    await host.start({});
    const failing = fromCallback<ProtocolEvent, ConnectionInfo>(() => {
      throw new Error('no start');
    });
    const { ended } = run({ port: host.port, protocol: failing });
    expect(await ended).toMatchObject({ reason: 'handlerFailed', error: { message: 'no start' } });
  });

  it('connects to a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'client-'));
    const path = join(folder, 'socket');
    const server = createServerCore({ protocol: echo, path });
    try {
      await server.start();
      const { actor, ended } = run({ path });
      const opened = emitted<Opened>(actor, 'connection.opened');
      const outbox = emitted<Outbox>(actor, 'outbox');
      actor.send({ type: 'inbox', data: 'over the file' });
      expect(await opened).toMatchObject({ peerport: 0, localport: 0 });
      expect((await outbox).data.toString()).toBe('over the file');
      actor.send({ type: 'control.producerFinished' });
      expect(await ended).toMatchObject({ reason: 'handlerFinished' });
    } finally {
      await server.shutdown({ timeout: 0 });
      rmSync(folder, { recursive: true });
    }
  });
});
