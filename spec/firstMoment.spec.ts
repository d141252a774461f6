import { describe, expect, it } from '@jest/globals';
import { fromPromise, type AnyActorLogic } from 'xstate';
import { setupProtocol, type ProtocolEmitted } from '../server/index';
import { emitted } from './support/events';
import { connectClient, handler, startServer, tooMuch, type Emitted } from './support/fixtures';

/** A machine that emits these, and a callback that does, while they are being started. */
function starters(...emissions: ProtocolEmitted[]): [string, AnyActorLogic][] {
  const machine = setupProtocol().createMachine({
    entry: emissions.map(actionFor),
    on: { inbox: { actions: 'reply' } },
  });
  const callback = handler(({ emit }) => {
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
const flood = { type: 'outbox', data: tooMuch } as const;

/** Connects to such a server, and tells how the connection ended. */
async function serve(protocol: AnyActorLogic, options: object = {}): Promise<[Emitted<'connection.closed'>, string]> {
  const { server, port } = await startServer({ protocol, ...options });
  const closed = emitted<Emitted<'connection.closed'>>(server, 'connection.closed');
  const client = await connectClient(port);
  const end = await closed;
  return [end, (await client.receiveAll()).toString()];
}

describe('What a handler emits in its very first moment', () => {
  it.each(starters(hello, { type: 'signal.producerFinished' }))(
    'ends the connection after its bytes: a %s says its line and is done',
    async (_, protocol) => {
      expect(await serve(protocol)).toMatchObject([{ reason: 'handlerFinished', bytesOut: 5 }, 'hello']);
    },
  );

  it.each(starters({ type: 'signal.shutdownMicroprocess' }))('cuts the connection: a %s', async (_, protocol) => {
    expect(await serve(protocol)).toMatchObject([{ reason: 'aborted', bytesOut: 0 }, '']);
  });

  it.each(starters({ type: 'outbox', data: 5 as never }))(
    'is refused when it is not bytes: a %s',
    async (_, protocol) => {
      expect(await serve(protocol)).toMatchObject([{ reason: 'handlerFailed', error: expect.any(TypeError) }, '']);
    },
  );

  it.each(starters(flood, hello))('counts for maxBufferedBytes: a %s', async (_, protocol) => {
    const [end] = await serve(protocol, { maxBufferedBytes: 1024 });
    expect(end.reason).toBe('slowConsumer');
  });

  it.each(starters(flood))('counts for writeTimeout: a %s', async (_, protocol) => {
    const { server, port } = await startServer({ protocol, writeTimeout: 30 });
    const closed = emitted<Emitted<'connection.closed'>>(server, 'connection.closed');
    (await connectClient(port)).stopReading();
    expect(await closed).toMatchObject({ reason: 'slowConsumer' });
  });

  it('is all that a promise needs that has its answer already', async () => {
    const protocol = fromPromise(() => Promise.resolve('hello'));
    expect(await serve(protocol)).toMatchObject([{ reason: 'handlerFinished', bytesOut: 5 }, 'hello']);
  });
});
