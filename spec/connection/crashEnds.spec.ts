import { describe, expect, it } from '@jest/globals';
import { emit, fromCallback, setup } from 'xstate';
import {
  serverCore,
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { scenario, type Scenario } from '../../server/testing/index';
import { emittedOf } from '../support/boxes';
import { expectQuiet } from '../support/quiet';

const error = new Error('under test');
const crash = (): never => {
  throw error;
};

/** A handler that answers once, and throws at `control.socketShutdown`. */
const kinds: [string, Protocol][] = [
  [
    'a machine',
    setupProtocol().createMachine({
      on: { inbox: { actions: ['reply', 'finish'] }, 'control.socketShutdown': { actions: crash } },
    }),
  ],
  [
    'a callback',
    fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit: say }) => {
      receive((event) => {
        if (event.type === 'control.socketShutdown') crash();
        if (event.type !== 'inbox') return;
        say({ type: 'outbox', data: event.data });
        say({ type: 'signal.producerFinished' });
      });
    }),
  ],
];

describe('A handler that crashes at the end', () => {
  expectQuiet();

  const start = (protocol: Protocol): Promise<Scenario<typeof serverCore>> =>
    scenario(serverCore, { protocol }, { split: 0 });

  /** Expects that the first connection has failed, and that the server has told so once. */
  const expectFailure = (s: Scenario<typeof serverCore>, bytesOut: number): void => {
    expect(s.closed).toEqual([expect.objectContaining({ id: 'connection:1', reason: 'handlerFailed', bytesOut })]);
    expect(s.closed[0]?.error).toBe(error);
    expect(emittedOf(s, 'connection.failed')).toEqual([{ type: 'connection.failed', id: 'connection:1', error }]);
  };

  /** Expects that the first client gets the answer, although its handler crashes right after it. */
  const assertFlushed = async (s: Scenario<typeof serverCore>): Promise<void> => {
    const client = await s.client();
    await client.sends('flush me');
    await client.receives('flush me');
    await client.isEnded();
    expectFailure(s, 8);
  };

  /** Expects that the next client is served, and that the server leaves nothing behind. */
  const expectServing = async (s: Scenario<typeof serverCore>): Promise<void> => {
    const other = await s.client('another');
    await other.sends('still there');
    await other.receives('still there');
    await s.shutsDown();
    expect(s.leftovers()).toEqual([]);
  };

  describe.each(kinds)('being %s told control.socketShutdown', (_, protocol) => {
    it('when the peer has ended: fails, and the server goes on', async () => {
      await using s = await start(protocol);
      const client = await s.client();
      await client.ends();
      await client.isEnded();
      expectFailure(s, 0);
      await expectServing(s);
    });

    it('when it has finished: flushes what it wrote, and fails', async () => {
      await using s = await start(protocol);
      await assertFlushed(s);
      await expectServing(s);
    });

    it('when the peer has reset the connection: fails, and the server goes on', async () => {
      await using s = await start(protocol);
      const client = await s.client();
      await client.resets();
      expect(await client.isClosed()).toMatchObject({ bytesIn: 0 });
      expectFailure(s, 0);
      await expectServing(s);
    });
  });

  it('when it is told control.serverShutdown: the server still ends, and says so in its summary', async () => {
    const protocol = setup({ types: {} as { events: ProtocolEvent; emitted: ProtocolEmitted } }).createMachine({
      entry: emit({ type: 'outbox', data: 'hello' }),
      on: { 'control.serverShutdown': { actions: crash } },
    });
    await using s = await start(protocol);
    const client = await s.client();
    await client.receives('hello');
    await s.shutsDown();
    await client.isEnded();
    expectFailure(s, 5);
    const { reasons, drained } = s.server.getSnapshot().output ?? {};
    expect(reasons).toEqual({ handlerFailed: 1 });
    expect(drained).toEqual(s.closed);
    expect(s.leftovers()).toEqual([]);
  });

  it('when the peer has ended but not yet read the reply: flushes all of it, and fails', async () => {
    const reply = Buffer.alloc(1_000_000, 'r');
    const protocol = setupProtocol().createMachine({
      on: { 'control.socketShutdown': { actions: crash } },
      initial: 'reading',
      states: {
        reading: { on: { inbox: { target: 'busy' } } },
        busy: {
          // the handler gets the end of the connection only when it is back in `reading`
          on: { 'control.socketShutdown': {} },
          after: { 10: { target: 'reading', actions: { type: 'reply', params: { data: reply } } } },
        },
      },
    });
    await using s = await start(protocol);
    const client = await s.client();
    client.stopsReading();
    await Promise.all([client.sends('?'), client.ends()]);
    await s.advance(10);
    await client.isOpen();
    await client.readsOn();
    await client.receives(reply);
    await client.isEnded();
    expectFailure(s, reply.length);
  });

  it('when the server ends it in a drain: fails, and the server still ends', async () => {
    const protocol = setupProtocol().createMachine({
      entry: { type: 'reply', params: { data: 'hello' } },
      on: { inbox: { actions: 'reply' }, 'control.socketShutdown': { actions: crash } },
    });
    await using s = await start(protocol);
    const client = await s.client();
    await client.receives('hello');
    await s.shutsDown();
    await client.isEnded();
    expectFailure(s, 5);
    expect(s.server.getSnapshot().output?.reasons).toEqual({ handlerFailed: 1 });
    expect(s.leftovers()).toEqual([]);
  });

  it('in the clean-up function of a callback: the connection still ends, with what it wrote', async () => {
    const protocol = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ receive, emit: say }) => {
      receive((event) => {
        if (event.type !== 'inbox') return;
        say({ type: 'outbox', data: event.data });
        say({ type: 'signal.producerFinished' });
      });
      return crash;
    });
    await using s = await start(protocol);
    await assertFlushed(s);
  });
});
