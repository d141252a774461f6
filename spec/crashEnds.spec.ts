import { describe, expect, it } from '@jest/globals';
import { emit, fromCallback, setup } from 'xstate';
import {
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../server/index';
import { eventually } from './support/events';
import { expectQuiet } from './support/quiet';
import { receiveToEnd, serving } from './support/serving';

/** A handler that throws when it is told that its connection is over. */
const kinds: [string, (error: Error) => Protocol][] = [
  [
    'a machine',
    (error) =>
      setupProtocol().createMachine({
        on: {
          inbox: { actions: ['reply', 'finish'] },
          'control.socketShutdown': {
            actions: () => {
              throw error;
            },
          },
        },
      }),
  ],
  [
    'a callback',
    (error) =>
      fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit: say }) => {
        receive((event) => {
          if (event.type === 'control.socketShutdown') throw error;
          if (event.type !== 'inbox') return;
          say({ type: 'outbox', data: event.data });
          say({ type: 'signal.producerFinished' });
        });
      }),
  ],
];

describe('A handler that crashes at the end', () => {
  const serve = serving();

  expectQuiet();
  const expectFailure = async (error: Error): Promise<void> => {
    const closed = await serve.ended();
    expect(closed.reason).toBe('handlerFailed');
    expect(closed.error).toBe(error);
    expect(serve.failed).toEqual([{ type: 'connection.failed', id: 'connection:1', error }]);
    expect(serve.closed).toHaveLength(1);
  };

  const expectServing = async (): Promise<void> => {
    const other = await serve.connect();
    other.socket.write('still there');
    expect(await other.receiveText(11)).toBe('still there');
  };

  describe.each(kinds)('being %s told control.socketShutdown', (_, protocol) => {
    it('when the peer has ended: fails, and the server goes on', async () => {
      const error = new Error('under test');
      const client = await serve.first(protocol(error));
      client.end();
      expect((await client.receiveAll()).toString()).toBe('');
      await expectFailure(error);
      await expectServing();
    });

    it('when it has finished: flushes what it wrote, and fails', async () => {
      const error = new Error('under test');
      const client = await serve.first(protocol(error));
      client.socket.write('flush me');
      expect(await receiveToEnd(client)).toBe('flush me');
      await expectFailure(error);
      await expectServing();
    });

    it('when the peer has reset the connection: fails, and the server goes on', async () => {
      const error = new Error('under test');
      const client = await serve.first(protocol(error));
      await eventually(() => serve.socketOf() !== undefined);
      client.reset();
      expect(await serve.ended()).toMatchObject({ bytesIn: 0, bytesOut: 0 });
      await expectFailure(error);
      await expectServing();
    });
  });

  it('when it is told control.serverShutdown: the server still ends, and says so in its summary', async () => {
    const error = new Error('under test');
    const client = await serve.first(
      setup({ types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted } }).createMachine({
        entry: emit({ type: 'outbox', data: 'hello' }),
        on: {
          'control.serverShutdown': {
            actions: () => {
              throw error;
            },
          },
        },
      }),
    );
    expect(await client.receiveText(5)).toBe('hello');
    const summary = serve.server.shutdown();
    expect(await receiveToEnd(client)).toBe('');
    expect((await summary).reasons).toEqual({ handlerFailed: 1 });
    expect((await summary).drained).toMatchObject([{ id: 'connection:1', reason: 'handlerFailed', bytesOut: 5 }]);
    expect((await summary).drained[0]?.error).toBe(error);
  });

  it('when the peer has ended but not yet read the reply: flushes all of it, and fails', async () => {
    const error = new Error('under test');
    const reply = Buffer.alloc(8 * 1024 * 1024, 'r');
    const client = await serve.first(
      setupProtocol().createMachine({
        on: {
          'control.socketShutdown': {
            actions: () => {
              throw error;
            },
          },
        },
        initial: 'reading',
        states: {
          reading: { on: { inbox: { target: 'busy' } } },
          busy: {
            // takes the end of the connection only when it is back in `reading`
            on: { 'control.socketShutdown': {} },
            after: { 10: { target: 'reading', actions: { type: 'reply', params: { data: reply } } } },
          },
        },
      }),
    );
    client.stopReading();
    client.socket.end('?');
    await eventually(() => serve.socketOf()?.isFlushed === false);
    client.resumeReading();
    expect((await client.receiveAll()).equals(reply)).toBe(true);
    await expectFailure(error);
    expect(serve.closed).toMatchObject([{ bytesOut: reply.length }]);
  });

  it('when the server ends it in a drain: fails, and the server still ends', async () => {
    const error = new Error('under test');
    const client = await serve.first(
      setupProtocol().createMachine({
        entry: { type: 'reply', params: { data: 'hello' } },
        on: {
          inbox: { actions: 'reply' },
          'control.socketShutdown': {
            actions: () => {
              throw error;
            },
          },
        },
      }),
    );
    expect(await client.receiveText(5)).toBe('hello');
    const summary = serve.server.shutdown();
    expect(await receiveToEnd(client)).toBe('');
    expect((await summary).reasons).toEqual({ handlerFailed: 1 });
    await expectFailure(error);
  });

  it('in the clean-up function of a callback: the connection still ends, with what it wrote', async () => {
    const error = new Error('under test');
    const client = await serve.first(
      fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit: say }) => {
        receive((event) => {
          if (event.type !== 'inbox') return;
          say({ type: 'outbox', data: event.data });
          say({ type: 'signal.producerFinished' });
        });
        return () => {
          throw error;
        };
      }),
    );
    client.socket.write('flush me');
    expect(await receiveToEnd(client)).toBe('flush me');
    await expectFailure(error);
  });
});
