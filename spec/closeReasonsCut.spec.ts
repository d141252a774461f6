import { describe, expect, it } from '@jest/globals';
import { eventually } from './support/events';
import { common, echoOrCrash, expectTold, oneConnection } from './support/oneConnection';

/** More than the kernel's buffers hold. */
const large = Buffer.alloc(64 * 1024 * 1024, 'x');

describe('The reason of a close that cuts the connection', () => {
  const one = oneConnection();

  describe('slowConsumer', () => {
    it('comes when too much waits for the peer, and does not count what never left', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol, { maxBufferedBytes: 1_000 });
      client.stopReading();
      recorder.first.write(large);
      recorder.first.write('.');
      const closed = await one.ended();
      const { bytesOut = 0 } = closed ?? {};
      expect(closed).toStrictEqual({ ...common, reason: 'slowConsumer', bytesIn: 0, bytesOut });
      expectTold(recorder.first.events, 'slowConsumer');
      // exactly what the kernel took: all of it still arrives
      client.resumeReading().end();
      expect(await client.receiveAll()).toHaveLength(bytesOut);
    });
  });

  describe('reset', () => {
    it('comes with the error when the peer breaks the connection', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      await client.send('hello');
      await client.receive(5);
      client.reset();
      const closed = await one.ended();
      const { error } = closed ?? {};
      expect(closed).toStrictEqual({ ...common, reason: 'reset', error, bytesIn: 5, bytesOut: 5 });
      expect(error).toMatchObject({ code: 'ECONNRESET' });
      expectTold(recorder.first.events, 'reset', error);
    });

    it('comes while the connection is congested too, and does not count what never left', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      client.stopReading();
      recorder.first.write(large);
      await eventually(() => recorder.first.events.length === 1);
      client.reset();
      const closed = await one.ended();
      expect(closed).toMatchObject({ reason: 'reset', bytesIn: 0 });
      expect(closed?.error).toHaveProperty('code', expect.stringMatching(/^(ECONNRESET|EPIPE)$/));
      expect(closed?.bytesOut).toBeLessThan(large.length / 2);
      expectTold(recorder.first.events, 'reset', closed?.error);
    });

    it('comes with the error when the handler writes and the peer is gone', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol, { allowHalfOpen: true });
      await client.destroy();
      await eventually(() => recorder.first.events.length === 1);
      // the first write meets a reset, the next one finds the connection broken
      const { write, events: told } = recorder.first;
      for (; told.length < 2; await new Promise((resolve) => setImmediate(resolve))) write('anybody there?');
      const closed = await one.ended();
      expect(closed).toMatchObject({ reason: 'reset', bytesIn: 0 });
      expect(closed?.error).toHaveProperty('code', expect.stringMatching(/^(ECONNRESET|EPIPE)$/));
      expect(told.map(({ type }) => type)).toEqual(['control.producerFinished', 'control.socketShutdown']);
      expectTold(told, 'reset', closed?.error);
    });

    it('comes when the connection breaks while a finished handler is being flushed', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      client.stopReading();
      recorder.first.write(large);
      recorder.first.emit({ type: 'signal.producerFinished' });
      await eventually(() => recorder.first.events.length === 2);
      client.reset();
      const closed = await one.ended();
      expect(closed).toMatchObject({ reason: 'reset', bytesIn: 0 });
      expect(closed?.error).toHaveProperty('code', expect.stringMatching(/^(ECONNRESET|EPIPE)$/));
      expect(closed?.bytesOut).toBeLessThan(large.length / 2);
    });
  });

  describe('aborted', () => {
    it('comes when the handler says signal.shutdownMicroprocess: what still waits is not flushed', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      client.stopReading();
      recorder.first.write(large);
      recorder.first.emit({ type: 'signal.shutdownMicroprocess' });
      const closed = await one.ended();
      const { bytesOut = 0 } = closed ?? {};
      expect(closed).toStrictEqual({ ...common, reason: 'aborted', bytesIn: 0, bytesOut });
      expect(bytesOut).toBeLessThan(large.length / 2);
      expectTold(recorder.first.events, 'aborted');
    });

    it('comes when the server is told control.shutdownMicroprocess', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      await client.send('hello');
      await client.receive(5);
      one.server.send({ type: 'control.shutdownMicroprocess' });
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'aborted', bytesIn: 5, bytesOut: 5 });
      expectTold(recorder.first.events, 'aborted');
    });

    it('comes at shutdownTimeout when the handler goes on over a drain', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol, { shutdownTimeout: 20 });
      one.server.send({ type: 'control.serverShutdown' });
      await client.ended;
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'aborted', bytesIn: 0, bytesOut: 0 });
      expect(recorder.first.events.map(({ type }) => type)).toEqual([
        'control.serverShutdown',
        'control.socketShutdown',
      ]);
      expectTold(recorder.first.events, 'aborted');
    });
  });
});
