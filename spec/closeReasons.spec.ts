import { describe, expect, it } from '@jest/globals';
import { fromPromise } from 'xstate';
import { setupProtocol, type ProtocolEvent } from '../server/index';
import { eventually } from './support/events';
import { common, echoOrCrash, expectTold, oneConnection } from './support/oneConnection';

describe('The reason of a close after which all has left', () => {
  const one = oneConnection();

  describe('peerClosed', () => {
    it('comes when the peer ends its side, after every byte was handled', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      await client.send('hello');
      client.end();
      expect((await client.receiveAll()).toString()).toBe('hello');
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'peerClosed', bytesIn: 5, bytesOut: 5 });
      expect(recorder.first.events.map(({ type }) => type)).toEqual(['inbox', 'control.socketShutdown']);
      expectTold(recorder.first.events, 'peerClosed');
    });

    it('comes when the peer connects and leaves without a byte', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      client.end();
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'peerClosed', bytesIn: 0, bytesOut: 0 });
      expectTold(recorder.first.events, 'peerClosed');
    });

    it('waits for what was written to be flushed', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      client.stopReading().end();
      recorder.first.write(Buffer.alloc(16_000_000));
      await eventually(() => recorder.first.events.length === 1);
      client.resumeReading();
      expect(await client.receiveAll()).toHaveLength(16_000_000);
      expect(await one.ended()).toMatchObject({ reason: 'peerClosed', bytesOut: 16_000_000 });
    });
  });

  describe('handlerFinished', () => {
    it('comes when the handler says signal.producerFinished, and tells the handler of the end', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      recorder.first.write('bye');
      recorder.first.emit({ type: 'signal.producerFinished' });
      client.end();
      expect((await client.receiveAll()).toString()).toBe('bye');
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'handlerFinished', bytesIn: 0, bytesOut: 3 });
      expectTold(recorder.first.events, 'handlerFinished');
    });

    it('comes when a promise is kept, with its value flushed', async () => {
      const client = await one.serve(fromPromise(() => Promise.resolve('done')));
      client.end();
      expect((await client.receiveAll()).toString()).toBe('done');
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'handlerFinished', bytesIn: 0, bytesOut: 4 });
    });

    it('comes when a statechart reaches its final state', async () => {
      const client = await one.serve(
        setupProtocol().createMachine({
          initial: 'talking',
          states: { talking: { on: { inbox: { target: 'over', actions: 'reply' } } }, over: { type: 'final' } },
        }),
      );
      await client.send('bye');
      client.end();
      expect((await client.receiveAll()).toString()).toBe('bye');
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'handlerFinished', bytesIn: 3, bytesOut: 3 });
    });
  });

  describe('handlerFailed', () => {
    it('comes with the error when the handler throws, after what it wrote was flushed', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      recorder.first.write('before ');
      await client.send('crash');
      client.end();
      expect((await client.receiveAll()).toString()).toBe('before ');
      const error = new Error('crash');
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'handlerFailed', error, bytesIn: 5, bytesOut: 7 });
    });

    it('comes with the error when the handler writes what is neither bytes nor a string', async () => {
      const recorder = echoOrCrash();
      const client = await one.serve(recorder.protocol);
      recorder.first.write(17 as unknown as string);
      client.end();
      const closed = await one.ended();
      expect(closed).toMatchObject({ reason: 'handlerFailed', bytesIn: 0, bytesOut: 0 });
      expect(closed?.error).toBeInstanceOf(TypeError);
      expectTold(recorder.first.events, 'handlerFailed', closed?.error);
      expect(one.events).toContainEqual({ type: 'connection.failed', id: 'connection:1', error: closed?.error });
    });
  });

  describe('serverShutdown', () => {
    it('comes when the server drains and the handler does not listen to that, after what it wrote was flushed', async () => {
      const told: ProtocolEvent[] = [];
      const note = ({ event }: { event: ProtocolEvent }): void => {
        told.push(event);
      };
      const client = await one.serve(
        setupProtocol().createMachine({
          on: { inbox: { actions: ['reply', note] }, 'control.socketShutdown': { actions: note } },
        }),
      );
      await client.send('hello');
      await client.receive(5);
      one.server.send({ type: 'control.serverShutdown' });
      client.end();
      await client.closed;
      expect(await one.ended()).toStrictEqual({ ...common, reason: 'serverShutdown', bytesIn: 5, bytesOut: 5 });
      expectTold(told, 'serverShutdown');
    });
  });
});
