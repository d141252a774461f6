import { describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import {
  createServerCore,
  serverCore,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../../server/index';
import '../../../server/testing/matchers/jestGlobals';
import { handler, scenario, type Scenario } from '../../../server/testing/index';
import { BulkClient } from '../../support/bulkClient';
import { connectionOf } from '../../support/connectionOf';
import { emitted } from '../../support/events';
import { Recorder } from '../../support/recorder';

const writeTimeout = 1_000;
const window = 10_000;
/** More bytes than the network holds. */
const large = Buffer.alloc(200_000, 'x');
const finished: ProtocolEmitted = { type: 'signal.producerFinished' };

const told = ({ first }: Recorder): string[] => first.events.map(({ type }) => type);

/** A server whose client is 400 ms away: each half of the window takes 800 ms. */
async function farAway(recorder: Recorder): Promise<Scenario<typeof serverCore>> {
  const stage = { window: 2 * window, latency: 400 };
  return scenario(serverCore, { protocol: recorder.protocol, writeTimeout }, stage);
}

describe('writeTimeout', () => {
  describe('given a handler that is still there', () => {
    it('closes with slowConsumer when nothing leaves for so long, and tells the handler', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { writeTimeout }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.advance(999);
      expect(told(recorder)).toEqual(['control.noSpaceInBox']);
      await h.peer.isOpen();
      await h.advance(1);
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: window, durationMs: 1_000 });
      expect(told(recorder)).toEqual(['control.noSpaceInBox', 'control.socketShutdown']);
      expect(recorder.first.events.at(-1)).toEqual({ type: 'control.socketShutdown', reason: 'slowConsumer' });
      await h.serverShutdown();
      await h.peer.readsOn();
      expect(h.scenario.leftovers()).toEqual([]);
    });

    it('does not close while something leaves in each period, however slowly', async () => {
      const recorder = new Recorder();
      await using s = await farAway(recorder);
      const client = await s.client();
      await s.advance(800);
      recorder.first.write(large);
      for (let period = 0; period < 10; period += 1) {
        await s.advance(writeTimeout);
        expect(connectionOf(s)).toBeInState({ open: 'congested' });
      }
      client.stopsReading();
      await s.advance(writeTimeout);
      await client.isOpen();
      await s.advance(writeTimeout);
      await client.isClosed('slowConsumer');
    });

    it('leaves a connection alone on which nothing waits', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { writeTimeout }, { window });
      recorder.first.write(large);
      await h.outbox(large);
      await h.advance(60_000);
      await h.peer.isOpen();
      expect(told(recorder)).toEqual(['control.noSpaceInBox', 'control.spaceInBox']);
      expect(h.scenario.clock.pending).toBe(0);
    });

    it('closes too when what waits is less than the high-water mark', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { writeTimeout }, { window });
      h.peer.stopsReading();
      // the network takes ten writes, and one waits
      for (let n = 0; n < 11; n += 1) recorder.first.write(Buffer.alloc(1_000));
      await h.advance(999);
      expect(told(recorder)).toEqual(['control.noSpaceInBox']);
      await h.advance(1);
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: window });
    });

    it('applies after the peer has ended its side too', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { writeTimeout, allowHalfOpen: true }, { window });
      h.peer.stopsReading();
      await h.peer.ends();
      await h.advance(60_500);
      recorder.first.write(large);
      await h.advance(500);
      expect(connectionOf(h.scenario)).toBeInState({ open: 'peerEnded' });
      await h.advance(499);
      await h.peer.isOpen();
      await h.advance(1);
      await h.isClosed('slowConsumer');
      expect(told(recorder)).toEqual(['control.producerFinished', 'control.noSpaceInBox', 'control.socketShutdown']);
    });
  });

  describe('given a handler that has finished', () => {
    it('closes with slowConsumer when nothing leaves for so long', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { writeTimeout }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.emit(finished);
      await h.advance(999);
      expect(connectionOf(h.scenario)).toBeInState({ closing: 'flushing' });
      await h.advance(1);
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: window });
    });

    it('flushes everything while something leaves in each period, however slowly', async () => {
      const recorder = new Recorder();
      await using s = await farAway(recorder);
      const client = await s.client();
      await s.advance(800);
      recorder.first.write(large);
      recorder.first.emit(finished);
      for (let period = 0; period < 14; period += 1) {
        await s.advance(writeTimeout);
        expect(connectionOf(s)).toBeInState({ closing: 'flushing' });
      }
      await s.advance(2 * writeTimeout);
      await client.receives(large);
      expect(await client.isClosed('handlerFinished')).toMatchObject({ bytesOut: large.length });
    });
  });

  describe('on TCP and its real clock', () => {
    /** More bytes than the kernel's buffers hold. The handler writes them first of all, at its start. */
    const tooMuch: ProtocolEmitted = { type: 'outbox', data: Buffer.alloc(64 * 1024 * 1024, 'x') };

    const emitting = (emissions: readonly ProtocolEmitted[]): Protocol =>
      fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        for (const event of emissions) emit(event);
      });

    it.each([
      ['stays', [tooMuch]],
      ['finishes', [tooMuch, finished]],
    ])('ends a client that never reads, when its handler %s', async (_, emissions) => {
      await using server = createServerCore({ protocol: emitting(emissions), port: 0, writeTimeout: 50 });
      const { port } = await server.start();
      const closed = emitted(server, 'connection.closed');
      const client = await BulkClient.connect(port);
      const end = await closed;
      await client.destroy();
      expect(end).toMatchObject({ id: 'connection:1', reason: 'slowConsumer', bytesIn: 0 });
      expect(await server.shutdown()).toMatchObject({ connections: 1, reasons: { slowConsumer: 1 } });
    });
  });
});
