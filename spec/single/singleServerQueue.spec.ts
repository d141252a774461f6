import { describe, expect, it } from '@jest/globals';
import { singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf, finish, inbox, outboxOf } from '../support/boxes';
import { assertServed } from '../support/singleScenario';

describe('SingleServer, given a client that is being served', () => {
  describe("with whenBusy 'queue'", () => {
    it('keeps the others unread until it is their turn, then serves them in order', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'queue' });
      const [first, second, third] = await s.clients('first', 'second', 'third');
      await second.sends('I am the second');
      await third.sends('I am the third');
      await assertServed(s, first);
      expect(outboxOf(s).toString()).toBe('heard');
      expect(emittedOf(s, 'connection.opened')).toHaveLength(1);

      await first.ends();
      expect(outboxOf(s).toString()).toBe('heardI am the second');
      await assertServed(s, second);
      await second.ends();
      expect(outboxOf(s).toString()).toBe('heardI am the secondheardI am the third');
      await assertServed(s, third);
      await third.ends();
      expect(emittedOf(s, 'connection.opened').map(({ id }) => id)).toEqual([first.id, second.id, third.id]);

      await s.shutsDown();
      expect(s.output).toMatchObject({
        connections: 3,
        rejected: 0,
        reasons: { peerClosed: 3 },
      });
      expect(s.leftovers()).toEqual([]);
    });

    it('rejects those beyond maxQueued, with busyReply', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'queue', maxQueued: 1, busyReply: 'queue is full' });
      const [first, second, third] = await s.clients('first', 'second', 'third');
      await third.receives('queue is full');
      await third.isRejected('queueFull');
      await third.hasClosed();

      await first.ends();
      await assertServed(s, second);
      // the client's place in the queue is free again
      const fourth = await s.client('fourth');
      await second.ends();
      await assertServed(s, fourth);
      expect(emittedOf(s, 'connection.rejected')).toMatchObject([
        { reason: 'queueFull', info: { id: 'connection:3' } },
      ]);
    });

    it('rejects at once with maxQueued 0', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'queue', maxQueued: 0 });
      const [first, second] = await s.clients('first', 'second');
      await second.isRejected('queueFull');
      await second.receivesNothing();
      await second.hasClosed();
      await assertServed(s, first);
    });

    it('takes no harm from those that have left, or broken off, before their turn', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'queue' });
      const [first, gone, broken, last] = await s.clients('first', 'gone', 'broken', 'last');
      await gone.sends('I was here');
      await gone.ends();
      await broken.resets();
      expect(s.closed).toEqual([]);

      await first.ends();
      expect(outboxOf(s).toString()).toBe('I was here');
      await gone.isClosed('peerClosed');
      await broken.isClosed('reset');
      await assertServed(s, last);
      expect(emittedOf(s, 'signal.producerFinished').map(({ id, reason }) => [id, reason])).toEqual([
        ['connection:1', 'peerClosed'],
        ['connection:2', 'peerClosed'],
        ['connection:3', 'reset'],
      ]);
    });

    it('serves the queue when the first ends by control.producerFinished, by a reset, or by being slow', async () => {
      await using s = await scenario(singleServer, { whenBusy: 'queue', maxBufferedBytes: 100_000 });
      const [first, second, third, fourth] = await s.clients('first', 'second', 'third', 'fourth');
      await finish(s);
      await first.isClosed('handlerFinished');
      await second.resets();
      await second.isClosed('reset');
      third.stopsReading();
      await inbox(s, Buffer.alloc(200_000), 'too much');
      await third.isClosed('slowConsumer');
      await assertServed(s, fourth);
      expect(s).toHaveConnections(1);
    });
  });
});
