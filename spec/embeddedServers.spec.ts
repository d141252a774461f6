import { describe, expect, it } from '@jest/globals';
import { createActor, setup, waitFor, type AnyActorRef } from 'xstate';
import { echo, InvalidOptionError, serverCore, singleServer, type ListenAddress } from '../server/index';
import { emitted } from './support/events';
import { attempt, connectClient, polite } from './support/fixtures';

/** Where a server that is a child of somebody's machine listens. */
const addressOf = (server: AnyActorRef): Promise<ListenAddress> => emitted<ListenAddress>(server, 'server.listening');

describe('serverCore', () => {
  it('is an actor as it is: start it, listen to it, and have its output', async () => {
    const server = createActor(serverCore, { input: { protocol: polite, port: 0 } });
    const listening = emitted<ListenAddress>(server, 'server.listening');
    server.start();
    expect(server.getSnapshot().value).toBe('starting');
    const { address, port } = await listening;
    expect(address).toBe('127.0.0.1');
    expect(server.getSnapshot()).toMatchObject({
      value: { listening: 'accepting' },
      context: { address: { address, port } },
    });

    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    server.send({ type: 'control.serverShutdown' });
    const { output } = await waitFor(server, ({ status }) => status === 'done');
    expect(output).toMatchObject({ connections: 1, reasons: { handlerFinished: 1 } });
    expect((await client.receiveAll()).toString()).toBe('goodbye');
  });

  it('ends in an InvalidOptionError without having opened anything', () => {
    const server = createActor(serverCore, { input: { protocol: echo, port: -1 } });
    let error: unknown;
    server.subscribe({ error: (reason) => (error = reason) });
    server.start();
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({ option: 'port', value: -1 });
  });
});

describe('Two servers in one system', () => {
  const parent = setup({
    types: {} as { context: { servers: AnyActorRef[] }; events: { type: 'stopFirst' } },
    actors: { serverCore, singleServer },
  }).createMachine({
    context: ({ spawn }) => ({
      servers: [
        spawn('serverCore', { id: 'first', input: { protocol: echo, port: 0 } }),
        spawn('singleServer', { id: 'second', input: { protocol: polite, port: 0 } }),
      ],
    }),
    on: {
      stopFirst: {
        actions: ({ context }) => {
          context.servers[0]?.send({ type: 'control.serverShutdown' });
        },
      },
    },
    // what the first one ends with is of no interest here
  });

  it('serve side by side, and one goes on when the other ends', async () => {
    const actor = createActor(parent).start();
    const [first, second] = actor.getSnapshot().context.servers as [AnyActorRef, AnyActorRef];
    const [one, two] = await Promise.all([addressOf(first), addressOf(second)]);
    expect(one.port).not.toBe(two.port);
    const opened = Promise.all([emitted(first, 'connection.opened'), emitted(second, 'connection.opened')]);
    const clients = await Promise.all([connectClient(one.port), connectClient(two.port)]);
    expect(await opened).toMatchObject([
      { id: 'connection:1', localport: one.port },
      { id: 'connection:1', localport: two.port },
    ]);

    const ended = emitted(first, 'server.shutdown');
    actor.send({ type: 'stopFirst' });
    expect(await ended).toMatchObject({ connections: 1 });
    expect(await clients[0].closed).toBe('clean');

    await clients[1].send('hello');
    expect(await clients[1].receiveText('hello')).toBe('hello');
    actor.stop();
    expect(await clients[1].closed).toBe('clean');
    expect(await attempt(two.port)).toBe('ECONNREFUSED');
  });
});
