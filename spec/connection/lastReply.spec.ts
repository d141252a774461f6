import { describe, expect, it } from '@jest/globals';
import { createServerCore, type Protocol } from '../../server/index';
import { handler } from '../../server/testing/index';
import { Client } from '../support/client';
import { Recorder } from '../support/recorder';

/** A handler that answers the first bytes and finishes, even if more bytes come. */
const answering = (reply: Buffer | string): Protocol =>
  new Recorder((event, { emit, write }) => {
    if (event.type !== 'inbox') return;
    write(reply);
    emit({ type: 'signal.producerFinished' });
  }).protocol;

const MB = 1_000_000;
const large = Buffer.alloc(MB, 'bye');

/** A client that keeps its side open when the server ends its own. */
const peer = { allowHalfOpen: true };

/**
 * If a socket is closed with unread bytes in it, the kernel sends a reset. The reset can destroy bytes that are still
 * on their way to the peer (RFC 2525, section 2.17).
 */
describe('The last reply of a handler', () => {
  it.each([
    ['of three bytes', Buffer.from('bye')],
    ['of a megabyte', large],
  ])('%s arrives whole while the peer goes on sending', async (_, reply) => {
    await using h = await handler(answering(reply), {}, { peer });
    await h.inbox(Buffer.alloc(2 * MB));
    await h.outbox(reply);
    await h.peer.isEnded();
    await h.peer.isOpen();
    await Promise.all([h.inbox(large), h.peer.ends()]);
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 3 * MB, bytesOut: reply.length });
    await h.peer.hasClosed();
  });

  it('arrives when the peer reads only after it has sent everything', async () => {
    await using h = await handler(answering(large), {}, { peer });
    h.peer.stopsReading();
    await h.inbox(Buffer.alloc(2 * MB));
    expect(h.peer.socket.writableLength).toBe(0);
    await h.peer.readsOn();
    await h.outbox(large);
    await h.peer.ends();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 2 * MB, bytesOut: large.length });
    await h.peer.hasClosed();
  });

  it('arrives, and a peer that never ends its side is cut after lingerTimeout', async () => {
    await using h = await handler(answering('bye'), { lingerTimeout: 50 }, { peer });
    await h.inbox('hello');
    await h.outbox('bye');
    await h.peer.isEnded();
    await h.advance(49);
    await h.peer.isOpen();
    await h.advance(1);
    const closed = await h.isClosed('handlerFinished');
    expect(closed).toEqual({ id: 'connection:1', reason: 'handlerFinished', bytesIn: 5, bytesOut: 3, durationMs: 50 });
  });

  it('is not renamed by a reset that comes after it', async () => {
    await using h = await handler(answering('bye'), {}, { peer });
    await h.inbox('hello');
    await h.peer.isEnded();
    await h.peer.resets();
    const closed = await h.isClosed('handlerFinished');
    expect(closed).toMatchObject({ bytesIn: 5, bytesOut: 3 });
    expect(closed).not.toHaveProperty('error');
  });

  describe('on TCP, where a reset would destroy it', () => {
    it.each([
      ['of three bytes', Buffer.from('bye')],
      ['of 3 MB', Buffer.alloc(3 * MB, 'bye')],
    ])('%s arrives whole while the peer goes on sending', async (_, reply) => {
      await using server = createServerCore({ protocol: answering(reply), port: 0 });
      const client = await Client.connect((await server.start()).port);
      client.socket.write(Buffer.alloc(16 * MB));
      expect((await client.receive(reply.length)).equals(reply)).toBe(true);
      await client.ended;
      client.socket.end(large);
      expect(await client.closed).toBe('clean');
      expect(await server.shutdown()).toMatchObject({ bytesIn: 17 * MB, bytesOut: reply.length });
    });

    it('arrives when the peer reads only after it has sent everything', async () => {
      const reply = large.subarray(0, 100_000);
      await using server = createServerCore({ protocol: answering(reply), port: 0 });
      const client = await Client.connect((await server.start()).port);
      client.stopReading();
      await client.send(Buffer.alloc(16 * MB));
      client.resumeReading();
      expect((await client.receive(reply.length)).equals(reply)).toBe(true);
      expect(await client.end().closed).toBe('clean');
      expect(await server.shutdown()).toMatchObject({ bytesIn: 16 * MB, bytesOut: reply.length });
    });
  });
});
