import { describe, expect, it } from '@jest/globals';
import { fromPromise } from 'xstate';
import { setupProtocol, type ProtocolEvent } from '../../server/index';
import '../../server/testing/matchers/jestGlobals';
import { handler } from '../../server/testing/index';
import { echoOrCrash, expectClosed, expectTold } from '../support/closes';

/** More bytes than the network holds. */
const large = Buffer.alloc(1_000_000, 'x');

describe('The reason of a close after which all has left', () => {
  describe('peerClosed', () => {
    it('comes when the peer ends its side, after every byte was handled', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      await Promise.all([h.inbox('hello'), h.peer.ends()]);
      await h.outbox('hello');
      await expectClosed(h, { reason: 'peerClosed', bytesIn: 5, bytesOut: 5 });
      expect(recorder.first.events.map(({ type }) => type)).toEqual(['inbox', 'control.socketShutdown']);
      expectTold(recorder.first.events, 'peerClosed');
    });

    it('comes when the peer connects and leaves without a byte', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      await h.peer.ends();
      expect(recorder.first.events).toHaveLength(1);
      expectTold(recorder.first.events, 'peerClosed');
      await expectClosed(h, { reason: 'peerClosed', bytesIn: 0, bytesOut: 0 });
    });

    it('waits for what was written to be flushed', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      h.peer.stopsReading();
      recorder.first.write(large);
      await h.peer.ends();
      expect(recorder.first.events).toHaveLength(2);
      expectTold(recorder.first.events, 'peerClosed');
      await h.peer.isOpen();
      await h.peer.readsOn();
      await h.outbox(large);
      await expectClosed(h, { reason: 'peerClosed', bytesIn: 0, bytesOut: large.length });
    });
  });

  describe('handlerFinished', () => {
    it('comes when the handler says signal.producerFinished, and tells the handler of the end', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      recorder.first.write('bye');
      recorder.first.emit({ type: 'signal.producerFinished' });
      await h.outbox('bye');
      expect(recorder.first.events).toHaveLength(1);
      expectTold(recorder.first.events, 'handlerFinished');
      await expectClosed(h, { reason: 'handlerFinished', bytesIn: 0, bytesOut: 3 });
    });

    it('comes when a promise is kept, with its value flushed', async () => {
      await using h = await handler(fromPromise(() => Promise.resolve('done')));
      await h.outbox('done');
      await expectClosed(h, { reason: 'handlerFinished', bytesIn: 0, bytesOut: 4 });
      expect(h.actor.getSnapshot()).toMatchObject({ status: 'done', output: 'done' });
    });

    it('comes when a statechart reaches its final state', async () => {
      await using h = await handler(
        setupProtocol().createMachine({
          initial: 'talking',
          states: { talking: { on: { inbox: { target: 'over', actions: 'reply' } } }, over: { type: 'final' } },
        }),
      );
      await h.inbox('bye');
      await h.outbox('bye');
      expect(h).toBeInState('over');
      await expectClosed(h, { reason: 'handlerFinished', bytesIn: 3, bytesOut: 3 });
    });
  });

  describe('handlerFailed', () => {
    it('comes with the error when the handler throws, after what it wrote was flushed', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      recorder.first.write('before ');
      await h.inbox('crash');
      await h.outbox('before ');
      expect(recorder.first.events).toHaveLength(1);
      await expectClosed(h, { reason: 'handlerFailed', error: new Error('crash'), bytesIn: 5, bytesOut: 7 });
    });

    it('comes with the error when the handler writes what is neither bytes nor a string', async () => {
      const recorder = echoOrCrash();
      await using h = await handler(recorder.protocol);
      recorder.first.write(17 as unknown as string);
      const { error } = await h.isClosed('handlerFailed');
      expect(error).toBeInstanceOf(TypeError);
      expectTold(recorder.first.events, 'handlerFailed', error);
      expect(h.scenario).toHaveEmitted({ type: 'connection.failed', id: 'connection:1', error });
      await expectClosed(h, { reason: 'handlerFailed', error, bytesIn: 0, bytesOut: 0 });
    });
  });

  describe('serverShutdown', () => {
    it('comes when the server drains and the handler does not listen to that, after what it wrote was flushed', async () => {
      const told: ProtocolEvent[] = [];
      const note = ({ event }: { event: ProtocolEvent }): void => {
        told.push(event);
      };
      await using h = await handler(
        setupProtocol().createMachine({
          on: { inbox: { actions: ['reply', note] }, 'control.socketShutdown': { actions: note } },
        }),
      );
      await h.inbox('hello');
      await h.outbox('hello');
      await h.serverShutdown();
      await h.peer.isEnded();
      expect(told).toHaveLength(2);
      expectTold(told, 'serverShutdown');
      await expectClosed(h, { reason: 'serverShutdown', bytesIn: 5, bytesOut: 5 });
    });
  });
});
