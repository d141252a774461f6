import { describe, expect, it } from '@jest/globals';
import { tooMuch } from '../../support/fixtures';
import { Net, networks, turns } from '../../support/networks';

/** How a write is called back that the close of its own socket cuts short: Node before 22 says nothing. */
const canceled = ['ECANCELED', 'written'];

describe.each(networks)('How a connection ends on %s', (_, make) => {
  const net = new Net(make);

  describe('by FIN', () => {
    it('comes behind all bytes, and leaves the other direction open', async () => {
      const [client, server] = await net.pair();
      client.socket.end('question');
      await server.reads().sees('end');
      expect(server.received.toString()).toBe('question');
      await turns();
      expect(client.log).toEqual(['finish']);
      server.socket.end('answer');
      expect(await client.reads().closed).toEqual(['finish', 'end', 'closed']);
      expect(client.received.toString()).toBe('answer');
      expect(await server.closed).toEqual(['end', 'finish', 'closed']);
    });

    it('comes without any byte', async () => {
      const [client, server] = await net.pair();
      client.socket.end();
      server.reads();
      client.reads();
      await server.sees('end');
      server.socket.end();
      expect(await server.closed).toEqual(['end', 'finish', 'closed']);
      expect(await client.closed).toEqual(['finish', 'end', 'closed']);
      expect(server.chunks).toEqual([]);
    });

    it('goes unnoticed by an end that was paused before it read', async () => {
      const [client, server] = await net.pair();
      client.socket.end();
      await turns();
      expect(server.log).toEqual([]);
      await server.reads().sees('end');
    });

    it('is answered at once by an end without allowHalfOpen', async () => {
      const [client, server] = await net.pair({ allowHalfOpen: false });
      server.socket.end('bye');
      expect(await client.reads().closed).toEqual(['end', 'finish', 'closed']);
      expect(client.received.toString()).toBe('bye');
      expect(await server.reads().closed).toEqual(['finish', 'end', 'closed']);
    });

    it('from both ends at once closes both', async () => {
      const [client, server] = await net.pair();
      client.reads().socket.end('a');
      server.reads().socket.end('b');
      await Promise.all([client.closed, server.closed]);
      expect([...client.log].sort()).toEqual(['closed', 'end', 'finish']);
      expect([...server.log].sort()).toEqual(['closed', 'end', 'finish']);
      expect([client.received.toString(), server.received.toString()]).toEqual(['b', 'a']);
    });

    it('is sent once, however often one ends', async () => {
      const [client, server] = await net.pair();
      client.socket.end('x').end();
      client.socket.end();
      server.reads();
      await server.sees('end');
      server.socket.end();
      expect(await client.reads().closed).toEqual(['finish', 'end', 'closed']);
      expect(await server.closed).toEqual(['end', 'finish', 'closed']);
    });

    it('allows no write after it, and says so too when the peer has ended as well', async () => {
      const [client, server] = await net.pair();
      client.socket.end();
      await client.sees('finish');
      server.reads().socket.end();
      const written = new Promise((resolve) => {
        client.socket.once('end', () => {
          resolve(client.write('more'));
        });
      });
      client.reads();
      expect(await written).toBe('ERR_STREAM_WRITE_AFTER_END');
      expect(await client.closed).toEqual(['finish', 'end', 'ERR_STREAM_WRITE_AFTER_END', 'closed by error']);
      expect((await server.closed).at(-1)).toBe('closed');
      expect(server.chunks).toEqual([]);
    });

    it('allows no write after it', async () => {
      const [client, server] = await net.pair();
      server.reads();
      client.socket.end('all');
      expect(await client.write('more')).toBe('ERR_STREAM_WRITE_AFTER_END');
      expect((await client.closed).filter((event) => event !== 'finish')).toEqual([
        'ERR_STREAM_WRITE_AFTER_END',
        'closed by error',
      ]);
      await server.sees('end');
      expect(server.received.toString()).toBe('all');
    });
  });

  describe('by a reset', () => {
    it('is an error of the read at an end that reads, and none at the one that resets', async () => {
      const [client, server] = await net.pair();
      server.reads();
      await turns();
      client.socket.resetAndDestroy();
      expect(await server.closed).toEqual(['read ECONNRESET', 'closed by error']);
      expect(await client.closed).toEqual(['closed']);
    });

    it('goes unnoticed by an end that was paused before it read, but for the address', async () => {
      const [client, server] = await net.pair();
      client.socket.resetAndDestroy();
      await turns();
      expect(server.log).toEqual([]);
      expect(server.socket.remoteAddress).toBeUndefined();
      expect(server.socket.localAddress).toBe('127.0.0.1');
      expect(await server.reads().closed).toEqual(['read ECONNRESET', 'closed by error']);
    });

    it('leaves what had arrived before it', async () => {
      const [client, server] = await net.pair();
      void client.write('last words');
      await turns();
      client.socket.resetAndDestroy();
      await turns();
      await Promise.race([
        server
          .reads()
          .sees('end')
          .catch(() => undefined),
        server.closed,
      ]);
      expect(server.received.toString()).toBe('last words');
      // libuv before 1.52 takes a reset right behind the last bytes for an end
      expect(['end', 'read ECONNRESET']).toContain(server.log[0]);
    });

    it('fails the large write that it comes into, when the writer does not read', async () => {
      const [client, server] = await net.pair();
      const written = server.write(tooMuch);
      await turns();
      client.socket.resetAndDestroy();
      expect(await written).toBe('ECONNRESET');
      expect(await server.closed).toEqual(['write ECONNRESET', 'closed by error']);
    });

    it('fails the read of an end that reads and writes', async () => {
      const [client, server] = await net.pair();
      const written = server.reads().write(tooMuch);
      await turns();
      client.socket.resetAndDestroy();
      expect(canceled).toContain(await written);
      expect(await server.closed).toEqual(['read ECONNRESET', 'closed by error']);
    });

    it('is noticed by an end that has sent its FIN', async () => {
      const [client, server] = await net.pair();
      server.reads().socket.end();
      await client.reads().sees('end');
      client.socket.resetAndDestroy();
      expect(await server.closed).toEqual(['finish', 'read ECONNRESET', 'closed by error']);
    });
  });

  describe('by closing', () => {
    it('is an end to the peer, behind all that was written', async () => {
      const [client, server] = await net.pair();
      client.reads();
      expect(await server.write('goodbye')).toBe('written');
      server.socket.destroy();
      await client.sees('end');
      expect(client.received.toString()).toBe('goodbye');
      expect(await server.closed).toEqual(['closed']);
    });

    it.each([1, 2, 100])('is a reset when %d bytes were left unread', async (count) => {
      const [client, server] = await net.pair();
      client.reads();
      await client.write(Buffer.alloc(count));
      await server.write('goodbye');
      await client.receives(7);
      server.socket.destroy();
      expect(await client.closed).toEqual(['read ECONNRESET', 'closed by error']);
      expect(client.received.toString()).toBe('goodbye');
      expect(await server.closed).toEqual(['closed']);
    });

    it('is no reset when the bytes had been read, if only by the stream', async () => {
      const [client, server] = await net.pair();
      client.reads();
      await client.write('unread');
      server.socket.read(0);
      await turns();
      expect(server.socket.readableLength).toBe(6);
      server.socket.destroy();
      await client.sees('end');
      await turns();
      expect(client.log).toEqual(['end']);
    });

    it('resets the peer that writes on: the first write succeeds, the next one fails', async () => {
      const [client, server] = await net.pair();
      client.reads();
      server.socket.destroy();
      await client.sees('end');
      expect(await client.write('into')).toBe('written');
      await turns();
      expect(client.log).toEqual(['end']);
      expect(await client.write('nothing')).toBe('EPIPE');
      expect(await client.closed).toEqual(['end', 'write EPIPE', 'closed by error']);
    });

    it('is an end to a peer that has ended, too', async () => {
      const [client, server] = await net.pair();
      client.reads().socket.end();
      await server.reads().sees('end');
      server.socket.destroy();
      expect(await client.closed).toEqual(['finish', 'end', 'closed']);
    });

    it('fails the peer that has a large write under way', async () => {
      const [client, server] = await net.pair();
      const written = server.reads().write(tooMuch);
      await turns();
      client.socket.destroy();
      expect(canceled).toContain(await written);
      expect(await server.closed).toEqual(['read ECONNRESET', 'closed by error']);
    });

    it('fails it with EPIPE when an end came before', async () => {
      const [client, server] = await net.pair();
      const written = server.reads().write(tooMuch);
      client.socket.end('last words');
      await server.sees('end');
      client.socket.destroy();
      expect(await written).toBe('EPIPE');
      expect(await server.closed).toEqual(['end', 'write EPIPE', 'closed by error']);
      expect(server.received.toString()).toBe('last words');
    });

    it('calls back the write that is under way, and fails those behind it', async () => {
      const [, server] = await net.pair();
      const first = server.write(tooMuch);
      const second = server.write('more');
      await turns();
      server.socket.destroy();
      expect(canceled).toContain(await first);
      expect(['ECANCELED', 'ERR_STREAM_DESTROYED']).toContain(await second);
      expect(await server.closed).toEqual(['closed']);
    });

    it('takes the addresses away', async () => {
      const [client] = await net.pair();
      client.socket.destroy();
      await client.closed;
      const { localAddress, remoteAddress, remotePort } = client.socket;
      expect([localAddress, remoteAddress, remotePort]).toEqual([undefined, undefined, undefined]);
    });
  });
});
