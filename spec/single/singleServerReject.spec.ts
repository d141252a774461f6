import { describe, expect, it } from '@jest/globals';
import { singleServer } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emittedOf } from '../support/boxes';
import { megabyte } from '../support/floods';
import { assertServed } from '../support/singleScenario';

describe('SingleServer, given a client that is being served', () => {
  describe("with whenBusy 'reject'", () => {
    it('closes the second, and says who it was and why', async () => {
      await using s = await scenario(singleServer);
      const first = await s.client('first');
      const second = await s.client('second', { localPort: 40_002 });
      await second.isRejected('atCapacity');
      await second.receivesNothing();
      await second.hasClosed();
      const info = { id: 'connection:2', peer: '127.0.0.1', peerport: 40_002, localip: '127.0.0.1', localport: 1601 };
      expect(emittedOf(s, 'connection.rejected')).toEqual([
        { type: 'connection.rejected', reason: 'atCapacity', info: { ...info, encrypted: false } },
      ]);
      await assertServed(s, first);
    });

    it('tells it all of busyReply first, even when it talks at once and listens late', async () => {
      const busyReply = '421 busy, try again\r\n'.repeat(20_000);
      await using s = await scenario(singleServer, { busyReply });
      const first = await s.client('first');
      const second = await s.client('second', { reads: false, localPort: 40_002 });
      await second.isRejected('atCapacity');
      await second.sends('HELO, anybody there?\r\n'.repeat(10_000));
      await s.advance(1_000);
      await second.readsOn();
      await second.receives(busyReply);
      await second.receivesNothing();
      await second.hasClosed();
      expect(s.leftovers().join()).not.toContain('40002');
      await assertServed(s, first);
    });

    it('tells a busyReply of bytes as they are, and an empty one as none', async () => {
      for (const bytes of [[0, 0xff, 0x80], []]) {
        await using s = await scenario(singleServer, { busyReply: new Uint8Array(bytes) });
        const [, second] = await s.clients('first', 'second');
        await second.isEnded();
        expect(second.received).toEqual(Buffer.from(bytes));
      }
    });

    it('turns away any number, polite or not, and then serves the next after the first has left', async () => {
      await using s = await scenario(singleServer, { busyReply: 'busy' });
      const first = await s.client('first');
      for (let n = 0; n < 20; n += 1) {
        const client = await s.client(`late ${String(n)}`, { allowHalfOpen: true });
        await client.receives('busy');
        if (n % 2 === 0) await client.resets();
        else await client.ends();
      }
      await first.ends();
      await assertServed(s, await s.client('next'));
      await s.shutsDown();
      expect(s.output).toMatchObject({ connections: 2, rejected: 20 });
      expect(s.leftovers()).toEqual([]);
    });

    it('cuts a rejected client that neither takes the reply nor leaves, after lingerTimeout', async () => {
      await using s = await scenario(singleServer, { busyReply: megabyte, lingerTimeout: 20 });
      const first = await s.client('first');
      const second = await s.client('second', { localPort: 40_002, reads: false });
      const open = s.leftovers();
      expect(open).toContain('connection 127.0.0.1:1601 to 127.0.0.1:40002');
      await s.advance(19);
      expect(s.leftovers()).toEqual(open);
      await s.advance(1);
      expect(s.leftovers()).not.toContain('connection 127.0.0.1:1601 to 127.0.0.1:40002');
      await second.readsOn();
      await second.isEnded();
      // the bytes that the network had taken
      await second.receives(65_536);
      await second.receivesNothing();
      await assertServed(s, first);
    });
  });
});
