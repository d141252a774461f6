import { describe, expect, it } from '@jest/globals';
import { createSingleServer, type SingleServerEmitted, type SingleServerOptions } from '../server/index';
import { collect, emitted, eventually } from './support/events';
import { Hosting } from './support/hosting';
import { leave } from './support/visitors';

type Finished = Extract<SingleServerEmitted, { type: 'signal.producerFinished' }>;
type Outbox = Extract<SingleServerEmitted, { type: 'outbox' }>;

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('SingleServer', () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));

  describe('given a client', () => {
    it('emits on outbox what the client sends, every byte as it came', async () => {
      await host.start({});
      const outbox = collect<Outbox>(host.server, 'outbox');
      const client = await host.connect();
      await client.send(everyByte);
      await client.send(everyByte);
      await leave(client);
      expect(Buffer.concat(outbox.map(({ data }) => data))).toEqual(Buffer.concat([everyByte, everyByte]));
      expect(outbox.every(({ data }) => Buffer.isBuffer(data))).toBe(true);
    });

    it('sends the client what comes on inbox: bytes as they are, strings as UTF-8, nothing for nothing', async () => {
      await host.start({});
      const client = await host.connect();
      const view = new Uint8Array([0, 1, 2, 0xff, 0xfe, 9]).subarray(1, 5);
      for (const data of [everyByte, '', view, 'é€', new Uint8Array(0)]) host.server.send({ type: 'inbox', data });
      const all = Buffer.concat([everyByte, Buffer.from([1, 2, 0xff, 0xfe]), Buffer.from('é€')]);
      expect(await client.receive(all.length)).toEqual(all);
      await leave(client);
      expect(client.received).toHaveLength(0);
    });

    it('tells on signal that the client has gone, why, and what it sent and got', async () => {
      await host.start({});
      const finished = emitted<Finished>(host.server, 'signal.producerFinished');
      const client = await host.connect();
      host.server.send({ type: 'inbox', data: 'to the client' });
      await client.receiveText('to the client');
      await client.send('from it');
      expect(await leave(client)).toBe('clean');
      expect(await finished).toEqual({
        type: 'signal.producerFinished',
        id: 'connection:1',
        reason: 'peerClosed',
        bytesIn: 7,
        bytesOut: 13,
        durationMs: expect.any(Number),
      });
    });

    it('delivers what was sent right before the client ended', async () => {
      await host.start({});
      const events = collect<SingleServerEmitted>(host.server);
      const client = await host.connect();
      const finished = emitted(host.server, 'signal.producerFinished');
      client.socket.end('last words');
      await finished;
      await client.closed;
      const types = events.map(({ type }) => type);
      expect(types).toEqual(['connection.opened', 'outbox', 'connection.closed', 'signal.producerFinished']);
      expect((events[1] as Outbox).data.toString()).toBe('last words');
    });

    it('survives a client that breaks the connection', async () => {
      await host.start({});
      const finished = emitted<Finished>(host.server, 'signal.producerFinished');
      (await host.connect()).reset();
      expect(await finished).toMatchObject({ reason: 'reset', error: { code: 'ECONNRESET' } });

      const next = await host.connect();
      host.server.send({ type: 'inbox', data: 'still here' });
      expect(await next.receiveText('still here')).toBe('still here');
      await leave(next);
    });

    it('ends it on control.producerFinished, but not the server', async () => {
      await host.start({});
      const first = await host.connect();
      const events = collect<SingleServerEmitted>(host.server);
      const finished = emitted<Finished>(host.server, 'signal.producerFinished');
      host.server.send({ type: 'inbox', data: 'goodbye' });
      host.server.send({ type: 'control.producerFinished' });
      host.server.send({ type: 'control.producerFinished' });
      await first.ended;
      expect(first.received.toString()).toBe('goodbye');
      expect(await leave(first)).toBe('clean');
      expect(await finished).toMatchObject({ id: 'connection:1', reason: 'handlerFinished', bytesOut: 7 });
      expect(events[0]).toEqual({ type: '_CSA_signal.producerFinished' });

      const second = await host.connect();
      host.server.send({ type: 'inbox', data: 'hello' });
      expect(await second.receiveText('hello')).toBe('hello');
      await leave(second);
    });

    it('flushes all that was sent before control.producerFinished, to a client that reads late', async () => {
      await host.start({});
      const client = (await host.connect()).stopReading();
      const piece = Buffer.concat(Array.from({ length: 1024 }, () => everyByte));
      for (let n = 0; n < 32; n += 1) host.server.send({ type: 'inbox', data: piece });
      host.server.send({ type: 'control.producerFinished' });
      client.resumeReading();
      await client.ended;
      expect(await leave(client)).toBe('clean');
      expect(client.received.equals(Buffer.concat(Array.from({ length: 32 }, () => piece)))).toBe(true);
    });

    it('keeps what comes on inbox after control.producerFinished for the next client', async () => {
      await host.start({});
      const first = await host.connect();
      host.server.send({ type: 'inbox', data: 'for the first' });
      host.server.send({ type: 'control.producerFinished' });
      host.server.send({ type: 'inbox', data: 'for the second' });
      await first.ended;
      expect(first.received.toString()).toBe('for the first');
      const finished = emitted(host.server, 'signal.producerFinished');
      await leave(first);
      await finished;

      const second = await host.connect();
      host.server.send({ type: 'inbox', data: ', and more' });
      host.server.send({ type: 'control.producerFinished' });
      await second.ended;
      await leave(second);
      expect(second.received.toString()).toBe('for the second, and more');
    });

    it('tells signal.noSpaceInBox when the client reads too slowly, and spaceInBox once it has caught up', async () => {
      await host.start({});
      const events = collect<SingleServerEmitted>(host.server);
      const client = (await host.connect()).stopReading();
      const types = (): string[] => events.map(({ type }) => type).filter((type) => !type.startsWith('connection.'));
      let sent = 0;
      for (; !types().includes('signal.noSpaceInBox'); sent += 65_536) {
        host.server.send({ type: 'inbox', data: Buffer.alloc(65_536, sent / 65_536) });
      }
      // a client that takes nothing is not read either
      await client.send('knock');
      client.resumeReading();
      await eventually(() => types().includes('outbox'));
      expect(types()).toEqual(['signal.noSpaceInBox', 'signal.spaceInBox', 'outbox']);
      expect(events.find(({ type }) => type === 'signal.noSpaceInBox')).toEqual({ type: 'signal.noSpaceInBox' });

      const received = await client.receive(sent);
      for (let n = 0; n < sent; n += 65_536) expect(received[n]).toBe((n / 65_536) % 256);
      await leave(client);
    });

    it('ends a client that lets more than maxBufferedBytes pile up, and serves the next', async () => {
      await host.start({ maxBufferedBytes: 100_000 });
      const finished = emitted<Finished>(host.server, 'signal.producerFinished');
      const client = (await host.connect()).stopReading();
      const isOver = (): boolean => host.server.actor.getSnapshot().matches('idle');
      while (!isOver()) {
        host.server.send({ type: 'inbox', data: Buffer.alloc(50_000) });
        await Promise.resolve();
      }
      expect(await finished).toMatchObject({ id: 'connection:1', reason: 'slowConsumer' });
      await client.destroy();

      const next = await host.connect();
      await leave(next);
    });

    it('ends a client for whom something came that is neither bytes nor a string, and serves the next', async () => {
      await host.start({});
      const failed = emitted(host.server, 'connection.failed');
      const client = await host.connect();
      host.server.send({ type: 'inbox', data: 42 as unknown as string });
      expect(await failed).toMatchObject({ id: 'connection:1', error: { name: 'TypeError' } });
      await client.ended;
      await leave(client);
      await leave(await host.connect());
    });
  });

  it('serves many clients, one after another', async () => {
    await host.start({});
    host.server.on('outbox', ({ data }) => {
      host.server.send({ type: 'inbox', data });
    });
    const finished = collect<Finished>(host.server, 'signal.producerFinished');
    for (let n = 1; n <= 50; n += 1) {
      const client = await host.connect();
      await client.send(`client ${String(n)}`);
      expect(await client.receiveText(`client ${String(n)}`)).toBe(`client ${String(n)}`);
      const gone = emitted(host.server, 'signal.producerFinished');
      expect(await leave(client)).toBe('clean');
      await gone;
    }
    expect(finished.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => `connection:${String(n + 1)}`));
    expect(await host.server.shutdown()).toMatchObject({ connections: 50, rejected: 0, reasons: { peerClosed: 50 } });
  });
});
