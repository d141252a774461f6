import { afterEach, describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import {
  createServerCore,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerEmitted,
} from '../server/index';
import { BulkClient } from './support/bulkClient';
import { collect, emitted, eventually } from './support/events';
import { serve } from './support/served';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

const MiB = 1024 * 1024;
/** More than the kernel's buffers hold. */
const large = Buffer.alloc(64 * MiB, 'x');
const slowConsumer = { status: 'done', output: { reason: 'slowConsumer' } };

describe('writeTimeout', () => {
  const cleanUps: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  describe('given a handler that is still there', () => {
    it('closes with slowConsumer when nothing leaves for so long, and tells the handler', async () => {
      const { actor, clock, handler, told, stall } = await serve(cleanUps);
      handler.write(large);
      await stall();
      clock.increment(999);
      expect(actor.getSnapshot().status).toBe('active');
      // the second period at the latest: something left in the first one
      clock.increment(1_001);
      expect(actor.getSnapshot()).toMatchObject(slowConsumer);
      expect(told()).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
      expect(handler.events.at(-1)).toEqual({ type: 'control.socketShutdown', reason: 'slowConsumer' });
    });

    it('does not close while something leaves in each period, however slowly', async () => {
      const { actor, client, clock, CSA, handler, stall } = await serve(cleanUps);
      handler.write(large);
      await stall();
      for (let period = 0; period < 10; period += 1) {
        const before = CSA.bytesOut;
        await client.readWhile(() => CSA.bytesOut === before);
        clock.increment(1_000);
        expect(actor.getSnapshot()).toMatchObject({ status: 'active', value: { open: 'congested' } });
      }
      await stall();
      clock.increment(2_000);
      expect(actor.getSnapshot()).toMatchObject(slowConsumer);
    });

    it('leaves a connection alone on which nothing waits', async () => {
      const { actor, client, clock, handler, told } = await serve(cleanUps);
      handler.write(large);
      await client.readUntil(large.length);
      await eventually(() => told().length === 2);
      clock.increment(60_000);
      expect(actor.getSnapshot().status).toBe('active');
      expect(told()).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
    });

    it('closes too when what waits is less than the high-water mark', async () => {
      const { actor, clock, CSA, handler, socket, stall, told } = await serve(cleanUps);
      // small writes until the kernel takes no more, and one of them waits
      do {
        handler.write(Buffer.alloc(1_000));
        if (!CSA.isFlushed) await stall();
      } while (CSA.isFlushed);
      expect(socket.writableLength).toBe(1_000);
      expect(told()).toEqual(['control.noSpaceInBox']);
      clock.increment(2_000);
      clock.increment(2_000);
      expect(actor.getSnapshot()).toMatchObject(slowConsumer);
    });

    it('applies after the peer has ended its side too', async () => {
      const { actor, client, clock, handler, stall, told } = await serve(cleanUps, { allowHalfOpen: true });
      client.socket.end();
      await eventually(() => told().length === 1);
      clock.increment(60_000);
      handler.write(large);
      await stall();
      expect(actor.getSnapshot()).toMatchObject({ status: 'active', value: { open: 'peerEnded' } });
      clock.increment(1_000);
      clock.increment(1_000);
      expect(actor.getSnapshot()).toMatchObject(slowConsumer);
      expect(told()).toEqual(['control.producerFinished', 'control.noSpaceInBox', 'control.socketShutdown']);
    });
  });

  describe('given a handler that has finished', () => {
    it('closes with slowConsumer when nothing leaves for so long', async () => {
      const { actor, clock, CSA, handler, stall } = await serve(cleanUps);
      handler.write(large);
      handler.emit({ type: 'signal.producerFinished' });
      await stall();
      expect(actor.getSnapshot()).toMatchObject({ status: 'active', value: { closing: 'flushing' } });
      clock.increment(999);
      expect(actor.getSnapshot().status).toBe('active');
      clock.increment(1_001);
      expect(actor.getSnapshot()).toMatchObject(slowConsumer);
      expect(CSA.bytesOut).toBeLessThan(large.length / 2);
    });

    it('flushes everything while something leaves in each period, however slowly', async () => {
      const { actor, client, clock, CSA, handler, stall } = await serve(cleanUps);
      handler.write(large);
      handler.emit({ type: 'signal.producerFinished' });
      await stall();
      while (!CSA.isFlushed) {
        const before = CSA.bytesOut;
        await client.readWhile(() => CSA.bytesOut === before && !CSA.isFlushed);
        clock.increment(1_000);
        expect(actor.getSnapshot().status).toBe('active');
      }
      await client.readUntil(large.length);
      client.socket.end();
      client.socket.resume();
      await eventually(() => actor.getSnapshot().status === 'done');
      expect(actor.getSnapshot().output).toMatchObject({ reason: 'handlerFinished', bytesOut: large.length });
    });
  });

  describe('on a server and its real clock', () => {
    // written on their start, before anything else happens
    const writeLarge = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
      emit({ type: 'outbox', data: large });
    });

    const writeLargeAndFinish = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
      emit({ type: 'outbox', data: large });
      emit({ type: 'signal.producerFinished' });
    });

    it.each([
      ['stays', writeLarge],
      ['finishes', writeLargeAndFinish],
    ])('ends a client that never reads, when its handler %s', async (_, protocol) => {
      const server = createServerCore({ protocol, port: 0, writeTimeout: 50 });
      cleanUps.push(() => server.shutdown({ timeout: 0 }));
      const { port } = await server.start();
      const all = collect<Closed>(server, 'connection.closed');
      const closed = emitted<Closed>(server, 'connection.closed');
      const client = await BulkClient.connect(port);
      cleanUps.push(() => client.destroy());
      expect(await closed).toMatchObject({ id: 'connection:1', reason: 'slowConsumer', bytesIn: 0 });
      const summary = await server.shutdown();
      expect(summary).toMatchObject({ connections: 1, reasons: { slowConsumer: 1 } });
      expect(all).toHaveLength(1);
    });
  });
});
