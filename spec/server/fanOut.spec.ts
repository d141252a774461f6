import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedClock } from 'xstate';
import {
  createServerCore,
  type HandleOptions,
  type ProtocolEvent,
  type ServerCore,
  type ServerCoreOptions,
  type ServerEmitted,
} from '../../server/index';
import { BulkClient, digestOf } from '../support/bulkClient';
import { collect, emitted } from '../support/events';
import { Recorder, type RecordedHandler } from '../support/recorder';

type ClosedEvent = Extract<ServerEmitted, { type: 'connection.closed' }>;

const MiB = 1024 * 1024;
const message = Buffer.alloc(MiB / 4, 'news ');

describe('A fan-out handler', () => {
  let server: ServerCore;
  let hub: Set<RecordedHandler>;
  let recorder: Recorder;
  let clients: BulkClient[];
  let closed: ClosedEvent[];

  beforeEach(() => {
    hub = new Set();
    clients = [];
    // a handler is in the hub until it is told that its connection is over
    recorder = new Recorder((event: ProtocolEvent, handler) => {
      if (event.type === 'inbox') hub.add(handler);
      if (event.type === 'control.socketShutdown') hub.delete(handler);
    });
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.destroy()));
    await server.shutdown({ timeout: 0 });
  });

  /** Starts the server, and connects this many clients, which join the hub. */
  const start = async (count: number, options: Partial<ServerCoreOptions & HandleOptions>): Promise<void> => {
    server = createServerCore({ protocol: recorder.protocol, port: 0, ...options });
    closed = collect<ClosedEvent>(server, 'connection.closed');
    const { port } = await server.start();
    for (let n = 0; n < count; n += 1) {
      const opened = emitted(server, 'connection.opened');
      const client = await BulkClient.connect(port);
      clients.push(client);
      await opened;
      client.socket.write('join');
      const handler = recorder.handlers[n];
      while (handler?.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const broadcast = (data: Buffer): void => {
    for (const { write } of hub) write(data);
  };

  describe('given five clients of which one never reads', () => {
    it('serves the others everything, and ends that one when maxBufferedBytes wait for it', async () => {
      await start(5, { maxBufferedBytes: 2 * MiB });
      const [, ...readers] = clients;
      const messages = 100;
      let sent = 0;
      let sentAtClose = 0;
      server.on('connection.closed', () => {
        sentAtClose = sent;
      });
      for (let n = 1; n <= messages; n += 1) {
        sent += message.length;
        broadcast(message);
        await Promise.all(readers.map((reader) => reader.readUntil(n * message.length)));
      }
      const digest = digestOf(message, messages);
      expect(readers.map((reader) => reader.digest())).toEqual(readers.map(() => digest));
      // only the silent client is gone: its waiting bytes are freed, and the hub doesn't write to it any more
      expect(closed.map(({ id, reason, bytesIn }) => ({ id, reason, bytesIn }))).toEqual([
        { id: 'connection:1', reason: 'slowConsumer', bytesIn: 4 },
      ]);
      // at most the limit, plus the message that went over it, plus the message that found it exceeded
      expect(sentAtClose).toBeGreaterThan(0);
      expect(sentAtClose - (closed[0]?.bytesOut ?? 0)).toBeLessThanOrEqual(2 * MiB + 2 * message.length);
      expect(hub.size).toBe(4);
      expect(recorder.first.controls).toEqual([
        { type: 'control.noSpaceInBox' },
        { type: 'control.socketShutdown', reason: 'slowConsumer' },
      ]);
    });

    it('ends that one at writeTimeout when less than maxBufferedBytes waits', async () => {
      const clock = new SimulatedClock();
      await start(5, { writeTimeout: 1_000, clock });
      const [, ...readers] = clients;
      const slow = emitted<ClosedEvent>(server, 'connection.closed');
      const volume = Buffer.alloc(14 * MiB, 'z');
      broadcast(volume);
      await Promise.all(readers.map((reader) => reader.readUntil(volume.length)));
      // after the second period at the latest: in the first period, some bytes still left
      clock.increment(1_000);
      clock.increment(1_000);
      expect(await slow).toMatchObject({ id: 'connection:1', reason: 'slowConsumer', bytesIn: 4 });
      broadcast(message);
      await Promise.all(readers.map((reader) => reader.readUntil(volume.length + message.length)));
      expect(closed).toHaveLength(1);
      expect(hub.size).toBe(4);
    });
  });

  it('goes on when the peer of a client that it writes to has gone without a word', async () => {
    await start(3, {});
    const [gone, ...readers] = clients;
    const reset = emitted<ClosedEvent>(server, 'connection.closed');
    gone?.socket.resetAndDestroy();
    broadcast(message);
    expect(await reset).toMatchObject({ id: 'connection:1', reason: 'reset', bytesIn: 4 });
    broadcast(message);
    await Promise.all(readers.map((reader) => reader.readUntil(2 * message.length)));
    expect(readers.map((reader) => reader.digest())).toEqual(readers.map(() => digestOf(message, 2)));
    expect(closed).toHaveLength(1);
    expect(hub.size).toBe(2);
  });
});
