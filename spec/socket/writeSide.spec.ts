import { afterEach, describe, expect, it } from '@jest/globals';
import '../../server/testing/matchers/jestGlobals';
import { handler } from '../../server/testing/index';
import { bytesIn, connectionOf } from '../support/connectionOf';
import { eventually } from '../support/events';
import { Recorder, type RecordedHandler } from '../support/recorder';
import { serve } from '../support/served';

const window = 10_000;
/** More bytes than the network holds. */
const large = Buffer.alloc(300_000, 'x');

const told = ({ events }: RecordedHandler): string[] => events.map(({ type }) => type);

describe('The write side', () => {
  describe('given a peer that takes everything', () => {
    it('never tells of congestion, not even for a write beyond the high-water mark', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, {}, { window: large.length });
      for (let n = 1; n <= 20; n += 1) {
        // the network takes it at once, although Node's write() returns false
        recorder.first.write(large);
        await h.outbox(large);
      }
      expect(told(recorder.first)).toEqual([]);
      expect(connectionOf(h.scenario)).toBeInState({ open: 'flowing' });
    });
  });

  describe('given a peer that does not read', () => {
    it('tells control.noSpaceInBox once, then control.spaceInBox once all has left, and again the next time', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: Infinity }, { window });
      for (const turn of [1, 2]) {
        h.peer.stopsReading();
        recorder.first.write(large);
        recorder.first.write('more');
        recorder.first.write('and more');
        await h.scenario.settle();
        expect(told(recorder.first).slice(2 * turn - 2)).toEqual(['control.noSpaceInBox']);
        expect(connectionOf(h.scenario)).toBeInState({ open: 'congested' });
        await h.peer.readsOn();
        await h.outbox(large);
        await h.outbox('moreand more');
        expect(told(recorder.first).slice(2 * turn - 2)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
        expect(connectionOf(h.scenario)).toBeInState({ open: 'flowing' });
      }
    });

    it('is not read while it is congested, and again after that', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, {}, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.scenario.settle();
      await h.inbox(large);
      expect(told(recorder.first)).toEqual(['control.noSpaceInBox']);
      // the server reads no more than Node reads ahead
      expect(bytesIn(h.scenario)).toBeLessThanOrEqual(65_536 + window);
      await h.peer.readsOn();
      expect(bytesIn(h.scenario)).toBe(large.length);
      expect(told(recorder.first).slice(0, 3)).toEqual(['control.noSpaceInBox', 'control.spaceInBox', 'inbox']);
    });

    it('lets a handler stop on control.noSpaceInBox and go on with control.spaceInBox, so that nothing piles up', async () => {
      const piece = Buffer.alloc(1_000, 'y');
      let isPaused = false;
      let left = 300;
      const pump = ({ write }: RecordedHandler): void => {
        while (!isPaused && left > 0) {
          left -= 1;
          write(piece);
        }
      };
      const recorder = new Recorder(({ type }, self) => {
        isPaused = type === 'control.noSpaceInBox';
        // not at once: a handler gets no event while it handles another
        if (!isPaused) {
          queueMicrotask(() => {
            pump(self);
          });
        }
      });
      await using h = await handler(recorder.protocol, { maxBufferedBytes: 1_000 }, { window });
      h.peer.stopsReading();
      pump(recorder.first);
      expect(told(recorder.first)).toEqual(['control.noSpaceInBox']);
      // the writes that the network holds, and one that waits
      expect(left).toBe(300 - 11);
      await h.peer.readsOn();
      await h.outbox(Buffer.alloc(300_000, 'y'));
      expect(left).toBe(0);
      const all = told(recorder.first);
      expect(all).toEqual(all.map((_, n) => (n % 2 === 0 ? 'control.noSpaceInBox' : 'control.spaceInBox')));
    });
  });

  describe('given maxBufferedBytes', () => {
    it('delivers one message that is larger, when nothing else waits', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: 1_000 }, { window });
      recorder.first.write(large);
      await h.outbox(large);
      expect(told(recorder.first)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
      await h.peer.isOpen();
    });

    it('closes with slowConsumer on the first write that finds more waiting, and keeps nothing', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: large.length - window - 1 }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.advance(1_000);
      await h.peer.isOpen();
      recorder.first.write('one more');
      const closed = await h.isClosed('slowConsumer');
      // bytes that never left this process don't count
      expect(closed).toMatchObject({ bytesIn: 0, bytesOut: window });
      expect(closed).not.toHaveProperty('error');
      expect(told(recorder.first)).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
      expect(recorder.first.events.at(-1)).toEqual({ type: 'control.socketShutdown', reason: 'slowConsumer' });
      await h.peer.readsOn();
      await h.outbox(large.subarray(0, window));
      await h.peer.receivesNothing();
      await h.peer.isEnded();
    });

    it('closes once, however much is written after that', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: 100_000 }, { window });
      h.peer.stopsReading();
      for (let n = 0; n < 10; n += 1) recorder.first.write(large);
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: window });
      expect(told(recorder.first)).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
      expect(h.scenario.closed).toHaveLength(1);
    });

    it('counts what still waits, not what the network has taken of a large write already', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: large.length - window }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.write('one more');
      await h.peer.isOpen();
      await h.peer.readsOn();
      await h.outbox(large);
      await h.outbox('one more');
      expect(told(recorder.first)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
    });

    it('counts a string by its bytes', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: 40_000 }, { window });
      h.peer.stopsReading();
      // 60,000 bytes, of which the network takes 10,000
      recorder.first.write('€'.repeat(20_000));
      await h.peer.isOpen();
      recorder.first.write('one more');
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: window });
    });

    it('of 0 lets every write through that finds nothing waiting', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: 0 }, { window });
      recorder.first.write('a');
      recorder.first.write('b');
      await h.outbox('ab');
      await h.peer.isOpen();
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.peer.isOpen();
      recorder.first.write('c');
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: 2 + window });
    });
  });
});

describe('The write side on TCP', () => {
  const MiB = 1024 * 1024;
  /** More bytes than the kernel's buffers hold. */
  const tooMuch = Buffer.alloc(64 * MiB, 'x');
  const cleanUps: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it('never tells a peer that takes everything of congestion', async () => {
    const { actor, client, handler: handled } = await serve(cleanUps);
    for (let n = 1; n <= 20; n += 1) {
      // the kernel takes it at once, although Node's write() returns false
      handled.write(Buffer.alloc(100_000));
      await client.readUntil(n * 100_000);
    }
    expect(told(handled)).toEqual([]);
    expect(actor).toBeInState({ open: 'flowing' });
  });

  it('tells control.noSpaceInBox once, then control.spaceInBox once all has left', async () => {
    const { client, handler: handled, actor, socket, stall } = await serve(cleanUps, { maxBufferedBytes: Infinity });
    handled.write(tooMuch);
    handled.write('more');
    await stall();
    expect(told(handled)).toEqual(['control.noSpaceInBox']);
    expect(actor).toBeInState({ open: 'congested' });
    await client.readUntil(tooMuch.length + 4);
    await eventually(() => handled.events.length === 2);
    expect(told(handled)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
    expect(actor).toBeInState({ open: 'flowing' });
    expect(socket.writableLength).toBe(0);
  });

  it('counts what still waits, not what the kernel has taken of a large write already', async () => {
    const { actor, client, handler: handled, stall } = await serve(cleanUps, { maxBufferedBytes: tooMuch.length / 2 });
    handled.write(tooMuch);
    await client.readUntil(tooMuch.length * 0.75);
    await stall();
    handled.write('one more');
    await stall();
    expect(actor.getSnapshot().status).toBe('active');
    await client.readUntil(tooMuch.length + 8);
  });

  it('closes with slowConsumer on the first write that finds more waiting, and keeps nothing', async () => {
    const { actor, handler: handled, socket, stall } = await serve(cleanUps, { maxBufferedBytes: MiB });
    handled.write(tooMuch);
    await stall();
    handled.write('one more');
    await stall();
    const { status, output } = actor.getSnapshot();
    expect(status).toBe('done');
    expect(output).toMatchObject({ reason: 'slowConsumer', bytesIn: 0 });
    expect(output?.bytesOut).toBeLessThan(tooMuch.length / 2);
    expect(output?.bytesOut).toBeGreaterThan(0);
    expect(told(handled)).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
    expect(socket.destroyed).toBe(true);
  });
});
