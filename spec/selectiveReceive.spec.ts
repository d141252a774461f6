import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { setup } from 'xstate';
import type { ProtocolEvent } from '../server/index';
import { busyPerChunk } from './support/busyHandlers';
import { eventually } from './support/events';
import { Gate, receiveToEnd, serving, turn, working } from './support/serving';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Bytes in which no 64 are like any other 64. */
function numbered(length: number): Buffer {
  const data = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 64) data.writeUInt32BE(at, at);
  return data;
}

describe('Selective receive', () => {
  const serve = serving();

  describe('given a handler that is busy with a promise for each chunk', () => {
    it.each([2, 50])('loses nothing of 1,000 chunks sent in a burst, at %i ms a chunk', async (ms) => {
      const client = await serve.first(
        busyPerChunk(async (data) => {
          await working(ms);
          return data;
        }),
      );
      const lines = Array.from({ length: 1_000 }, (_, n) => `chunk ${String(n)}\n`);
      for (const line of lines) client.socket.write(line);
      const all = lines.join('');
      expect((await client.receiveText(all)) === all).toBe(true);
    });

    it('handles 1,000 chunks one by one, in order, and reads no faster than it handles', async () => {
      const hash = createHash('sha256');
      let handled = 0;
      let chunks = 0;
      let ahead = 0;
      const client = await serve.first(
        busyPerChunk(async (data) => {
          ahead = Math.max(ahead, (serve.socketOf()?.bytesIn ?? 0) - handled);
          await turn();
          hash.update(data);
          handled += data.length;
          chunks += 1;
          return '.';
        }),
      );
      // libuv reads at most 64 KiB at once, so that these are 1,000 chunks at least
      const sent = numbered(1_000 * 64 * KiB);
      client.socket.write(sent);
      await eventually(() => chunks > 10);
      expect(client.socket.writableLength).toBeGreaterThan(0);
      await eventually(() => handled === sent.length);
      expect(chunks).toBeGreaterThanOrEqual(1_000);
      expect(await client.receiveText(chunks)).toBe('.'.repeat(chunks));
      expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
      // one chunk with the handler, one held, and what a stream reads ahead
      expect(ahead).toBeLessThanOrEqual(512 * KiB);
    });

    it('stops reading while the handler is busy, so that the sender feels it', async () => {
      const gate = new Gate();
      const client = await serve.first(
        busyPerChunk(async (data) => {
          await gate.opened;
          return data;
        }),
      );
      const sent = numbered(32 * MiB);
      client.socket.write(sent);
      await eventually(() => (serve.socketOf()?.bytesIn ?? 0) > 0);
      for (let turns = 0; turns < 200; turns += 1) await turn();
      expect(serve.socketOf()?.bytesIn).toBeLessThanOrEqual(512 * KiB);
      expect(client.socket.writableLength).toBeGreaterThan(0);
      gate.open();
      const parts: Buffer[] = [];
      for (let length = 0; length < sent.length;) {
        const part = await client.receive(Math.min(64 * KiB, sent.length - length));
        parts.push(part);
        length += part.length;
      }
      expect(Buffer.concat(parts).equals(sent)).toBe(true);
    });
  });

  describe('given a FIN right behind the bytes', () => {
    it('tells it only when the last chunk has been dealt with: every reply arrives', async () => {
      const client = await serve.first(
        busyPerChunk(async (data) => {
          await working(5);
          return data;
        }),
      );
      const lines = Array.from({ length: 1_000 }, (_, n) => `chunk ${String(n)}\n`).join('');
      for (const line of lines.split(/(?<=\n)/)) client.socket.write(line);
      client.end();
      expect((await client.receiveAll()).toString() === lines).toBe(true);
      expect(await client.closed).toBe('clean');
      expect(await serve.ended()).toMatchObject({
        reason: 'peerClosed',
        bytesIn: lines.length,
        bytesOut: lines.length,
      });
    });

    it('waits for the last reply also when the handler listens to control.socketShutdown in every state', async () => {
      const told: string[] = [];
      const order: string[] = [];
      const client = await serve.first(
        busyPerChunk(
          async (data) => {
            await working(20);
            order.push('replied');
            return data;
          },
          {
            onSocketShutdown: (reason) => {
              order.push('told');
              told.push(reason);
            },
          },
        ),
      );
      client.socket.end('the only chunk');
      expect((await client.receiveAll()).toString()).toBe('the only chunk');
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 14, bytesOut: 14 });
      expect(told).toEqual(['peerClosed']);
      expect(order).toEqual(['replied', 'told']);
    });

    it('tells a half-open handler of it behind the last chunk, and lets it say goodbye', async () => {
      const client = await serve.first(
        busyPerChunk(async (data) => {
          await working(5);
          return data;
        }),
        { allowHalfOpen: true },
      );
      client.socket.end('last words ');
      expect((await client.receiveAll()).toString()).toBe('last words bye');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 11, bytesOut: 14 });
    });

    it('tells it at once when nothing was sent', async () => {
      const client = await serve.first(busyPerChunk(() => Promise.resolve('never')));
      client.end();
      expect((await client.receiveAll()).toString()).toBe('');
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 0, bytesOut: 0 });
    });
  });

  describe('given a machine that never reads inbox', () => {
    const told: string[] = [];
    const deaf = setup({
      types: {} as { events: ProtocolEvent },
      actions: {
        note: ({ event }) => {
          if (event.type === 'control.socketShutdown') told.push(event.reason);
        },
      },
    }).createMachine({ on: { 'control.socketShutdown': { actions: 'note' } } });
    const deafAndDumb = setup({ types: {} as { events: ProtocolEvent } }).createMachine({});

    it('tells it of the FIN at once', async () => {
      told.length = 0;
      const client = await serve.first(deaf);
      client.end();
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 0 });
      expect(told).toEqual(['peerClosed']);
    });

    it('ends with the peer when it listens to nothing at all', async () => {
      const client = await serve.first(deafAndDumb);
      client.end();
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 0 });
    });

    it('tells it of the FIN also when bytes came before', async () => {
      told.length = 0;
      const client = await serve.first(deaf);
      client.socket.end('to nobody');
      expect(await serve.ended()).toMatchObject({ reason: 'peerClosed', bytesIn: 9 });
      expect(told).toEqual(['peerClosed']);
    });
  });

  describe('given a reset while chunks are held', () => {
    it('drops them, and ends the connection with the reset', async () => {
      const gate = new Gate();
      const seen: string[] = [];
      const client = await serve.first(
        busyPerChunk(async (data) => {
          seen.push(data.toString());
          await gate.opened;
          return data;
        }),
      );
      client.socket.write('first');
      await eventually(() => seen.length === 1);
      client.socket.write('second');
      await eventually(() => serve.socketOf()?.bytesIn === 11);
      client.reset();
      expect(await serve.ended()).toMatchObject({
        reason: 'reset',
        error: { code: 'ECONNRESET' },
        bytesIn: 11,
        bytesOut: 0,
      });
      gate.open();
      await turn();
      expect(seen).toEqual(['first']);
    });
  });

  describe('given control.serverShutdown while the handler is busy', () => {
    it('tells it when its state can take it, behind the chunks that were held', async () => {
      const gate = new Gate();
      const seen: string[] = [];
      const client = await serve.first(
        busyPerChunk(async (data) => {
          seen.push(data.toString());
          await gate.opened;
          return data;
        }),
      );
      client.socket.write('first ');
      await eventually(() => seen.length === 1);
      client.socket.write('second ');
      await eventually(() => serve.socketOf()?.bytesIn === 13);
      serve.server.send({ type: 'control.serverShutdown' });
      for (let turns = 0; turns < 20; turns += 1) await turn();
      expect(client.received.toString()).toBe('');
      gate.open();
      expect(await receiveToEnd(client)).toBe('first second bye');
      expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesIn: 13, bytesOut: 16 });
    });
  });
});
