import { afterEach, describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import {
  createServerCore,
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCore,
  type ServerEmitted,
} from '../server/index';
import { Client } from './support/client';
import { emitted } from './support/events';
import { Recorder } from './support/recorder';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;
type Signal = Extract<ProtocolEmitted['type'], `signal.${string}`>;

const reasons = {
  'signal.producerFinished': 'handlerFinished',
  'signal.shutdownMicroprocess': 'aborted',
} as const;

const actions = { 'signal.producerFinished': 'finish', 'signal.shutdownMicroprocess': 'abort' } as const;
const signals: readonly Signal[] = ['signal.producerFinished', 'signal.shutdownMicroprocess'];

const note =
  (told: ProtocolEvent[]) =>
  ({ event }: { event: ProtocolEvent }): void => {
    told.push(event);
  };

describe('A handler that ends its own connection', () => {
  let server: ServerCore;
  let client: Client;
  let closed: Promise<Closed>;

  const serve = async (protocol: Protocol): Promise<void> => {
    server = createServerCore({ protocol, port: 0 });
    closed = emitted<Closed>(server, 'connection.closed');
    client = await Client.connect((await server.start()).port);
  };

  afterEach(async () => {
    await client.destroy();
    await server.shutdown({ timeout: 0 });
  });

  describe.each(signals)('with %s', (signal) => {
    const reason = reasons[signal];
    const last = { type: 'control.socketShutdown', reason };

    it('in answer to bytes is told of the end, as a statechart', async () => {
      const told: ProtocolEvent[] = [];
      await serve(
        setupProtocol().createMachine({
          on: { inbox: { actions: actions[signal] }, 'control.socketShutdown': { actions: note(told) } },
        }),
      );
      await client.send('?');
      client.end();
      expect(await closed).toMatchObject({ reason, bytesIn: 1 });
      expect(told).toStrictEqual([last]);
    });

    it('in answer to bytes is told of the end, as a callback', async () => {
      const recorder = new Recorder((event, { emit }) => {
        if (event.type === 'inbox') emit({ type: signal });
      });
      await serve(recorder.protocol);
      await client.send('?');
      client.end();
      expect(await closed).toMatchObject({ reason, bytesIn: 1 });
      expect(recorder.first.controls).toStrictEqual([last]);
    });

    it('is told of the end once, when it says so twice and to every event again', async () => {
      const recorder = new Recorder((_, { emit }) => {
        emit({ type: signal });
        emit({ type: signal });
      });
      await serve(recorder.protocol);
      await client.send('?');
      client.end();
      expect(await closed).toMatchObject({ reason, bytesIn: 1 });
      expect(recorder.first.controls).toStrictEqual([last]);
      expect(await server.shutdown()).toMatchObject({ connections: 1, reasons: { [reason]: 1 } });
    });

    it('on its start ends it, as a statechart', async () => {
      await serve(
        setupProtocol().createMachine({ entry: [{ type: 'reply', params: { data: 'Late.\n' } }, actions[signal]] }),
      );
      await client.ended;
      client.end();
      expect((await client.receiveAll()).toString()).toBe('Late.\n');
      expect(await closed).toMatchObject({ reason, bytesOut: 6 });
    });

    it('on its start ends it, as a callback', async () => {
      await serve(
        fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
          emit({ type: 'outbox', data: 'Late.\n' });
          emit({ type: signal });
        }),
      );
      await client.ended;
      client.end();
      expect((await client.receiveAll()).toString()).toBe('Late.\n');
      expect(await closed).toMatchObject({ reason, bytesOut: 6 });
    });
  });

  it('in answer to bytes, with what is neither bytes nor a string, is told of the end', async () => {
    const recorder = new Recorder((event, { emit }) => {
      if (event.type === 'inbox') emit({ type: 'outbox', data: 17 as unknown as string });
    });
    await serve(recorder.protocol);
    await client.send('?');
    client.end();
    const { reason, error } = await closed;
    expect(reason).toBe('handlerFailed');
    expect(error).toBeInstanceOf(TypeError);
    expect(recorder.first.controls).toStrictEqual([{ type: 'control.socketShutdown', reason: 'handlerFailed', error }]);
  });

  it('in answer to bytes, with more than maxBufferedBytes, is told of the end', async () => {
    const large = Buffer.alloc(32 * 1024 * 1024);
    const recorder = new Recorder((event, { write }) => {
      if (event.type === 'inbox') for (let n = 0; n < 3; n += 1) write(large);
    });
    await serve(recorder.protocol);
    client.stopReading();
    await client.send('?');
    expect(await closed).toMatchObject({ reason: 'slowConsumer', bytesIn: 1 });
    expect(recorder.first.controls.at(-1)).toStrictEqual({ type: 'control.socketShutdown', reason: 'slowConsumer' });
  });

  it('on its start, with what is neither bytes nor a string, fails', async () => {
    await serve(
      fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        emit({ type: 'outbox', data: 17 as unknown as string });
      }),
    );
    await client.ended;
    client.end();
    expect(await closed).toMatchObject({ reason: 'handlerFailed', bytesOut: 0 });
  });

  it('on its start, with the whole server, does that', async () => {
    await serve(setupProtocol().createMachine({ entry: 'shutdownServer' }));
    await client.ended;
    client.end();
    expect(await closed).toMatchObject({ reason: 'serverShutdown' });
    expect(await server.closed).toMatchObject({ connections: 1, reasons: { serverShutdown: 1 } });
  });
});
