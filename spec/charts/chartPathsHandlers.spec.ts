import { describe, expect, it } from '@jest/globals';
import type { AnyActorRef } from 'xstate';
import { greeting } from '../../examples/greeting';
import { login } from '../../examples/login';
import type { Protocol, ServerCore } from '../../server/index';
import type { Drive, ModelPath } from '../../server/testing/paths/modelPath';
import { modelPaths } from '../../server/testing/paths/modelPaths';
import { networks, type Peer } from '../support/networks';
import { NetServers } from '../support/networkServers';
import { patienceOn } from '../support/paths/paths';

/** The handler of a server's next connection. */
const nextHandler = ({ actor }: ServerCore): Promise<AnyActorRef> =>
  new Promise((resolve) => {
    actor.system.inspect(({ type, actorRef }) => {
      if (type === '@xstate.actor' && (actorRef as AnyActorRef).id === 'protocol') resolve(actorRef as AnyActorRef);
    });
  });

const driveOf = (server: ServerCore, client: Peer): Drive => ({
  inbox: ({ data }) => client.socket.write(data as string),
  'control.serverShutdown': (event) => {
    server.send(event as { type: 'control.serverShutdown' });
  },
});

/** Walks a path of a handler, which serves a client on a network. */
async function walk(path: ModelPath, net: NetServers, protocol: Protocol): Promise<void> {
  const server = await net.core({ protocol });
  const handler = nextHandler(server);
  const client = await net.visit(server);
  await path.run(await handler, driveOf(server, client), patienceOn(net));
}

const lines = ['Ada', 'sesame', 'hello', 'quit'].map((line) => ({ type: 'inbox', data: Buffer.from(`${line}\n`) }));

describe.each(networks)('the handler of examples/login.ts on %s', (_, make) => {
  const net = new NetServers(make);
  const { paths, coverage } = modelPaths(login, {
    events: lines,
    // the handler makes the lines itself, and gets no more once it has said goodbye
    filter: (snapshot, { type }) => type !== 'line' && !snapshot.matches('leaving'),
    cells: true,
  });

  it.each(paths)('$title', async (path) => {
    await expect(walk(path, net, login)).resolves.toBeUndefined();
  });

  it('was seen in every state and every transition', () => {
    expect(coverage.toString()).toMatchInlineSnapshot(`
      "askingName
      │ askingPassword
      │ │ loggedIn
      │ │ │ leaving
      │ │ │ │
      + + + ?  inbox
      + + + ?  control.serverShutdown
      + + + .  line

      4 of 4 states, 7 of 7 transitions"
    `);
  });
});

describe.each(networks)('the handler of examples/greeting.ts on %s', (_, make) => {
  const net = new NetServers(make);
  const input = { id: 'connection:1', peer: '', peerport: 0, localip: '', localport: 0, encrypted: false };
  const { paths, coverage } = modelPaths(greeting, { inputs: [input], events: lines });

  it.each(paths)('$title', async (path) => {
    await expect(walk(path, net, greeting)).resolves.toBeUndefined();
  });

  it('was seen in every state and every transition', () => {
    expect(coverage.toString()).toMatchInlineSnapshot(`
      "greeting
      │
      +  inbox
      +  control.serverShutdown

      2 of 2 transitions"
    `);
  });
});
