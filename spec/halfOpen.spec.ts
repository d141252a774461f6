import { afterEach, describe, expect, it } from '@jest/globals';
import { emit, fromPromise, setup, type AnyActorLogic } from 'xstate';
import {
  createServerCore,
  echo,
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCore,
  type ServerCoreOptions,
  type ServerEmitted,
} from '../server/index';
import { Client } from './support/client';
import { emitted, eventually } from './support/events';
import { bytesOf, Recorder } from './support/recorder';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

/** Compared with `equals`: toEqual takes seconds for so much. */
const volume = Buffer.alloc(4_000_000, 'abc');

/** Needs a moment for each chunk and reads nothing meanwhile; wherever it is, it notes the end. */
const busy = (told: string[]): AnyActorLogic => {
  const note = ({ event }: { event: ProtocolEvent }): void => {
    told.push(event.type);
  };
  return setup({
    types: {} as { input: ConnectionInfo; events: ProtocolEvent; emitted: ProtocolEmitted },
    actors: { work: fromPromise(() => new Promise((resolve) => setTimeout(resolve, 20))) },
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
      working: {
        invoke: { src: 'work', onDone: { target: 'reading', actions: emit({ type: 'outbox', data: 'done ' }) } },
      },
    },
  });
};

describe("The peer's FIN", () => {
  let server: ServerCore;
  let client: Client;
  let closed: Promise<Closed>;

  const serve = async (protocol: Protocol, options: Partial<ServerCoreOptions> = {}): Promise<void> => {
    server = createServerCore({ protocol, port: 0, ...options });
    closed = emitted<Closed>(server, 'connection.closed');
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    client = await Client.connect(port);
    await opened;
  };

  afterEach(async () => {
    await client.destroy();
    await server.shutdown({ timeout: 0 });
  });

  describe('given allowHalfOpen', () => {
    const allowHalfOpen = true;

    it('is told as control.producerFinished behind the last byte; the handler may still write, and finishes', async () => {
      const recorder = new Recorder();
      await serve(recorder.protocol, { allowHalfOpen });
      client.socket.write(volume);
      client.end();
      await eventually(() => recorder.first.events.at(-1)?.type === 'control.producerFinished');
      expect(bytesOf(recorder.first.events).equals(volume)).toBe(true);
      recorder.first.write('one ');
      expect(await client.receiveText('one ')).toBe('one ');
      recorder.first.write('two');
      recorder.first.emit({ type: 'signal.producerFinished' });
      expect((await client.receiveAll()).toString()).toBe('two');
      expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: volume.length, bytesOut: 7 });
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
      await serve(recorder.protocol, { allowHalfOpen });
      client.end();
      expect((await client.receiveAll()).toString()).toBe('nothing to say?');
      expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 0, bytesOut: 15 });
    });

    it('lets echo send everything back first', async () => {
      await serve(echo, { allowHalfOpen });
      client.socket.write(volume);
      client.end();
      expect((await client.receiveAll()).equals(volume)).toBe(true);
      expect(await closed).toMatchObject({
        reason: 'peerClosed',
        bytesIn: volume.length,
        bytesOut: volume.length,
      });
    });

    it('does not leave a handler hanging that knows no control.producerFinished', async () => {
      await serve(setupProtocol().createMachine({ on: { inbox: { actions: 'reply' } } }), { allowHalfOpen });
      await client.send('hello');
      client.end();
      expect((await client.receiveAll()).toString()).toBe('hello');
      expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: 5, bytesOut: 5 });
    });

    it('waits until a handler that is busy with the last bytes can take it', async () => {
      const told: string[] = [];
      await serve(busy(told), { allowHalfOpen });
      await client.send('work');
      client.end();
      expect((await client.receiveAll()).toString()).toBe('done bye');
      expect(await closed).toMatchObject({ reason: 'handlerFinished', bytesIn: 4, bytesOut: 8 });
      expect(told).toEqual(['inbox', 'control.producerFinished', 'control.socketShutdown']);
    });

    it('may be followed by a reset', async () => {
      const recorder = new Recorder();
      await serve(recorder.protocol, { allowHalfOpen });
      client.end();
      await eventually(() => recorder.first.events.length === 1);
      client.reset();
      const { write, events } = recorder.first;
      for (; events.length < 2; await new Promise((resolve) => setImmediate(resolve))) write('anybody there?');
      expect(await closed).toMatchObject({ reason: 'reset', error: expect.objectContaining({ code: 'EPIPE' }) });
    });
  });

  describe('given no allowHalfOpen', () => {
    it('closes the connection behind the last byte, and is not told as control.producerFinished', async () => {
      const recorder = new Recorder((event, { write }) => {
        if (event.type === 'inbox') write(event.data);
      });
      await serve(recorder.protocol);
      client.socket.write(volume);
      client.end();
      expect((await client.receiveAll()).equals(volume)).toBe(true);
      expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: volume.length, bytesOut: volume.length });
      expect(bytesOf(recorder.first.events).equals(volume)).toBe(true);
      const ends = recorder.first.controls.filter(({ type }) => !type.endsWith('paceInBox'));
      expect(ends).toStrictEqual([{ type: 'control.socketShutdown', reason: 'peerClosed' }]);
    });

    it('lets a handler that is busy with the last bytes answer them first', async () => {
      const told: string[] = [];
      await serve(busy(told));
      await client.send('work');
      client.end();
      expect((await client.receiveAll()).toString()).toBe('done ');
      expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: 4, bytesOut: 5 });
      expect(told).toEqual(['inbox', 'control.socketShutdown']);
    });
  });
});
