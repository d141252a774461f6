import { describe, expect, it } from '@jest/globals';
import { createActor } from 'xstate';
import { echo, link, setupProtocol, singleServer, type SingleServerOptions } from '../../server/index';
import { scenario, type Scenario } from '../../server/testing/index';

const nobody = { id: '', peer: '', peerport: 0, localip: '', localport: 0, encrypted: false };

/** A component that answers the end of a client with `signal.producerFinished`. */
const answering = setupProtocol().createMachine({
  id: 'answering',
  on: { inbox: { actions: 'reply' }, 'control.producerFinished': { actions: 'finish' } },
});

describe.each([
  ['an echo', echo],
  // the component's answer is about the client that has left, and must not end the next client
  ['an echo that answers the end of each client', answering],
])("A SingleServer and %s, wired up by the four links of Kamaelia's module", (_, logic) => {
  const start = async (options: SingleServerOptions): Promise<Scenario<typeof singleServer>> => {
    const s = await scenario(singleServer, options);
    const handler = createActor(logic, { input: nobody });
    link(s.server, 'outbox', handler, 'inbox');
    link(s.server, 'signal', handler, 'control');
    link(handler, 'outbox', s.server, 'inbox');
    link(handler, 'signal', s.server, 'control');
    handler.start();
    s.server.subscribe({ complete: () => handler.stop() });
    return s;
  };

  it('serves one client after another', async () => {
    await using s = await start({});
    for (const text of ['one', 'two', 'three']) {
      const client = await s.client(text);
      await client.sends(text);
      await client.receives(text);
      await client.ends();
    }
    expect(s.closed.map(({ reason, bytesOut }) => [reason, bytesOut])).toEqual([
      ['peerClosed', 3],
      ['peerClosed', 3],
      ['peerClosed', 5],
    ]);
  });

  it('serves those that queue', async () => {
    await using s = await start({ whenBusy: 'queue' });
    const clients = await s.clients('first', 'second', 'third');
    for (const client of clients) {
      await client.sends('me');
      await client.receives('me');
      await client.ends();
    }
    expect(s.closed.map(({ reason, bytesOut }) => [reason, bytesOut])).toEqual(Array(3).fill(['peerClosed', 2]));
  });
});
