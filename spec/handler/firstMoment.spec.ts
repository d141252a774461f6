import { describe, expect, it } from '@jest/globals';
import { fromCallback, fromPromise, sendTo, setup, type AnyActorLogic } from 'xstate';
import { resolveTcpClientOptions } from '../../machines/options/resolveOptions';
import {
  connection,
  echo,
  serverCore,
  setupProtocol,
  tcpListener,
  type ConnectedSocketAdapter,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../server/index';
import { handler, scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';

/** A machine and a callback, each of which emits these events while it is being started. */
function starters(...emissions: ProtocolEmitted[]): [string, AnyActorLogic][] {
  const machine = setupProtocol().createMachine({
    entry: emissions.map(actionFor),
    on: { inbox: { actions: 'reply' } },
  });
  const callback = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
    for (const event of emissions) emit(event);
  });
  return [
    ['machine', machine],
    ['callback', callback],
  ];
}

type Action = 'finish' | 'abort' | { type: 'reply'; params: { data: string | Uint8Array } };

function actionFor(event: ProtocolEmitted): Action {
  if (event.type === 'outbox') return { type: 'reply', params: { data: event.data } };
  return event.type === 'signal.producerFinished' ? 'finish' : 'abort';
}

const hello = { type: 'outbox', data: 'hello' } as const;
const flood = { type: 'outbox', data: 'x'.repeat(1_000_000) } as const;

describe('What a handler emits in its very first moment', () => {
  it.each(starters(hello, { type: 'signal.producerFinished' }))(
    'ends the connection after its bytes: a %s says its line and is done',
    async (_, protocol) => {
      await using h = await handler(protocol);
      await h.outbox('hello');
      expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 5 });
    },
  );

  it.each(starters({ type: 'signal.shutdownMicroprocess' }))('cuts the connection: a %s', async (_, protocol) => {
    await using h = await handler(protocol);
    expect(await h.isClosed('aborted')).toMatchObject({ bytesOut: 0 });
    await h.peer.receivesNothing();
  });

  it.each(starters({ type: 'outbox', data: 5 as never }))(
    'is refused when it is not bytes: a %s',
    async (_, protocol) => {
      await using h = await handler(protocol);
      expect(await h.isClosed('handlerFailed')).toMatchObject({ error: expect.any(TypeError) });
      await h.peer.receivesNothing();
    },
  );

  it.each(starters(flood, hello))('counts for maxBufferedBytes: a %s', async (_, protocol) => {
    await using h = await handler(protocol, { maxBufferedBytes: 1024 }, { window: 10_000 });
    expect(await h.isClosed('slowConsumer')).toMatchObject({ bytesOut: 10_000 });
  });

  it.each(starters(flood))('counts for writeTimeout: a %s', async (_, protocol) => {
    await using s = await scenario(serverCore, { protocol, writeTimeout: 30 }, { latency: 1 });
    const client = await s.client();
    // checked before the first byte can arrive
    client.stopsReading();
    await s.advance(30);
    await client.isOpen();
    await s.advance(1);
    expect(await client.isClosed('slowConsumer')).toMatchObject({ durationMs: 30 });
  });

  it('is all that a promise needs that has its answer already', async () => {
    await using h = await handler(fromPromise(() => Promise.resolve('hello')));
    await h.outbox('hello');
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 5 });
  });
});

describe('A listener that is left in the moment that it has a client', () => {
  const talking = setup({
    types: {} as { events: { type: '_call.newCSA'; CSA: ConnectedSocketAdapter } },
    actors: { tcpListener, connection },
  }).createMachine({
    initial: 'listening',
    states: {
      listening: {
        invoke: { id: 'listener', src: 'tcpListener', input: { box: '_call', options: { port: 1 } } as never },
        entry: sendTo('listener', { type: 'control.resume' }),
        on: { '_call.newCSA': 'talking' },
      },
      talking: {
        invoke: {
          src: 'connection',
          input: ({ event }) => ({
            CSA: event.CSA,
            options: resolveTcpClientOptions({ protocol: echo }),
          }),
          onDone: 'listening',
        },
      },
    },
  });

  it('leaves it to the connection that has claimed it', async () => {
    await using s = await scenario(talking);
    const client = await s.client('client', { port: 1 });
    await client.sends('hello');
    await client.receives('hello');
    expect(s).toBeInState('talking');
    await client.ends();
    await client.hasClosed();
    expect(s).toBeInState('listening');
  });
});
