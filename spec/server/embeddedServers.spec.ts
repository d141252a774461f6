import { describe, expect, it } from '@jest/globals';
import { createActor, setup, waitFor } from 'xstate';
import { echo, InvalidOptionError, serverCore, singleServer, type ListenAddress } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emitted } from '../support/events';
import { connectClient, polite } from '../support/fixtures';

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
  const parent = setup({ actors: { serverCore, singleServer } }).createMachine({
    invoke: [
      { id: 'first', src: 'serverCore', input: { protocol: echo, port: 8001 } },
      { id: 'second', src: 'singleServer', input: { protocol: polite, port: 8002 } },
    ],
  });

  it('serve side by side, and one goes on when the other ends', async () => {
    await using s = await scenario(parent);
    const one = await s.client('one', { port: 8001 });
    const two = await s.client('two', { port: 8002 });
    const opened = (localport: number): unknown =>
      expect.objectContaining({ type: 'connection.opened', id: 'connection:1', localport });
    expect(s.emittedBy(s.actor('first'))).toContainEqual(opened(8001));
    expect(s.emittedBy(s.actor('second'))).toContainEqual(opened(8002));

    s.actor('first').send({ type: 'control.serverShutdown' });
    await one.hasClosed();
    expect(s.emittedBy(s.actor('first')).at(-1)).toMatchObject({ type: 'server.shutdown', connections: 1 });

    await two.sends('hello');
    await two.receives('hello');
    s.server.stop();
    await two.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });
});
