import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromCallback } from 'xstate';
import {
  createServerCore,
  echo,
  type ConnectionInfo,
  type ProtocolEvent,
  type TcpClientEmitted,
} from '../../server/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox, outboxOf } from '../support/boxes';
import { calling, port } from '../support/clientScenario';
import { collect, emitted } from '../support/events';
import { handler, startServer } from '../support/fixtures';
import { tcpClients } from '../support/tcpClients';

type OpenedEvent = Extract<TcpClientEmitted, { type: 'connection.opened' }>;
type OutboxEvent = Extract<TcpClientEmitted, { type: 'outbox' }>;

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('tcpClient', () => {
  const run = tcpClients();

  it('sends what comes on inbox, emits on outbox what the server sends, and ends with a summary', async () => {
    await using s = await calling();
    const server = await s.listener('server').accepts();
    const ends = { peer: '127.0.0.1', peerport: port, localip: '127.0.0.1', localport: expect.any(Number) };
    expect(s.emitted).toEqual([{ type: 'connection.opened', id: 'connection:1', ...ends, encrypted: false }]);
    await inbox(s, everyByte, 'é');
    const all = await server.receives(Buffer.concat([everyByte, Buffer.from('é')]));
    await server.sends(all);
    expect(outboxOf(s)).toEqual(all);
    await s.advance(250);
    await finish(s);
    const summary = { reason: 'handlerFinished', bytesIn: 258, bytesOut: 258, durationMs: 250 };
    expect(s.output).toEqual(summary);
    expect(emittedOf(s, 'signal.producerFinished')).toEqual([{ type: 'signal.producerFinished', ...summary }]);
    expect(s.leftovers()).toEqual(['server on 127.0.0.1:8080']);
  });

  it('keeps what comes on inbox before the connection stands, in order, the end behind it', async () => {
    await using s = await calling({}, { latency: 1 });
    expect(s.server).toBeInState('connecting');
    const pieces = Array.from({ length: 100 }, (_, n) => `${String(n)};`);
    await inbox(s, ...pieces);
    await finish(s);
    await s.advance(10);
    const server = await s.listener('server').accepts();
    await server.receives(pieces.join(''));
    await server.isEnded();
    expect(s.output).toMatchObject({ reason: 'handlerFinished', bytesOut: 290 });
  });

  it('hands back what exceeds maxPendingBytes before the connection stands', async () => {
    await using s = await calling({ maxPendingBytes: 3 }, { latency: 1 });
    await inbox(s, 'ab', 'cd', 'e', 'f');
    expect(s.emitted).toEqual([
      { type: 'signal.noSpaceInBox', refused: 'cd' },
      { type: 'signal.noSpaceInBox', refused: 'f' },
    ]);
    await s.advance(10);
    const server = await s.listener('server').accepts();
    await server.receives('abe');
    await server.receivesNothing();
  });

  it('hands back what comes after control.producerFinished, before and after the connection stands', async () => {
    await using s = await calling({}, { latency: 1 });
    await inbox(s, 'all');
    await finish(s);
    await inbox(s, 'too late');
    s.server.on('connection.opened', () => {
      s.server.send({ type: 'inbox', data: 'later still' });
    });
    await s.advance(10);
    const server = await s.listener('server').accepts();
    await server.receives('all');
    await server.isEnded();
    expect(emittedOf(s, 'signal.noSpaceInBox')).toEqual([
      { type: 'signal.noSpaceInBox', refused: 'too late' },
      { type: 'signal.noSpaceInBox', refused: 'later still' },
    ]);
  });

  it('carries 8 MiB there and back whole', async () => {
    const started = await startServer();
    const { actor, ended } = run({ port: started.port });
    await emitted(actor, 'connection.opened');
    const outbox = collect<OutboxEvent>(actor, 'outbox');
    let received = 0;
    const all = emitted<OutboxEvent>(actor, 'outbox', ({ data }) => (received += data.length) === sent.length);
    const sent = Buffer.concat(Array.from({ length: 8 * 1024 * 4 }, () => everyByte));
    for (let n = 0; n < sent.length; n += 65_536) actor.send({ type: 'inbox', data: sent.subarray(n, n + 65_536) });
    await all;
    expect(Buffer.concat(outbox.map(({ data }) => data)).equals(sent)).toBe(true);
    actor.send({ type: 'control.producerFinished' });
    expect(await ended).toMatchObject({ bytesIn: sent.length, bytesOut: sent.length });
  });

  it('tells when the server reads too slowly, and when it has caught up', async () => {
    await using s = await calling();
    const server = await s.listener('server').accepts();
    server.stopsReading();
    await inbox(s, Buffer.alloc(65_536));
    expect(emittedOf(s, 'signal.noSpaceInBox')).toEqual([]);
    await inbox(s, Buffer.alloc(65_536), Buffer.alloc(65_536));
    expect(emittedOf(s, 'signal.noSpaceInBox')).toEqual([{ type: 'signal.noSpaceInBox' }]);
    expect(s).not.toHaveEmitted({ type: 'signal.spaceInBox' });
    await server.readsOn();
    await server.receives(3 * 65_536);
    expect(emittedOf(s, 'signal.spaceInBox')).toEqual([{ type: 'signal.spaceInBox' }]);
    expect(emittedOf(s, 'signal.noSpaceInBox')).toHaveLength(1);
  });

  it('has a protocol, if one is given, that gets the bytes and is told who is at the ends', async () => {
    const infos: ConnectionInfo[] = [];
    const greeter = handler(({ emit, input, receive }) => {
      infos.push(input);
      receive((event) => {
        if (event.type !== 'inbox') return;
        emit({ type: 'outbox', data: `you said ${event.data.toString()}` });
        emit({ type: 'signal.producerFinished' });
      });
    });
    await using s = await calling({ protocol: greeter }, { split: 0 });
    const server = await s.listener('server').accepts();
    await server.sends('hi');
    await server.receives('you said hi');
    expect(s.output).toMatchObject({ reason: 'handlerFinished', bytesIn: 2, bytesOut: 11 });
    expect(s).not.toHaveEmitted({ type: 'outbox' });
    expect(infos).toMatchObject([{ peer: '127.0.0.1', peerport: port, localip: '127.0.0.1' }]);
  });

  it('ends with the error of a protocol that throws', async () => {
    const failing = fromCallback<ProtocolEvent, ConnectionInfo>(() => {
      throw new Error('no start');
    });
    await using s = await calling({ protocol: failing });
    const server = await s.listener('server').accepts();
    await server.isEnded();
    expect(s.output).toMatchObject({ reason: 'handlerFailed', error: { message: 'no start' } });
  });

  it('connects to a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'client-'));
    const path = join(folder, 'socket');
    const server = createServerCore({ protocol: echo, path });
    try {
      await server.start();
      const { actor, ended } = run({ path });
      const opened = emitted<OpenedEvent>(actor, 'connection.opened');
      const outbox = emitted<OutboxEvent>(actor, 'outbox');
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
