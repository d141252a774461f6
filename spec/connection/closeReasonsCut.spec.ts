import { describe, expect, it } from '@jest/globals';
import { handler } from '../../server/testing/index';
import { echoOrCrash, expectClosed, expectTold } from '../support/closes';

const window = 10_000;
/** More bytes than the network holds. */
const large = Buffer.alloc(100_000, 'x');

const withCode = (code: string): unknown => expect.objectContaining({ code });

describe('The reason of a close that cuts the connection', () => {
  describe('slowConsumer', () => {
    it('comes when too much waits for the peer, and does not count what never left', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, { maxBufferedBytes: 1_000 }, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.write('.');
      expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: window });
      expectTold(recorder.first.events, 'slowConsumer');
      // the client gets exactly the bytes that the network had taken
      await h.peer.readsOn();
      await h.outbox(large.subarray(0, window));
      await h.peer.receivesNothing();
      await expectClosed(h, { reason: 'slowConsumer', bytesIn: 0, bytesOut: window });
    });
  });

  describe('reset', () => {
    it('comes with the error when the peer breaks the connection', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      await h.inbox('hello');
      await h.outbox('hello');
      await h.peer.resets();
      const { error } = await h.isClosed('reset');
      expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
      expectTold(recorder.first.events, 'reset', error);
      await expectClosed(h, { reason: 'reset', error, bytesIn: 5, bytesOut: 5 });
    });

    it('comes while the connection is congested too, and does not count what never left', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, {}, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.scenario.settle();
      expect(recorder.first.events).toEqual([{ type: 'control.noSpaceInBox' }]);
      await h.peer.resets();
      const { error } = await h.isClosed('reset');
      expectTold(recorder.first.events, 'reset', error);
      await expectClosed(h, { reason: 'reset', error: withCode('ECONNRESET'), bytesIn: 0, bytesOut: window });
    });

    it('comes with the error when the handler writes and the peer is gone', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, { allowHalfOpen: true });
      await h.peer.leaves();
      const { write, events: told } = recorder.first;
      expect(told).toEqual([{ type: 'control.producerFinished' }]);
      // the first write is answered with a reset; the next write finds the connection broken
      write('anybody there?');
      await h.scenario.settle();
      expect(told).toHaveLength(1);
      write('anybody there?');
      const { error } = await h.isClosed('reset');
      expect(error).toMatchObject({ code: 'EPIPE', syscall: 'write' });
      expect(told).toHaveLength(2);
      expectTold(told, 'reset', error);
      // the bytes of the second write were never taken
      await expectClosed(h, { reason: 'reset', error, bytesIn: 0, bytesOut: 14 });
    });

    it('comes when the connection breaks while a finished handler is being flushed', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, {}, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.emit({ type: 'signal.producerFinished' });
      await h.scenario.settle();
      expectTold(recorder.first.events, 'handlerFinished');
      await h.peer.isOpen();
      await h.peer.resets();
      await expectClosed(h, { reason: 'reset', error: withCode('ECONNRESET'), bytesIn: 0, bytesOut: window });
    });
  });

  describe('handlerFailed', () => {
    it('stays, whatever becomes of the bytes before it', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, {}, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.write(17 as unknown as string);
      await h.peer.isOpen();
      await h.peer.resets();
      const { error } = await h.isClosed('handlerFailed');
      expect(error).toBeInstanceOf(TypeError);
      expectTold(recorder.first.events, 'handlerFailed', error);
      await expectClosed(h, { reason: 'handlerFailed', error, bytesIn: 0, bytesOut: window });
    });
  });

  describe('aborted', () => {
    it('comes when the handler says signal.shutdownMicroprocess: what still waits is not flushed', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, {}, { window });
      h.peer.stopsReading();
      recorder.first.write(large);
      recorder.first.emit({ type: 'signal.shutdownMicroprocess' });
      await h.isClosed('aborted');
      expectTold(recorder.first.events, 'aborted');
      await h.peer.readsOn();
      await expectClosed(h, { reason: 'aborted', bytesIn: 0, bytesOut: window });
    });

    it('comes when the server is told control.shutdownMicroprocess', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      await h.inbox('hello');
      await h.outbox('hello');
      await h.scenario.send({ type: 'control.shutdownMicroprocess' });
      expectTold(recorder.first.events, 'aborted');
      await expectClosed(h, { reason: 'aborted', bytesIn: 5, bytesOut: 5 });
    });

    it('comes at shutdownTimeout when the handler goes on over a drain', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol, { shutdownTimeout: 20 });
      await h.serverShutdown();
      await h.advance(19);
      expect(recorder.first.events).toEqual([{ type: 'control.serverShutdown' }]);
      await h.advance(1);
      expect(recorder.first.events).toHaveLength(2);
      expectTold(recorder.first.events, 'aborted');
      await h.peer.isEnded();
      await expectClosed(h, { reason: 'aborted', bytesIn: 0, bytesOut: 0, durationMs: 20 });
    });
  });
});
