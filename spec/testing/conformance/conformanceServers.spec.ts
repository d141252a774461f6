import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { echo, type ServerEmitted } from '../../../server/index';
import { collect, emitted, eventually } from '../../support/events';
import { polite, tooMuch } from '../../support/fixtures';
import { networks, portOf, tick, turns } from '../../support/networks';
import { ended, NetServers } from '../../support/networkServers';
import { bytesOf, Recorder } from '../../support/recorder';

const common = { type: 'connection.closed', id: 'connection:1', durationMs: expect.any(Number) };

describe.each(networks)('ServerCore on %s', (_, make) => {
  const net = new NetServers(make);

  it('echoes 1 MiB whole, and counts it', async () => {
    const server = await net.core({ protocol: echo });
    const client = await net.visit(server);
    const closed = ended(server);
    const all = randomBytes(1024 * 1024);
    client.reads().socket.end(all);
    expect(await client.closed).toEqual(['finish', 'end', 'closed']);
    expect(client.received.equals(all)).toBe(true);
    expect(await closed).toEqual({ ...common, reason: 'peerClosed', bytesIn: all.length, bytesOut: all.length });
  });

  it('knows who is at both ends', async () => {
    const recorder = new Recorder();
    const server = await net.core({ protocol: recorder.protocol });
    const client = await net.visit(server);
    expect(recorder.first.info).toEqual({
      ...{ id: 'connection:1', peer: '127.0.0.1', peerport: client.socket.localPort },
      ...{ localip: '127.0.0.1', localport: server.address?.port, encrypted: false },
    });
  });

  describe('tells the end of a connection', () => {
    it('peerClosed, to a handler that has got all bytes before it', async () => {
      const recorder = new Recorder();
      const server = await net.core({ protocol: recorder.protocol });
      const client = await net.visit(server);
      const closed = ended(server);
      client.socket.end('all of it');
      expect(await closed).toEqual({ ...common, reason: 'peerClosed', bytesIn: 9, bytesOut: 0 });
      expect(bytesOf(recorder.first.events).toString()).toBe('all of it');
      expect(recorder.first.events.at(-1)).toEqual({ type: 'control.socketShutdown', reason: 'peerClosed' });
    });

    it('peerClosed, when the client destroys its socket before it was accepted', async () => {
      const server = await net.core({ protocol: echo });
      const closed = ended(server);
      const client = net.ring(server);
      await tick();
      client.socket.destroy();
      expect(await closed).toEqual({ ...common, reason: 'peerClosed', bytesIn: 0, bytesOut: 0 });
    });

    it('reset, with the error, when the client resets', async () => {
      const server = await net.core({ protocol: echo });
      const client = await net.visit(server);
      client.reads().socket.write('hello');
      await client.receives(5);
      const closed = ended(server);
      client.socket.resetAndDestroy();
      const error: unknown = expect.objectContaining({ code: 'ECONNRESET', syscall: 'read' });
      expect(await closed).toEqual({ ...common, reason: 'reset', error, bytesIn: 5, bytesOut: 5 });
    });

    it('reset, with EPIPE, when the handler writes on to a client that is gone', async () => {
      const recorder = new Recorder();
      const server = await net.core({ protocol: recorder.protocol, allowHalfOpen: true });
      const client = await net.visit(server);
      client.socket.destroy();
      await eventually(() => recorder.first.controls.length === 1);
      const closed = ended(server);
      recorder.first.write('into');
      await turns();
      recorder.first.write('nothing');
      expect(await closed).toMatchObject({ reason: 'reset', error: { code: 'EPIPE', syscall: 'write' } });
    });

    it('handlerFinished, behind all that the handler wrote', async () => {
      const recorder = new Recorder((_event, { write, emit }) => {
        write('goodbye');
        emit({ type: 'signal.producerFinished' });
      });
      const server = await net.core({ protocol: recorder.protocol });
      const client = await net.visit(server);
      const closed = ended(server);
      client.reads().socket.write('?');
      await client.sees('end');
      expect(client.received.toString()).toBe('goodbye');
      client.socket.end();
      expect(await closed).toEqual({ ...common, reason: 'handlerFinished', bytesIn: 1, bytesOut: 7 });
    });

    it('aborted, at once, when the server is cut', async () => {
      const server = await net.core({ protocol: echo });
      const client = (await net.visit(server)).reads();
      const closed = ended(server);
      server.send({ type: 'control.shutdownMicroprocess' });
      expect(await closed).toEqual({ ...common, reason: 'aborted', bytesIn: 0, bytesOut: 0 });
      await client.sees('end');
    });
  });

  describe('given a client that reads nothing', () => {
    it('tells the handler noSpaceInBox, reads no more, and spaceInBox once all has left', async () => {
      const recorder = new Recorder();
      const server = await net.core({ protocol: recorder.protocol });
      const client = await net.visit(server);
      recorder.first.write(tooMuch);
      await turns();
      expect(recorder.first.controls).toEqual([{ type: 'control.noSpaceInBox' }]);
      await client.write('wait');
      await turns();
      expect(bytesOf(recorder.first.events).length).toBe(0);
      let got = 0;
      client.socket.on('data', ({ length }: Buffer) => (got += length)).resume();
      await eventually(() => got === tooMuch.length && recorder.first.events.length > 1);
      await eventually(() => bytesOf(recorder.first.events).toString() === 'wait');
      expect(recorder.first.controls).toEqual([{ type: 'control.noSpaceInBox' }, { type: 'control.spaceInBox' }]);
    });

    it('closes it as a slowConsumer past maxBufferedBytes, and counts exactly what left', async () => {
      const recorder = new Recorder();
      const server = await net.core({ protocol: recorder.protocol, maxBufferedBytes: 1_000 });
      const client = await net.visit(server);
      const closed = ended(server);
      recorder.first.write(tooMuch);
      recorder.first.write('.');
      const { reason, bytesOut } = await closed;
      expect(reason).toBe('slowConsumer');
      client.reads();
      await client.sees('end');
      expect(client.received.length).toBe(bytesOut);
    });

    it('closes it as a slowConsumer after writeTimeout without progress, and not before', async () => {
      const recorder = new Recorder();
      const server = await net.core({ protocol: recorder.protocol, writeTimeout: 1_000 });
      const client = await net.visit(server);
      const closed = collect<ServerEmitted>(server, 'connection.closed');
      recorder.first.write(tooMuch);
      await net.passes(999);
      client.socket.resume();
      await eventually(() => client.socket.bytesRead > tooMuch.length / 2);
      client.socket.pause();
      await net.passes(1);
      expect(closed).toEqual([]);
      // something may have left since the last look
      await net.passes(1_000);
      await net.passes(1_000);
      expect(closed).toEqual([expect.objectContaining({ reason: 'slowConsumer' })]);
    });
  });

  describe('drains', () => {
    it('with a goodbye to each client, and frees the port', async () => {
      const server = await net.core({ protocol: polite });
      const clients = [(await net.visit(server)).reads(), (await net.visit(server)).reads()];
      const shutdown = server.shutdown();
      for (const client of clients) {
        await client.sees('end');
        expect(client.received.toString()).toBe('goodbye');
        client.socket.end();
      }
      expect(await shutdown).toMatchObject({ connections: 2, reasons: { handlerFinished: 2 }, bytesOut: 14 });
      expect(await net.ring(server).closed).toEqual(['connect ECONNREFUSED', 'closed by error']);
    });

    it('until shutdownTimeout, which cuts what is still open', async () => {
      const server = await net.core({ protocol: new Recorder().protocol, shutdownTimeout: 5_000 });
      const client = await net.visit(server);
      const shutdown = server.shutdown();
      await net.passes(4_999);
      expect(client.reads().log).toEqual([]);
      await net.passes(1);
      expect(await shutdown).toMatchObject({ reasons: { aborted: 1 } });
      await client.sees('end');
    });

    it('no longer than lingerTimeout for a client that does not end', async () => {
      const server = await net.core({ protocol: polite, lingerTimeout: 2_000 });
      const client = (await net.visit(server)).reads();
      const shutdown = server.shutdown();
      await client.sees('end');
      await net.passes(2_000);
      expect(await shutdown).toMatchObject({ reasons: { handlerFinished: 1 } });
    });
  });

  describe('suspended', () => {
    it('refuses, keeps what is open, and comes back on the same port', async () => {
      const server = await net.core({ protocol: echo });
      const port = server.address?.port;
      const client = (await net.visit(server)).reads();
      server.send({ type: 'control.suspend' });
      expect(await net.ring(server).closed).toEqual(['connect ECONNREFUSED', 'closed by error']);
      client.socket.write('still here');
      await client.receives(10);
      const listening = emitted<{ port: number }>(server, 'server.listening');
      server.send({ type: 'control.resume' });
      expect((await listening).port).toBe(port);
      await net.visit(server);
    });
  });

  describe('with every place taken', () => {
    it('rejects with busyReply', async () => {
      const server = await net.core({ protocol: echo, maxConnections: 1, busyReply: 'busy' });
      await net.visit(server);
      const second = net.ring(server).reads();
      await second.sees('end');
      expect(second.received.toString()).toBe('busy');
      second.socket.end();
      expect(await second.closed).toContain('closed');
    });

    it('refuses until a place is free', async () => {
      const server = await net.core({ protocol: echo, maxConnections: 1, whenBusy: 'refuse' });
      const first = await net.visit(server);
      expect(await net.ring(server).closed).toEqual(['connect ECONNREFUSED', 'closed by error']);
      const listening = emitted(server, 'server.listening');
      first.socket.end();
      await listening;
      await net.visit(server);
    });

    it('queues, and reads what has come meanwhile', async () => {
      const server = await net.core({ protocol: echo, maxConnections: 1, whenBusy: 'queue' });
      const first = await net.visit(server);
      const second = net.ring(server).reads();
      expect(await second.write('patience')).toBe('written');
      await turns();
      expect(second.received.length).toBe(0);
      first.socket.end();
      expect(await second.receives(8)).toBe('patience');
    });
  });

  it('ends in a ListenError on a port that is taken', async () => {
    const taken = portOf(await net.listen());
    const server = net.makeCore({ protocol: echo, port: taken });
    await expect(server.start()).rejects.toMatchObject({
      ...{ name: 'ListenError', code: 'EADDRINUSE', address: '127.0.0.1', port: taken },
      cause: expect.objectContaining({ code: 'EADDRINUSE', syscall: 'listen' }),
    });
  });
});
