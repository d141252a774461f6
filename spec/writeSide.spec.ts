import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from './support/events';
import type { Recorded } from './support/recorder';
import { serve } from './support/served';

const MiB = 1024 * 1024;
/** More than the kernel's buffers hold. */
const large = Buffer.alloc(64 * MiB, 'x');

describe('The write side', () => {
  const cleanUps: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  describe('given a peer that takes everything', () => {
    it('never tells of congestion, not even for a write beyond the high-water mark', async () => {
      const { actor, client, handler, told } = await serve(cleanUps);
      for (let n = 1; n <= 20; n += 1) {
        // the kernel takes it at once, although Node's write() returns false
        handler.write(Buffer.alloc(100_000));
        await client.readUntil(n * 100_000);
      }
      expect(told()).toEqual([]);
      expect(actor.getSnapshot().value).toEqual({ open: 'flowing' });
    });
  });

  describe('given a peer that does not read', () => {
    it('tells control.noSpaceInBox once, then control.spaceInBox once all has left, and again the next time', async () => {
      const { client, handler, actor, socket, told, stall } = await serve(cleanUps, { maxBufferedBytes: Infinity });
      handler.write(large);
      handler.write('more');
      handler.write('and more');
      await stall();
      expect(told()).toEqual(['control.noSpaceInBox']);
      expect(actor.getSnapshot().value).toEqual({ open: 'congested' });
      await client.readUntil(large.length + 12);
      await eventually(() => told().length === 2);
      expect(told()).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
      expect(actor.getSnapshot().value).toEqual({ open: 'flowing' });
      expect(socket.writableLength).toBe(0);
      handler.write(large);
      await client.readUntil(2 * large.length + 12);
      await eventually(() => told().length === 4);
      expect(told().slice(2)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
    });

    it('is not read while it is congested, and again after that', async () => {
      const { client, handler, CSA, told, stall } = await serve(cleanUps);
      handler.write(large);
      client.socket.write(large);
      await stall();
      expect(told()).toEqual(['control.noSpaceInBox']);
      // no more than Node reads ahead
      expect(CSA.bytesIn).toBeLessThan(MiB / 2);
      await client.readUntil(large.length);
      await eventually(() => CSA.bytesIn === large.length);
      expect(told().slice(0, 3)).toEqual(['control.noSpaceInBox', 'control.spaceInBox', 'inbox']);
    });

    it('lets a handler stop on control.noSpaceInBox and go on with control.spaceInBox, so that nothing piles up', async () => {
      const piece = Buffer.alloc(10_000, 'y');
      let isPaused = false;
      let left = 3_000;
      const pump = ({ write }: Recorded): void => {
        while (!isPaused && left > 0) {
          left -= 1;
          write(piece);
        }
      };
      const { client, handler, CSA, told } = await serve(cleanUps, { maxBufferedBytes: 100_000 }, (event, self) => {
        isPaused = event.type === 'control.noSpaceInBox';
        // not at once: while a handler deals with an event, no other reaches it
        if (!isPaused) setImmediate(pump, self);
      });
      pump(handler);
      expect(told()).toEqual(['control.noSpaceInBox']);
      await client.readUntil(30_000_000);
      await eventually(() => CSA.isFlushed && left === 0);
      expect(told()).toEqual(told().map((_, n) => (n % 2 === 0 ? 'control.noSpaceInBox' : 'control.spaceInBox')));
      expect(CSA.bytesOut).toBe(30_000_000);
    });
  });

  describe('given maxBufferedBytes', () => {
    it('delivers one message that is larger, when nothing else waits', async () => {
      const { client, handler, CSA, told } = await serve(cleanUps, { maxBufferedBytes: 1_000 });
      handler.write(large);
      await client.readUntil(large.length);
      await eventually(() => told().length === 2);
      expect(told()).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
      expect(CSA.bytesOut).toBe(large.length);
    });

    it('closes with slowConsumer on the first write that finds more waiting, and keeps nothing', async () => {
      const { actor, handler, socket, told, stall } = await serve(cleanUps, { maxBufferedBytes: MiB });
      handler.write(large);
      await stall();
      expect(told()).toEqual(['control.noSpaceInBox']);
      handler.write('one more');
      await stall();
      expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'closed' });
      const { output } = actor.getSnapshot();
      expect(output).toMatchObject({ reason: 'slowConsumer', bytesIn: 0 });
      expect(output).not.toHaveProperty('error');
      // what never left this process does not count
      expect(output?.bytesOut).toBeLessThan(large.length / 2);
      expect(output?.bytesOut).toBeGreaterThan(0);
      expect(told()).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
      expect(handler.events.at(-1)).toEqual({ type: 'control.socketShutdown', reason: 'slowConsumer' });
      expect(socket.destroyed).toBe(true);
    });

    it('closes once, however much is written after that', async () => {
      const { actor, handler, told, stall } = await serve(cleanUps, { maxBufferedBytes: MiB });
      for (let n = 0; n < 10; n += 1) handler.write(large);
      await stall();
      expect(actor.getSnapshot().output).toMatchObject({ reason: 'slowConsumer' });
      expect(told()).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
    });

    it('counts what still waits, not what the kernel has taken of a large write already', async () => {
      const { actor, client, handler, stall } = await serve(cleanUps, { maxBufferedBytes: large.length / 2 });
      handler.write(large);
      await client.readUntil(large.length * 0.75);
      await stall();
      handler.write('one more');
      await stall();
      expect(actor.getSnapshot().status).toBe('active');
      await client.readUntil(large.length + 8);
    });

    it('counts a string by its bytes', async () => {
      const { actor, handler, stall } = await serve(cleanUps, { maxBufferedBytes: 40 * MiB });
      // 96 MiB, of which more than a half waits
      handler.write('€'.repeat(32 * MiB));
      await stall();
      handler.write('one more');
      await stall();
      expect(actor.getSnapshot().output).toMatchObject({ reason: 'slowConsumer' });
    });

    it('of 0 lets every write through that finds nothing waiting', async () => {
      const { actor, client, handler, stall } = await serve(cleanUps, { maxBufferedBytes: 0 });
      handler.write('a');
      handler.write('b');
      await client.readUntil(2);
      expect(actor.getSnapshot().status).toBe('active');
      handler.write(large);
      handler.write('c');
      await stall();
      expect(actor.getSnapshot().output).toMatchObject({ reason: 'slowConsumer' });
    });
  });
});
