import { describe, expect, it } from '@jest/globals';
import {
  createSingleServer,
  type ServerEmitted,
  type SingleServerEmitted,
  type SingleServerOptions,
} from '../server/index';
import type { Client } from './support/client';
import { collect, emitted } from './support/events';
import { Hosting } from './support/hosting';
import { isServed, leave, turnedAway } from './support/visitors';

type Rejected = Extract<ServerEmitted, { type: 'connection.rejected' }>;
type Finished = Extract<SingleServerEmitted, { type: 'signal.producerFinished' }>;
type Outbox = Extract<SingleServerEmitted, { type: 'outbox' }>;

describe('SingleServer, given a client that is being served', () => {
  const host = new Hosting((options: SingleServerOptions) => createSingleServer({ port: 0, ...options }));
  let first: Client;

  const start = async (options: SingleServerOptions): Promise<void> => {
    await host.start(options);
    first = await host.connect();
  };

  const nth = (n: number): ((event: { id: string }) => boolean) => {
    return ({ id }) => id === `connection:${String(n)}`;
  };

  describe("with whenBusy 'queue'", () => {
    it('keeps the others unread until it is their turn, then serves them in order', async () => {
      await start({ whenBusy: 'queue' });
      const outbox = collect<Outbox>(host.server, 'outbox');
      const opened = collect<{ id: string }>(host.server, 'connection.opened');
      const second = await host.visit();
      await second.send('I am the second');
      const third = await host.visit();
      await third.send('I am the third');
      expect(await isServed(host.server, first)).toBe(true);
      expect(outbox.map(({ data }) => data.toString())).toEqual(['heard']);

      for (const [client, text] of [
        [second, 'I am the second'],
        [third, 'I am the third'],
      ] as const) {
        const heard = emitted<Outbox>(host.server, 'outbox');
        await leave(client === second ? first : second);
        expect((await heard).data.toString()).toBe(text);
        expect(await isServed(host.server, client)).toBe(true);
      }
      await leave(third);
      expect(opened.map(({ id }) => id)).toEqual(['connection:2', 'connection:3']);
      expect(await host.server.shutdown()).toMatchObject({ connections: 3, rejected: 0, reasons: { peerClosed: 3 } });
    });

    it('rejects those beyond maxQueued, with busyReply', async () => {
      await start({ whenBusy: 'queue', maxQueued: 1, busyReply: 'queue is full' });
      const rejected = emitted<Rejected>(host.server, 'connection.rejected');
      const second = await host.visit();
      const third = await host.visit();
      expect(await turnedAway(third)).toEqual({ told: 'queue is full', ending: 'clean' });
      expect(await rejected).toMatchObject({ reason: 'queueFull', info: { id: 'connection:3' } });

      const opened = emitted<{ id: string }>(host.server, 'connection.opened');
      await leave(first);
      expect(await opened).toMatchObject({ id: 'connection:2' });
      expect(await isServed(host.server, second)).toBe(true);
      // its place in the queue is free again
      const fourth = await host.visit();
      const turn = emitted(host.server, 'connection.opened', nth(4));
      await leave(second);
      await turn;
      expect(await isServed(host.server, fourth)).toBe(true);
      await leave(fourth);
    });

    it('rejects at once with maxQueued 0', async () => {
      await start({ whenBusy: 'queue', maxQueued: 0 });
      const rejected = emitted<Rejected>(host.server, 'connection.rejected');
      expect(await turnedAway(await host.visit())).toEqual({ told: '', ending: 'clean' });
      expect(await rejected).toMatchObject({ reason: 'queueFull' });
      await leave(first);
    });

    it('takes no harm from those that have left, or broken off, before their turn', async () => {
      await start({ whenBusy: 'queue' });
      const finished = collect<Finished>(host.server, 'signal.producerFinished');
      const gone = await host.visit();
      gone.socket.end('I was here');
      const broken = await host.visit();
      broken.reset();
      await broken.closed;
      const last = await host.visit();
      const turn = emitted(host.server, 'connection.opened', nth(4));
      const heard = emitted<Outbox>(host.server, 'outbox');
      await leave(first);
      await turn;
      expect((await heard).data.toString()).toBe('I was here');
      expect(await isServed(host.server, last)).toBe(true);
      await gone.closed;
      expect(finished.map(({ id, reason }) => [id, reason])).toEqual([
        ['connection:1', 'peerClosed'],
        ['connection:2', 'peerClosed'],
        ['connection:3', 'reset'],
      ]);
      await leave(last);
    });

    it('serves the queue when the first ends by control.producerFinished, by a reset, or by being slow', async () => {
      await start({ whenBusy: 'queue', maxBufferedBytes: 100_000 });
      const clients = [first];
      for (let n = 2; n <= 4; n += 1) clients.push(await host.visit());
      const finished = collect<Finished>(host.server, 'signal.producerFinished');
      const endings: ((client: Client) => unknown)[] = [
        () => {
          host.server.send({ type: 'control.producerFinished' });
        },
        (client) => client.reset(),
        async (client) => {
          client.stopReading();
          while (finished.length < 3) {
            host.server.send({ type: 'inbox', data: Buffer.alloc(50_000) });
            await Promise.resolve();
          }
        },
      ];
      for (const [index, client] of clients.slice(0, 3).entries()) {
        const turn = emitted(host.server, 'connection.opened', nth(index + 2));
        await endings[index]?.(client);
        if (index === 0) await client.ended;
        client.end();
        await turn;
        await client.destroy();
      }
      expect(finished.map(({ reason }) => reason)).toEqual(['handlerFinished', 'reset', 'slowConsumer']);
      await clients[3]?.destroy();
    });
  });
});
