import { describe, expect, it } from '@jest/globals';
import { emit, setup, type AnyActorLogic } from 'xstate';
import { echo, setupProtocol, type ConnectionInfo, type ProtocolEmitted, type ProtocolEvent } from '../../server/index';
import { handler } from '../../server/testing/index';
import { bytesOf, Recorder } from '../support/recorder';

/** More bytes than the network holds in both directions. */
const volume = Buffer.alloc(300_000, 'abc');

/** A handler that works on each chunk for a moment, without reading. It notes the peer's end in every state. */
const busy = (told: string[]): AnyActorLogic => {
  const note = ({ event }: { event: ProtocolEvent }): void => {
    told.push(event.type);
  };
  return setup({
    types: {} as { input: ConnectionInfo; events: ProtocolEvent; emitted: ProtocolEmitted },
  }).createMachine({
    initial: 'reading',
    on: { 'control.socketShutdown': { actions: note } },
    states: {
      reading: {
        on: {
          inbox: { target: 'working', actions: note },
          'control.producerFinished': {
            actions: [note, emit({ type: 'outbox', data: 'bye' }), emit({ type: 'signal.producerFinished' })],
          },
        },
      },
      working: { after: { 20: { target: 'reading', actions: emit({ type: 'outbox', data: 'done ' }) } } },
    },
  });
};

describe("The peer's FIN", () => {
  describe('given allowHalfOpen', () => {
    const allowHalfOpen = true;

    it('is told as control.producerFinished behind the last byte; the handler may still write, and finishes', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { allowHalfOpen });
      await Promise.all([h.inbox(volume), h.peer.ends()]);
      expect(recorder.first.events.at(-1)).toEqual({ type: 'control.producerFinished' });
      expect(bytesOf(recorder.first.events).equals(volume)).toBe(true);
      recorder.first.write('one ');
      await h.outbox('one ');
      recorder.first.write('two');
      recorder.first.emit({ type: 'signal.producerFinished' });
      await h.outbox('two');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: volume.length, bytesOut: 7 });
      expect(recorder.first.controls).toStrictEqual([
        { type: 'control.producerFinished' },
        { type: 'control.socketShutdown', reason: 'handlerFinished' },
      ]);
    });

    it('is told to a handler that got no byte at all', async () => {
      const recorder = new Recorder((event, { write, emit: say }) => {
        if (event.type !== 'control.producerFinished') return;
        write('nothing to say?');
        say({ type: 'signal.producerFinished' });
      });
      await using h = await handler(recorder.protocol, { allowHalfOpen });
      await h.peer.ends();
      await h.outbox('nothing to say?');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 0, bytesOut: 15 });
    });

    it('leaves the connection to a handler that says nothing to it', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { allowHalfOpen });
      await h.peer.ends();
      await h.advance(3_600_000);
      await h.peer.isOpen();
      expect(recorder.first.events).toEqual([{ type: 'control.producerFinished' }]);
    });

    it('lets echo send everything back first', async () => {
      await using h = await handler(echo, { allowHalfOpen });
      await Promise.all([h.inbox(volume), h.peer.ends()]);
      await h.outbox(volume);
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: volume.length, bytesOut: volume.length });
    });

    it('does not leave a handler hanging that knows no control.producerFinished', async () => {
      const protocol = setupProtocol().createMachine({ on: { inbox: { actions: 'reply' } } });
      await using h = await handler(protocol, { allowHalfOpen });
      await Promise.all([h.inbox('hello'), h.peer.ends()]);
      await h.outbox('hello');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 5, bytesOut: 5 });
    });

    it('waits until a handler that is busy with the last bytes can take it', async () => {
      const told: string[] = [];
      await using h = await handler(busy(told), { allowHalfOpen });
      await Promise.all([h.inbox('work'), h.peer.ends()]);
      await h.advance(19);
      expect(told).toEqual(['inbox']);
      await h.advance(1);
      await h.outbox('done bye');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 4, bytesOut: 8 });
      expect(told).toEqual(['inbox', 'control.producerFinished', 'control.socketShutdown']);
    });

    it('may be followed by a reset', async () => {
      const recorder = new Recorder();
      await using h = await handler(recorder.protocol, { allowHalfOpen });
      await h.peer.ends();
      await h.peer.resets();
      // after a FIN the server doesn't read, so only a write finds out
      expect(recorder.first.events).toEqual([{ type: 'control.producerFinished' }]);
      recorder.first.write('anybody there?');
      expect(await h.isClosed('reset')).toMatchObject({ error: { code: 'EPIPE' } });
    });
  });

  describe('given no allowHalfOpen', () => {
    it('closes the connection behind the last byte, and is not told as control.producerFinished', async () => {
      const recorder = new Recorder((event, { write }) => {
        if (event.type === 'inbox') write(event.data);
      });
      await using h = await handler(recorder.protocol);
      await Promise.all([h.inbox(volume), h.peer.ends()]);
      await h.outbox(volume);
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: volume.length, bytesOut: volume.length });
      expect(bytesOf(recorder.first.events).equals(volume)).toBe(true);
      const ends = recorder.first.controls.filter(({ type }) => !type.endsWith('paceInBox'));
      expect(ends).toStrictEqual([{ type: 'control.socketShutdown', reason: 'peerClosed' }]);
    });

    it('lets a handler that is busy with the last bytes answer them first', async () => {
      const told: string[] = [];
      await using h = await handler(busy(told));
      await Promise.all([h.inbox('work'), h.peer.ends()]);
      await h.advance(19);
      expect(told).toEqual(['inbox']);
      await h.advance(1);
      await h.outbox('done ');
      expect(await h.isClosed('peerClosed')).toMatchObject({ bytesIn: 4, bytesOut: 5 });
      expect(told).toEqual(['inbox', 'control.socketShutdown']);
    });
  });
});
