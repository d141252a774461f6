import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tooMuch } from '../../support/fixtures';
import { Net, networks, turns, type Peer } from '../../support/networks';
import { turn } from '../../support/serving';

/** Bytes of which no two parts are alike. */
const bytes = (length: number): Buffer => randomBytes(length);

/** Reads a chunk at a time, with a few turns of the event loop between two. */
async function readSlowly(peer: Peer, length: number): Promise<Buffer> {
  let got = 0;
  const chunks: Buffer[] = [];
  while (got < length) {
    const chunk = peer.socket.read() as Buffer | null;
    if (chunk === null) {
      await once(peer.socket, 'readable');
      continue;
    }
    chunks.push(chunk);
    got += chunk.length;
    await turn();
  }
  return Buffer.concat(chunks);
}

describe.each(networks)('How bytes travel on %s', (_, make) => {
  const net = new Net(make);

  it('come in order, each once, both ways at the same time', async () => {
    const [client, server] = await net.pair();
    client.reads();
    server.reads();
    const parts = Array.from({ length: 300 }, (_each, n) => bytes(1 + ((n * 7919) % 5000)));
    for (const part of parts) {
      void client.write(part);
      void server.write(part);
      if (part.length % 3 === 0) await turn();
    }
    const all = Buffer.concat(parts);
    await Promise.all([client.receives(all.length), server.receives(all.length)]);
    expect(client.received.equals(all)).toBe(true);
    expect(server.received.equals(all)).toBe(true);
    expect([client.socket.bytesRead, server.socket.bytesRead]).toEqual([all.length, all.length]);
  });

  it('of several writes come in one chunk when nobody has read between them', async () => {
    const [client, server] = await net.pair();
    for (let n = 0; n < 100; n += 1) await client.write('small ');
    await turns();
    await server.reads().receives(600);
    expect(server.chunks.length).toBeLessThan(50);
  });

  it('of one large write come in many chunks, none larger than Node reads at once', async () => {
    const [client, server] = await net.pair();
    const large = bytes(1024 * 1024);
    void client.write(large);
    await server.reads().receives(large.length);
    expect(server.received.equals(large)).toBe(true);
    expect(server.chunks.length).toBeGreaterThan(5);
    expect(Math.max(...server.chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
  });

  it('are those of the moment of the write', async () => {
    const [client, server] = await net.pair();
    const reused = Buffer.from('first');
    expect(await client.write(reused)).toBe('written');
    reused.fill('x');
    await server.reads().receives(5);
    expect(server.received.toString()).toBe('first');
  });

  it('that are none are written, and never arrive', async () => {
    const [client, server] = await net.pair();
    expect(await client.write('')).toBe('written');
    expect(await client.write(new Uint8Array())).toBe('written');
    await client.write('a');
    await server.reads().receives(1);
    await turns();
    expect(server.chunks.map(String)).toEqual(['a']);
  });

  it('that are none go to a closed peer without a reset', async () => {
    const [client, server] = await net.pair();
    server.socket.destroy();
    await client.reads().sees('end');
    for (let n = 0; n < 3; n += 1) {
      expect(await client.write('')).toBe('written');
      await turns();
    }
    expect(client.log).toEqual(['end']);
  });

  it('wait unread at an end that is paused on connecting', async () => {
    const [client, server] = await net.pair();
    await client.write('patience');
    await turns();
    expect(server.socket.bytesRead).toBe(0);
    await server.reads().receives(8);
    expect(server.socket.bytesRead).toBe(8);
  });

  it('wait in the stream of a paused end that reads, up to its high-water mark', async () => {
    const [client, server] = await net.pair();
    void client.write(bytes(1024 * 1024));
    server.socket.read(0);
    await turns();
    const { readableLength, readableHighWaterMark, bytesRead } = server.socket;
    expect(bytesRead).toBe(readableLength);
    expect(bytesRead).toBeGreaterThanOrEqual(readableHighWaterMark);
    expect(bytesRead).toBeLessThan(readableHighWaterMark + 65_536);
  });

  describe('to a peer that does not read', () => {
    it('leave the writer as far as there is room, and wait in its process until the peer reads', async () => {
      const [client, server] = await net.pair();
      let isWritten = false;
      const written = client.write(tooMuch).finally(() => (isWritten = true));
      await turns();
      expect(client.socket.writableLength).toBe(tooMuch.length);
      expect(isWritten).toBe(false);
      let read = 0;
      server.socket.on('data', ({ length }) => (read += length)).resume();
      expect(await written).toBe('written');
      expect(client.socket.writableLength).toBe(0);
      while (read < tooMuch.length) await once(server.socket, 'data');
    });

    it('leave the writer at once, and none waits, when they are few', async () => {
      const [client] = await net.pair();
      client.socket.write('few');
      expect(client.socket.writableLength).toBe(0);
    });

    it('are followed by the FIN only when it has read them', async () => {
      const [client, server] = await net.pair();
      client.socket.end(tooMuch);
      await turns();
      expect(client.log).toEqual([]);
      server.socket.resume();
      await server.sees('end');
      expect(server.socket.bytesRead).toBe(tooMuch.length);
      await client.sees('finish');
    });

    it('call back in the order of the writes', async () => {
      const [client, server] = await net.pair();
      const order: number[] = [];
      const writes = [tooMuch, 'a', '', 'b'].map((data, n) => client.write(data).then(() => order.push(n)));
      await turns();
      expect(order).toEqual([]);
      server.socket.resume();
      await Promise.all(writes);
      expect(order).toEqual([0, 1, 2, 3]);
    });
  });

  it('of 8 MiB reach a slow reader whole', async () => {
    const [client, server] = await net.pair();
    const all = bytes(8 * 1024 * 1024);
    client.socket.end(all);
    expect((await readSlowly(server, all.length)).equals(all)).toBe(true);
  });

  it('of 8 MiB echo through an end that reads only what it can write', async () => {
    const [client, server] = await net.pair();
    const all = bytes(8 * 1024 * 1024);
    server.socket.pipe(server.socket);
    client.socket.end(all);
    await client.reads().closed;
    expect(client.received.equals(all)).toBe(true);
  });
});
