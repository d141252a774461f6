import { beforeEach, describe, expect, it } from '@jest/globals';
import { setup } from 'xstate';
import type { ProtocolEvent } from '../../server/index';
import { handler, memoryNetwork, type MemoryNetwork } from '../../server/testing/index';
import { busyPerChunk } from '../support/busyHandlers';
import { bytesIn } from '../support/connectionOf';
import { eventually } from '../support/events';
import { Gate, serving, turn } from '../support/serving';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Bytes in which any 64 bytes differ from any other 64. */
function numbered(length: number): Buffer {
  const data = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 64) data.writeUInt32BE(at, at);
  return data;
}

const lines = Array.from({ length: 1_000 }, (_, n) => `chunk ${String(n)}\n`);

describe('Selective receive', () => {
  let network: MemoryNetwork;

  beforeEach(() => {
    network = memoryNetwork({ split: 0, window: 2 * KiB });
  });

  /** Work that takes a while on the network's clock. */
  const working = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      network.clock.setTimeout(resolve, ms);
    });

  const echoAfter =
    (ms: number) =>
    async (data: Buffer): Promise<Buffer> => {
      await working(ms);
      return data;
    };

  describe('given a handler that is busy with a promise for each chunk', () => {
    it('loses nothing of 1,000 chunks that come while it is busy with the first', async () => {
      await using h = await handler(busyPerChunk(echoAfter(50)), {}, { network });
      for (const line of lines) await h.inbox(line);
      await h.advance(49);
      await h.peer.receivesNothing();
      await h.advance(1);
      await h.outbox('chunk 0\n');
      await h.advance(999 * 50);
      await h.outbox(lines.slice(1).join(''));
      await h.peer.isOpen();
      expect(h.peer.received).toHaveLength(0);
    });

    it('handles 1,000 chunks one by one, in order, and reads no faster than it handles', async () => {
      const handled: Buffer[] = [];
      let ahead = 0;
      await using h = await handler(
        busyPerChunk(async (data) => {
          const before = handled.length * KiB;
          ahead = Math.max(ahead, bytesIn(h.scenario) - before);
          await working(1);
          handled.push(data);
          return '.';
        }),
        {},
        { network },
      );
      const sent = numbered(1_000 * KiB);
      await h.inbox(sent);
      await h.advance(10);
      expect(handled).toHaveLength(10);
      expect(h.peer.socket.writableLength).toBeGreaterThan(0);
      await h.advance(990);
      await h.outbox('.'.repeat(1_000));
      expect(Buffer.concat(handled).equals(sent)).toBe(true);
      // the handler has one chunk, the link holds one, and a stream reads ahead
      expect(ahead).toBeGreaterThan(KiB);
      expect(ahead).toBeLessThanOrEqual(66 * KiB);
    });

    it('stops reading while the handler is busy, so that the sender feels it', async () => {
      const gate = new Gate();
      await using h = await handler(
        busyPerChunk(async (data) => {
          await gate.opened;
          return data;
        }),
        {},
        { network },
      );
      const sent = numbered(200 * KiB);
      await h.inbox(sent);
      await h.advance(3_600_000);
      expect(bytesIn(h.scenario)).toBeLessThanOrEqual(66 * KiB);
      expect(h.peer.socket.writableLength).toBeGreaterThan(0);
      await h.peer.receivesNothing();
      gate.open();
      await h.outbox(sent);
    });
  });

  describe('given a FIN right behind the bytes', () => {
    it('tells it only when the last chunk has been dealt with: every reply arrives', async () => {
      await using h = await handler(busyPerChunk(echoAfter(5)), {}, { network });
      for (const line of lines.slice(0, 100)) await h.inbox(line);
      await h.peer.ends();
      await h.advance(499);
      await h.peer.isOpen();
      await h.advance(1);
      const all = lines.slice(0, 100).join('');
      await h.outbox(all);
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: all.length, bytesOut: all.length });
    });

    it('waits for the last reply also when the handler listens to control.socketShutdown in every state', async () => {
      const told: string[] = [];
      const protocol = busyPerChunk(echoAfter(20), { onSocketShutdown: (reason) => told.push(reason) });
      await using h = await handler(protocol, {}, { network });
      await Promise.all([h.inbox('the only chunk'), h.peer.ends()]);
      await h.advance(19);
      await h.peer.receivesNothing();
      expect(told).toEqual([]);
      await h.advance(1);
      await h.outbox('the only chunk');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 14, bytesOut: 14 });
      expect(told).toEqual(['peerClosed']);
    });

    it('tells a half-open handler of it behind the last chunk, and lets it say goodbye', async () => {
      await using h = await handler(busyPerChunk(echoAfter(5)), { allowHalfOpen: true }, { network });
      await Promise.all([h.inbox('last words '), h.peer.ends()]);
      await h.advance(5);
      await h.outbox('last words bye');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 11, bytesOut: 14 });
    });

    it('tells it at once when nothing was sent', async () => {
      await using h = await handler(busyPerChunk(() => Promise.resolve('never')));
      await h.peer.ends();
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 0, bytesOut: 0 });
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

    beforeEach(() => {
      told.length = 0;
    });

    it('tells it of the FIN at once', async () => {
      await using h = await handler(deaf);
      await h.peer.ends();
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 0 });
      expect(told).toEqual(['peerClosed']);
    });

    it('ends with the peer when it listens to nothing at all', async () => {
      await using h = await handler(deafAndDumb);
      await h.peer.ends();
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 0 });
    });

    it('tells it of the FIN also when bytes came before', async () => {
      await using h = await handler(deaf);
      await Promise.all([h.inbox('to nobody'), h.peer.ends()]);
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 9 });
      expect(told).toEqual(['peerClosed']);
    });
  });

  describe('given a handler that is busy with the first of two chunks', () => {
    const gates = { first: new Gate() };
    let seen: string[] = [];
    const protocol = busyPerChunk(async (data) => {
      seen.push(data.toString());
      await gates.first.opened;
      return data;
    });

    beforeEach(() => {
      seen = [];
      gates.first = new Gate();
    });

    it('drops the other when the peer resets the connection, and ends with the reset', async () => {
      await using h = await handler(protocol);
      await h.inbox('first ');
      await h.inbox('second ');
      await h.peer.resets();
      const error: unknown = expect.objectContaining({ code: 'ECONNRESET' });
      expect(await h.isClosed('reset')).toMatchObject({ error, bytesIn: 13, bytesOut: 0 });
      gates.first.open();
      await h.serverShutdown();
      expect(seen).toEqual(['first ']);
      expect(h.scenario.leftovers()).toEqual([]);
    });

    it('tells it control.serverShutdown behind the other, when its state can take it', async () => {
      await using h = await handler(protocol);
      await h.inbox('first ');
      await h.inbox('second ');
      await h.serverShutdown();
      await h.advance(20);
      await h.peer.receivesNothing();
      expect(seen).toEqual(['first ']);
      gates.first.open();
      await h.outbox('first second bye');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 13, bytesOut: 16 });
    });
  });

  describe('on TCP', () => {
    const serve = serving();

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
});
