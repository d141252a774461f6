import { afterEach, describe, expect, it } from '@jest/globals';
import { createActor, type Actor } from 'xstate';
import {
  createSingleServer,
  echo,
  link,
  setupProtocol,
  type SingleServer,
  type SingleServerOptions,
} from '../server/index';
import { emitted } from './support/events';
import { leave, visitors } from './support/visitors';

const nobody = { id: '', peer: '', peerport: 0, localip: '', localport: 0, encrypted: false };

/** It answers the end of a client with `signal.producerFinished`. */
const answering = setupProtocol().createMachine({
  id: 'answering',
  on: { inbox: { actions: 'reply' }, 'control.producerFinished': { actions: 'finish' } },
});

describe.each([
  ['an echo', echo],
  // its answer is about the client that has left, and must not end the next one
  ['an echo that answers the end of each client', answering],
])("A SingleServer and %s, wired up by the four links of Kamaelia's module", (_, logic) => {
  const visit = visitors();
  let server: SingleServer;
  let handler: Actor<typeof logic>;

  const start = async (options: SingleServerOptions): Promise<number> => {
    server = createSingleServer({ port: 0, ...options });
    handler = createActor(logic, { input: nobody });
    link(server.actor, 'outbox', handler, 'inbox');
    link(server.actor, 'signal', handler, 'control');
    link(handler, 'outbox', server.actor, 'inbox');
    link(handler, 'signal', server.actor, 'control');
    handler.start();
    return (await server.start()).port;
  };

  afterEach(async () => {
    await server.shutdown({ timeout: 0 });
    handler.stop();
  });

  it('serves one client after another', async () => {
    const port = await start({});
    const echoed: number[] = [];
    for (const text of ['one', 'two', 'three']) {
      const client = await visit(port);
      const gone = emitted(server, 'signal.producerFinished');
      await client.send(text);
      await Promise.race([client.receive(text.length), client.ended]);
      await leave(client);
      await gone;
      echoed.push(client.socket.bytesRead);
    }
    expect(echoed).toEqual([3, 3, 5]);
  });

  it('serves those that queue', async () => {
    const port = await start({ whenBusy: 'queue' });
    const clients = [await visit(port), await visit(port), await visit(port)];
    for (const client of clients) {
      const gone = emitted(server, 'signal.producerFinished');
      await client.send('me');
      await Promise.race([client.receive(2), client.ended]);
      await leave(client);
      await gone;
    }
    expect(clients.map(({ socket }) => socket.bytesRead)).toEqual([2, 2, 2]);
  });
});
