import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createActor } from 'xstate';
import {
  connection,
  connectionInput,
  createServerCore,
  echo,
  type ConnectionSettings,
  type ServerEmitted,
} from '../../server/index';
import { BulkClient, digestOf } from '../support/bulkClient';
import { collect, emitted, eventually } from '../support/events';
import { ownSocket, settled } from '../support/ownSocket';
import { Recorder } from '../support/recorder';

type ClosedEvent = Extract<ServerEmitted, { type: 'connection.closed' }>;

const MiB = 1024 * 1024;
const block = randomBytes(MiB);

/** Sends a block `times` times, then ends the client's side. */
function sendAndEnd(socket: Socket, times: number): void {
  for (let n = 0; n < times; n += 1) socket.write(block);
  socket.end();
}

describe('A large volume', () => {
  const cleanUps: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it('of 8 MiB through echo arrives whole', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    cleanUps.push(() => server.shutdown({ timeout: 0 }));
    const { port } = await server.start();
    const closed = emitted<ClosedEvent>(server, 'connection.closed');
    const client = await BulkClient.connect(port);
    cleanUps.push(() => client.destroy());
    sendAndEnd(client.socket, 8);
    await client.readUntil(8 * MiB);
    expect(client.digest()).toBe(digestOf(block, 8));
    expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: 8 * MiB, bytesOut: 8 * MiB });
  });

  it('of 8 MiB from each of ten clients at once arrives whole', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    cleanUps.push(() => server.shutdown({ timeout: 0 }));
    const { port } = await server.start();
    const closed = collect<ClosedEvent>(server, 'connection.closed');
    const clients = await Promise.all(Array.from({ length: 10 }, () => BulkClient.connect(port)));
    cleanUps.push(() => Promise.all(clients.map((client) => client.destroy())));
    for (const { socket } of clients) sendAndEnd(socket, 8);
    await Promise.all(clients.map((client) => client.readUntil(8 * MiB)));
    expect(clients.map((client) => client.digest())).toEqual(clients.map(() => digestOf(block, 8)));
    await eventually(() => closed.length === 10);
    expect(closed.map(({ reason, bytesIn, bytesOut }) => ({ reason, bytesIn, bytesOut }))).toEqual(
      clients.map(() => ({ reason: 'peerClosed', bytesIn: 8 * MiB, bytesOut: 8 * MiB })),
    );
  });

  describe('given a client that sends 64 MiB and does not read', () => {
    // more than the kernel's buffers hold, on both sides and in both directions
    const total = 64;

    const serve = async (settings: ConnectionSettings) => {
      const { client, socket } = await ownSocket();
      const input = connectionInput(socket, settings);
      const actor = createActor(connection, { input });
      cleanUps.push(
        () => client.destroy(),
        () => actor.stop(),
      );
      actor.start();
      sendAndEnd(client.socket, total);
      // wait until no more bytes move
      await settled(() => `${String(input.CSA.bytesIn)} ${String(input.CSA.bytesOut)}`);
      return { client, socket, actor, CSA: input.CSA };
    };

    it('is read no further by echo, so that its writes stall and little is kept; then all of it arrives', async () => {
      const { client, socket, actor, CSA } = await serve({ protocol: echo });
      expect(actor.getSnapshot().value).toEqual({ open: 'congested' });
      expect(client.socket.writableLength).toBeGreaterThan(total * MiB * 0.5);
      expect(CSA.bytesIn).toBeLessThan(total * MiB * 0.25);
      // the bytes that this process holds, on their way in and out
      expect(socket.writableLength + socket.readableLength).toBeLessThan(MiB / 2);
      expect(CSA.bytesIn - CSA.bytesOut).toBeLessThan(MiB / 2);

      await client.readUntil(total * MiB);
      expect(client.digest()).toBe(digestOf(block, total));
      await eventually(() => actor.getSnapshot().status === 'done');
      expect(actor.getSnapshot().output).toMatchObject({
        reason: 'peerClosed',
        bytesIn: total * MiB,
        bytesOut: total * MiB,
      });
    });

    it('keeps little at any time while the client reads in fits and starts', async () => {
      const { client, socket } = await serve({ protocol: echo });
      let most = 0;
      for (let target = 1; target <= total; target += 1) {
        await client.readUntil(target * MiB);
        most = Math.max(most, socket.writableLength + socket.readableLength);
      }
      expect(client.digest()).toBe(digestOf(block, total));
      expect(most).toBeLessThan(MiB / 2);
    });

    it('is read to its end by a handler that has nothing to say', async () => {
      const recorder = new Recorder();
      const { actor } = await serve({ protocol: recorder.protocol });
      await eventually(() => actor.getSnapshot().status === 'done');
      expect(actor.getSnapshot().output).toMatchObject({ reason: 'peerClosed', bytesIn: total * MiB, bytesOut: 0 });
      expect(recorder.first.controls).toEqual([{ type: 'control.socketShutdown', reason: 'peerClosed' }]);
    });
  });
});
