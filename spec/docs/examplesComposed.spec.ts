import { afterEach, describe, expect, it } from '@jest/globals';
import { createActor, waitFor, type Actor, type AnyActorRef } from 'xstate';
import { app } from '../../examples/embed';
import { simplisticServer } from '../../examples/kamaeliaSingleServer';
import { runPipelines } from '../../examples/singleServerPipeline';
import type { SingleServerOptions } from '../../server/index';
import type { Client } from '../support/client';
import { emitted, eventually } from '../support/events';
import { connectClient, knock } from '../support/fixtures';

/** The server that an example's machine has invoked. */
function serverOf(actor: AnyActorRef): AnyActorRef {
  const { server } = (actor.getSnapshot() as { children: { server?: AnyActorRef } }).children;
  if (server === undefined) throw new Error('The example runs no server');
  return server;
}

describe('The example singleServerPipeline', () => {
  it('brings all that Cat says to the console at the other end', async () => {
    let printed = '';
    await runPipelines(0, (text) => (printed += text));
    expect(printed).toBe('Hello World\n'.repeat(12));
  });
});

describe('The example kamaeliaSingleServer', () => {
  let actor: Actor<typeof simplisticServer>;
  const start = async (options: SingleServerOptions = {}): Promise<number> => {
    actor = createActor(simplisticServer, { input: { port: 0, ...options } }).start();
    return (await emitted<{ port: number }>(serverOf(actor), 'server.listening')).port;
  };

  const isEchoed = async (client: Client, text: string): Promise<boolean> => {
    await client.send(text);
    return (await client.receiveText(text)) === text;
  };

  const gone = (): Promise<unknown> => emitted(serverOf(actor), 'signal.producerFinished');

  afterEach(() => {
    actor.stop();
  });

  it('echoes one client after another, and turns away those that come between', async () => {
    const port = await start();
    for (const text of ['one', 'two', 'three']) {
      const client = await connectClient(port);
      expect(await isEchoed(client, text)).toBe(true);
      const other = await connectClient(port);
      await other.ended;
      await other.end().closed;
      expect(await isEchoed(client, 'still me')).toBe(true);
      const left = gone();
      if (text === 'two') client.reset();
      await client.end().closed;
      await left;
    }
  });

  it('echoes what was sent right before the end', async () => {
    const port = await start();
    const client = await connectClient(port);
    client.socket.end('last words');
    await client.ended;
    expect(client.received.toString()).toBe('last words');
    await client.closed;
  });

  it('serves those that queue, too: the end of one client is not the end of the next', async () => {
    const port = await start({ whenBusy: 'queue' });
    const clients = [await connectClient(port), await connectClient(port), await connectClient(port)];
    for (const client of clients) {
      await client.send('me');
      await Promise.race([client.receiveText('me'), client.ended]);
      const left = gone();
      await client.end().closed;
      await left;
    }
    expect(clients.map(({ socket }) => socket.bytesRead)).toEqual([2, 2, 2]);
  });

  it('ends by control.serverShutdown', async () => {
    const port = await start();
    const client = await connectClient(port);
    expect(await isEchoed(client, 'x')).toBe(true);
    actor.send({ type: 'control.serverShutdown' });
    await client.ended;
    await client.end().closed;
    await waitFor(actor, ({ status }) => status === 'done');
    expect(await knock(port)).toBe('ECONNREFUSED');
  });
});

describe('The example embed', () => {
  it('serves, hears that a port is in use, tries again, and stops', async () => {
    const taken = createActor(app, { input: { port: 0 } }).start();
    const { port } = await emitted<{ port: number }>(serverOf(taken), 'server.listening');
    const second = createActor(app, { input: { port } }).start();
    await eventually(() => second.getSnapshot().matches('offline'));
    expect(second.getSnapshot().context.problem).toBe(
      `ListenError: Can't listen on 127.0.0.1 port ${String(port)}: another program is listening there (EADDRINUSE)`,
    );

    taken.send({ type: 'stop' });
    await waitFor(taken, ({ status }) => status === 'done');
    second.send({ type: 'retry' });
    await emitted(serverOf(second), 'server.listening');
    const client = await connectClient(port);
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
    await client.end().closed;
    second.send({ type: 'stop' });
    await waitFor(second, ({ status }) => status === 'done');
    expect(await knock(port)).toBe('ECONNREFUSED');
  });
});
