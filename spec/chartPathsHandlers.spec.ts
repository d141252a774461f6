import { describe, expect, it } from '@jest/globals';
import type { AnyActorRef, AnyStateMachine } from 'xstate';
import { greetingServer } from '../examples/greeting';
import { loginServer } from '../examples/login';
import type { ServerCore } from '../server/index';
import type { Drive } from '../server/testing/paths/modelPath';
import { modelPaths } from '../server/testing/paths/modelPaths';
import { networks, type Peer } from './support/networks';
import { NetServers } from './support/networkServers';
import { patienceOn } from './support/paths';

const protocolOf = ({ actor }: ServerCore): AnyStateMachine =>
  actor.getSnapshot().context.options.protocol as AnyStateMachine;

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

const lines = ['Ada', 'sesame', 'hello', 'quit'].map((line) => ({ type: 'inbox', data: Buffer.from(`${line}\n`) }));

describe.each(networks)('the handler of examples/login.ts on %s', (_, make) => {
  const net = new NetServers(make);
  const protocol = protocolOf(loginServer(0));
  const { paths, coverage } = modelPaths(protocol, {
    events: lines,
    // it makes the lines itself, and hears no more once it has said goodbye
    filter: (snapshot, { type }) => type !== 'line' && !snapshot.matches('leaving'),
    cells: true,
  });

  it.each(paths)('$title', async (path) => {
    const server = await net.core({ protocol });
    const handler = nextHandler(server);
    const client = await net.visit(server);
    await expect(path.run(await handler, driveOf(server, client), patienceOn(net))).resolves.toBeUndefined();
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
  const protocol = protocolOf(greetingServer(0));
  const input = { id: 'connection:1', peer: '', peerport: 0, localip: '', localport: 0, encrypted: false };
  const { paths, coverage } = modelPaths(protocol, { inputs: [input], events: lines });

  it.each(paths)('$title', async (path) => {
    const server = await net.core({ protocol });
    const handler = nextHandler(server);
    const client = await net.visit(server);
    await expect(path.run(await handler, driveOf(server, client), patienceOn(net))).resolves.toBeUndefined();
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
