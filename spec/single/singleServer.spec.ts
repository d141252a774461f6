import { describe, expect, it } from '@jest/globals';
import { singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox, outboxOf } from '../support/boxes';
import { assertServed } from '../support/singleScenario';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('SingleServer', () => {
  describe('given a client', () => {
    it('emits on outbox what the client sends, every byte as it came', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      await client.sends(everyByte);
      await client.sends(everyByte);
      expect(outboxOf(s)).toEqual(Buffer.concat([everyByte, everyByte]));
      expect(emittedOf(s, 'outbox').every(({ data }) => Buffer.isBuffer(data))).toBe(true);
    });

    it('sends the client what comes on inbox: bytes as they are, strings as UTF-8, nothing for nothing', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      const view = new Uint8Array([0, 1, 2, 0xff, 0xfe, 9]).subarray(1, 5);
      await inbox(s, everyByte, '', view, 'é€', new Uint8Array(0));
      await client.receives(Buffer.concat([everyByte, Buffer.from([1, 2, 0xff, 0xfe]), Buffer.from('é€')]));
      await client.receivesNothing();
      expect(s).toHaveConnections(1);
    });

    it('tells on signal that the client has gone, why, and what it sent and got', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      await inbox(s, 'to the client');
      await client.sends('from it');
      await s.advance(250);
      expect(emittedOf(s, 'signal.producerFinished')).toEqual([]);
      await client.ends();
      expect(emittedOf(s, 'signal.producerFinished')).toEqual([
        {
          ...{ type: 'signal.producerFinished', id: 'connection:1', reason: 'peerClosed' },
          ...{ bytesIn: 7, bytesOut: 13, durationMs: 250 },
        },
      ]);
    });

    it('delivers what was sent right before the client ended', async () => {
      await using s = await scenario(singleServer, {}, { split: 0 });
      const client = await s.client();
      client.socket.end('last words');
      await s.settle();
      expect(s.emitted.map(({ type }) => type)).toEqual([
        'server.listening',
        'connection.opened',
        'outbox',
        'connection.closed',
        'signal.producerFinished',
      ]);
      expect(outboxOf(s).toString()).toBe('last words');
    });

    it('survives a client that breaks the connection', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      await client.resets();
      expect(emittedOf(s, 'signal.producerFinished')).toMatchObject([
        { reason: 'reset', error: { code: 'ECONNRESET' } },
      ]);
      await assertServed(s, await s.client());
    });

    it('ends it on control.producerFinished, but not the server', async () => {
      await using s = await scenario(singleServer);
      const first = await s.client('first', { allowHalfOpen: true });
      await inbox(s, 'goodbye');
      await finish(s);
      await finish(s);
      await first.receives('goodbye');
      await first.isEnded();
      expect(emittedOf(s, '_CSA_signal.producerFinished')).toHaveLength(1);
      expect(s).toHaveConnections(1);
      await first.ends();
      expect(await first.isClosed('handlerFinished')).toMatchObject({ id: 'connection:1', bytesOut: 7 });

      await assertServed(s, await s.client('second'));
    });

    it('with allowHalfOpen tells that the client has ended its side, and goes on until it is ended, too', async () => {
      await using s = await scenario(singleServer, { allowHalfOpen: true });
      const client = await s.client();
      await client.sends('that was all of me');
      await client.ends();
      expect(emittedOf(s, 'signal.peerEnded')).toHaveLength(1);
      await s.advance(3_600_000);
      expect(s.server).toBeInState('connected');
      await inbox(s, 'but not of me');
      await finish(s);
      await client.receives('but not of me');
      expect(await client.isClosed('handlerFinished')).toMatchObject({ bytesIn: 18, bytesOut: 13 });
    });

    it('without allowHalfOpen tells of no such thing', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      await client.ends();
      await client.isClosed('peerClosed');
      expect(emittedOf(s, 'signal.peerEnded')).toEqual([]);
    });

    it('flushes all that was sent before control.producerFinished, to a client that reads late', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      client.stopsReading();
      const pieces = Array.from({ length: 32 }, (_, n) => Buffer.alloc(16_384, n));
      await inbox(s, ...pieces);
      await finish(s);
      await s.advance(1_000);
      expect(s).toHaveConnections(1);
      await client.readsOn();
      await client.receives(Buffer.concat(pieces));
      await client.isClosed('handlerFinished');
    });

    it('keeps what comes on inbox after control.producerFinished for the next client', async () => {
      await using s = await scenario(singleServer);
      const first = await s.client('first');
      s.server.send({ type: 'inbox', data: 'for the first' });
      s.server.send({ type: 'control.producerFinished' });
      s.server.send({ type: 'inbox', data: 'for the second' });
      await first.receives('for the first');
      await first.isClosed('handlerFinished');

      const second = await s.client('second');
      await inbox(s, ', and more');
      await finish(s);
      await second.receives('for the second, and more');
      expect(await second.isClosed('handlerFinished')).toMatchObject({ bytesOut: 24 });
      await first.receivesNothing();
    });

    it('tells signal.noSpaceInBox when the client reads too slowly, and spaceInBox once it has caught up', async () => {
      await using s = await scenario(singleServer, {}, { split: 0 });
      const client = await s.client();
      const signals = (): unknown[] => s.emitted.slice(2);
      client.stopsReading();
      const pieces = Array.from({ length: 16 }, (_, n) => Buffer.alloc(16_384, n));
      // bytes that fit in the window wait nowhere else
      await inbox(s, ...pieces.slice(0, 4));
      expect(signals()).toEqual([]);
      await inbox(s, ...pieces.slice(4));
      expect(signals()).toEqual([{ type: 'signal.noSpaceInBox' }]);
      // the server doesn't read a client that takes nothing
      await client.sends('knock');
      expect(signals()).toHaveLength(1);

      await client.readsOn();
      expect(signals()).toEqual([
        { type: 'signal.noSpaceInBox' },
        { type: 'signal.spaceInBox' },
        { type: 'outbox', data: Buffer.from('knock') },
      ]);
      await client.receives(Buffer.concat(pieces));
    });

    it('ends a client that lets more than maxBufferedBytes pile up, and serves the next', async () => {
      await using s = await scenario(singleServer, { maxBufferedBytes: 100_000 });
      const client = await s.client();
      client.stopsReading();
      // the window takes 65 536 bytes more; only the next write is too much
      await inbox(s, Buffer.alloc(65_536), Buffer.alloc(100_000), '.');
      expect(s.server).toBeInState('connected');
      await inbox(s, '.');
      expect(await client.isClosed('slowConsumer')).toMatchObject({ id: 'connection:1', bytesOut: 65_536 });
      await assertServed(s, await s.client('next'));
    });

    it('ends a client for whom something came that is neither bytes nor a string, and serves the next', async () => {
      await using s = await scenario(singleServer);
      const client = await s.client();
      await inbox(s, 42 as unknown as string);
      expect(emittedOf(s, 'connection.failed')).toMatchObject([{ id: 'connection:1', error: { name: 'TypeError' } }]);
      await client.isClosed('handlerFailed');
      await assertServed(s, await s.client('next'));
    });
  });

  it('serves many clients, one after another', async () => {
    await using s = await scenario(singleServer);
    s.server.on('outbox', ({ data }) => {
      s.server.send({ type: 'inbox', data });
    });
    const ids = Array.from({ length: 50 }, (_, n) => `connection:${String(n + 1)}`);
    for (const id of ids) {
      const client = await s.client(id);
      await client.sends(`I am ${id}`);
      await client.receives(`I am ${id}`);
      await client.ends();
    }
    expect(emittedOf(s, 'signal.producerFinished').map(({ id }) => id)).toEqual(ids);
    await s.shutsDown();
    expect(s.output).toMatchObject({
      connections: 50,
      rejected: 0,
      reasons: { peerClosed: 50 },
    });
    expect(s.leftovers()).toEqual([]);
  });
});
