import { describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import { setupProtocol, type ConnectionInfo, type ProtocolEmitted, type ProtocolEvent } from '../../server/index';
import { handler } from '../../server/testing/index';
import { Recorder } from '../support/recorder';

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
  describe.each(signals)('with %s', (signal) => {
    const reason = reasons[signal];
    const last = { type: 'control.socketShutdown', reason };

    it('in answer to bytes is told of the end, as a statechart', async () => {
      const told: ProtocolEvent[] = [];
      await using h = await handler(
        setupProtocol().createMachine({
          on: { inbox: { actions: actions[signal] }, 'control.socketShutdown': { actions: note(told) } },
        }),
      );
      await h.inbox('?');
      expect(await h.isClosed(reason)).toMatchObject({ bytesIn: 1 });
      expect(told).toStrictEqual([last]);
    });

    it('in answer to bytes is told of the end, as a callback', async () => {
      const recorder = new Recorder((event, { emit }) => {
        if (event.type === 'inbox') emit({ type: signal });
      });
      await using h = await handler(recorder.protocol);
      await h.inbox('?');
      expect(await h.isClosed(reason)).toMatchObject({ bytesIn: 1 });
      expect(recorder.first.controls).toStrictEqual([last]);
    });

    it('is told of the end once, when it says so twice and to every event again', async () => {
      const recorder = new Recorder((_, { emit }) => {
        emit({ type: signal });
        emit({ type: signal });
      });
      await using h = await handler(recorder.protocol);
      await h.inbox('?');
      expect(await h.isClosed(reason)).toMatchObject({ bytesIn: 1 });
      expect(recorder.first.controls).toStrictEqual([last]);
      await h.serverShutdown();
      expect(h.scenario.server.getSnapshot().output).toMatchObject({ connections: 1, reasons: { [reason]: 1 } });
      expect(h.scenario.leftovers()).toEqual([]);
    });

    it('on its start ends it, as a statechart', async () => {
      await using h = await handler(
        setupProtocol().createMachine({ entry: [{ type: 'reply', params: { data: 'Late.\n' } }, actions[signal]] }),
      );
      await h.outbox('Late.\n');
      await h.peer.isEnded();
      expect(await h.isClosed(reason)).toMatchObject({ bytesOut: 6 });
    });

    it('on its start ends it, as a callback', async () => {
      await using h = await handler(
        fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
          emit({ type: 'outbox', data: 'Late.\n' });
          emit({ type: signal });
        }),
      );
      await h.outbox('Late.\n');
      await h.peer.isEnded();
      expect(await h.isClosed(reason)).toMatchObject({ bytesOut: 6 });
    });
  });

  it('in answer to bytes, with what is neither bytes nor a string, is told of the end', async () => {
    const recorder = new Recorder((event, { emit }) => {
      if (event.type === 'inbox') emit({ type: 'outbox', data: 17 as unknown as string });
    });
    await using h = await handler(recorder.protocol);
    await h.inbox('?');
    const { error } = await h.isClosed('handlerFailed');
    expect(error).toBeInstanceOf(TypeError);
    expect(recorder.first.controls).toStrictEqual([{ type: 'control.socketShutdown', reason: 'handlerFailed', error }]);
  });

  it('in answer to bytes, with more than maxBufferedBytes, is told of the end', async () => {
    const large = Buffer.alloc(1_000_000);
    const recorder = new Recorder((event, { write }) => {
      if (event.type === 'inbox') for (let n = 0; n < 3; n += 1) write(large);
    });
    await using h = await handler(recorder.protocol, { maxBufferedBytes: 1_500_000 });
    h.peer.stopsReading();
    await h.inbox('?');
    expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesIn: 1 });
    expect(recorder.first.controls).toStrictEqual([
      { type: 'control.noSpaceInBox' },
      { type: 'control.socketShutdown', reason: 'slowConsumer' },
    ]);
  });

  it('on its start, with what is neither bytes nor a string, fails', async () => {
    await using h = await handler(
      fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
        emit({ type: 'outbox', data: 17 as unknown as string });
      }),
    );
    expect(await h.isClosed('handlerFailed')).toMatchObject({ bytesOut: 0, error: expect.any(TypeError) });
    await h.peer.isEnded();
  });

  it('on its start, with the whole server, does that', async () => {
    await using h = await handler(setupProtocol().createMachine({ entry: 'shutdownServer' }));
    await h.peer.isEnded();
    await h.isClosed('serverShutdown');
    const { server } = h.scenario;
    expect(server.getSnapshot().output).toMatchObject({ connections: 1, reasons: { serverShutdown: 1 } });
    expect(h.scenario.leftovers()).toEqual([]);
  });
});
