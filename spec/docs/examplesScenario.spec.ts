import { describe, expect, it } from '@jest/globals';
import { chat } from '../../examples/chat';
import { app } from '../../examples/embed';
import { greeting } from '../../examples/greeting';
import { simplisticServer } from '../../examples/kamaeliaSingleServer';
import { login } from '../../examples/login';
import { cat } from '../../examples/singleServerPipeline';
import { echo, pipeline, serverCore, singleServer } from '../../server/index';
import { forSeeds, handler, memoryNetwork, scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';

describe('The example, in a scenario', () => {
  it('greeting says who is where, then echoes', async () => {
    await using h = await handler(greeting, {}, { peer: { localAddress: '192.0.2.7', localPort: 7 } });
    await h.outbox('Welcome! You have connected to 127.0.0.1 on port 1601 from 192.0.2.7 on port 7\n');
    await h.inbox('hello');
    await h.outbox('hello');
  });

  describe('login', () => {
    it('asks again after a wrong password', async () => {
      await using h = await handler(login);
      await h.outbox('Name: ');
      await h.inbox('ada\n');
      await h.outbox('Password: ');
      await h.inbox('open\n');
      await h.outbox('Name: ');
      expect(h.actor).toBeInState('askingName');
    });

    it('goes through a dialogue, wherever it is cut', async () => {
      await forSeeds({ count: 20 }, async (seed) => {
        await using h = await handler(login, {}, { split: 1, seed });
        await h.inbox('ada\nsesame\ngrüße\nquit\n');
        await h.outbox('Name: Password: Hello, ada!\nYou said: grüße\nBye.\n');
        await h.isClosed('handlerFinished');
      });
    });

    it('cuts a peer off that sends no line end', async () => {
      await using h = await handler(login);
      await h.inbox('x'.repeat(1_000));
      await h.peer.isOpen();
      await h.inbox('x');
      await h.isClosed('aborted');
    });

    it('says goodbye to everybody when the server drains', async () => {
      await using s = await scenario(serverCore, { protocol: login });
      const clients = await s.clients('one', 'two');
      await s.shutsDown();
      for (const client of clients) {
        await client.receives('Name: Bye.\n');
        await client.isClosed('handlerFinished');
      }
      expect(s.leftovers()).toEqual([]);
    });
  });

  describe('chat', () => {
    it('tells all the others what one says, in whole lines, wherever they are cut', async () => {
      await forSeeds({ count: 20 }, async (seed) => {
        await using s = await scenario(serverCore, { protocol: chat() }, { seed, split: 1 });
        const [ada, bob, eve] = await s.clients('ada', 'bob', 'eve');
        await ada.receives('connection:2 has come\nconnection:3 has come\n');
        await bob.receives('connection:3 has come\n');
        await ada.sends('grüße\nund');
        await eve.receives('connection:1: grüße\n');
        await ada.sends(' mehr\n');
        await eve.receives('connection:1: und mehr\n');
        await bob.receives('connection:1: grüße\nconnection:1: und mehr\n');
        await ada.receivesNothing();
        await eve.resets();
        await ada.receives('connection:3 has left\n');
      });
    });
  });

  it('echo sends back whatever comes, until the client has said all', async () => {
    await using h = await handler(echo);
    await h.inbox('hello');
    await h.outbox('hello');
    await Promise.all([h.inbox('last words'), h.peer.ends()]);
    await h.outbox('last words');
    await h.isClosed('peerClosed');
  });

  describe('kamaeliaSingleServer', () => {
    it('echoes one client after another, whatever ends each of them', async () => {
      await using s = await scenario(simplisticServer, { whenBusy: 'queue' });
      const [one, two, three] = await s.clients('one', 'two', 'three');
      for (const client of [one, two, three]) {
        await client.sends('me');
        await client.receives('me');
        await (client === two ? client.resets() : client.leaves());
      }
      expect(s.closed.map(({ reason }) => reason)).toEqual(['peerClosed', 'reset', 'peerClosed']);
    });

    it('ends by control.serverShutdown, once its client has gone', async () => {
      await using s = await scenario(simplisticServer, {});
      const client = await s.client();
      await s.shutsDown();
      await client.isClosed('serverShutdown');
      expect(s.server).toBeInState('shutdown');
      expect(s.leftovers()).toEqual([]);
    });
  });

  it("singleServerPipeline's Cat has said all before the client is there, and it waits for it", async () => {
    await using s = await scenario(pipeline(cat(['Hello ', 'World\n']), singleServer), {});
    const client = await s.client();
    await client.receives('Hello World\n');
    await client.isClosed('handlerFinished');
  });

  describe('embed', () => {
    it('serves as a part of an application', async () => {
      await using s = await scenario(app, { port: 1601 });
      const client = await s.client();
      await client.sends('hello');
      await client.receives('hello');
      expect(s).toHaveConnections(1);
    });

    it('hears that a port is in use, and tries again when it is told to', async () => {
      const network = memoryNetwork();
      await using taken = await scenario(serverCore, { protocol: echo }, { network });
      await using s = await scenario(app, { port: 1601 }, { network });
      expect(s).toBeInState('offline');
      await taken.shutsDown();
      await s.send({ type: 'retry' });
      const client = await s.client();
      await client.sends('hello');
      await client.receives('hello');
      await s.send({ type: 'stop' });
      await client.hasClosed();
      expect(s.leftovers()).toEqual([]);
    });
  });
});
