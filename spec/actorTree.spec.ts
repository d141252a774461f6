import { describe, expect, it } from '@jest/globals';
import { createActor, setup, type AnyActorRef, type EventObject, type SnapshotFrom } from 'xstate';
import { createServerCore, createSingleServer, echo, tcpListener } from '../server/index';
import { emitted, eventually } from './support/events';
import { atEnd, attempt, connectClient, polite } from './support/fixtures';

/** An actor as a path of ids from the root. */
const pathOf = (actor: AnyActorRef | undefined, root: AnyActorRef): string =>
  actor === undefined || actor === root ? 'root' : `${pathOf(actor._parent, root)} → ${actor.id}`;

/** Notes who is made, who says what to whom, and who ends, from the start of an actor on. */
function watch(root: AnyActorRef): { made: string[]; said: string[]; ended: string[] } {
  const watched = { made: [] as string[], said: [] as string[], ended: [] as string[] };
  root.system.inspect((inspected) => {
    const who = pathOf(inspected.actorRef as AnyActorRef, root);
    if (inspected.type === '@xstate.actor') watched.made.push(who);
    if (inspected.type === '@xstate.event') {
      watched.said.push(`${pathOf(inspected.sourceRef as AnyActorRef, root)}: ${inspected.event.type} to ${who}`);
    }
    if (inspected.type === '@xstate.snapshot' && (inspected.snapshot as { status: string }).status !== 'active') {
      watched.ended.push(who);
    }
  });
  return watched;
}

describe('The actor tree of a ServerCore', () => {
  it('is listener and connections, and below them each connection with its protocol', async () => {
    const server = createServerCore({ protocol: polite, port: 0 });
    const { made, ended } = watch(server.actor);
    const { port } = await server.start();
    const children = Object.keys(server.actor.getSnapshot().children);
    expect(children.toSorted()).toEqual(['connections', 'listener']);

    for (let number = 1; number <= 2; number += 1) {
      const opened = emitted(server, 'connection.opened');
      await connectClient(port);
      await opened;
    }
    expect(made).toEqual([
      'root → connections → connection:1',
      'root → connections → connection:1 → protocol',
      'root → connections → connection:2',
      'root → connections → connection:2 → protocol',
    ]);

    await server.shutdown();
    expect(ended).toEqual(
      expect.arrayContaining([
        'root → connections → connection:1',
        'root → connections → connection:1 → protocol',
        'root → connections → connection:2',
        'root → connections → connection:2 → protocol',
        'root → connections',
        'root → listener',
        'root',
      ]),
    );
  });

  it("shows the user's machine as the protocol", async () => {
    const server = createServerCore({ protocol: polite, port: 0 });
    atEnd(() => server.shutdown({ timeout: 0 }));
    const { port } = await server.start();
    const protocols: AnyActorRef[] = [];
    server.actor.system.inspect(({ type, actorRef }) => {
      if (type === '@xstate.actor') protocols.push(actorRef as AnyActorRef);
    });
    const opened = emitted(server, 'connection.opened');
    await connectClient(port);
    await opened;
    const protocol = protocols.find(({ id }) => id === 'protocol') as AnyActorRef & { logic: typeof polite };
    // what an inspector draws, and what it shows as the present state
    expect(protocol.logic.config).toBe(polite.config);
    const { machine, status, value } = protocol.getSnapshot() as SnapshotFrom<typeof polite>;
    expect(machine).toBe(polite);
    expect([status, value]).toEqual(['active', {}]);
  });

  it('shows who says what to whom', async () => {
    const server = createServerCore({ protocol: polite, port: 0 });
    const { said } = watch(server.actor);
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    await client.send('hello');
    await client.receiveText('hello');
    const before = said.length;
    await server.shutdown();

    expect(said).toContain('root → listener: _socketactivity.newCSA to root');
    expect(said).toContain('root: spawnConnection to root → connections');
    expect(said).toContain('root → connections → connection:1: inbox to root → connections → connection:1 → protocol');
    const connection = 'root → connections → connection:1';
    expect(said.slice(before).filter((line) => !line.includes('xstate.') && !line.includes('_socketFeedback'))).toEqual(
      [
        'root: control.serverShutdown to root',
        'root: _serversignal.serverShutdown to root → listener',
        'root → listener: _listener.closed to root',
        'root: control.serverShutdown to root → connections',
        `root → connections: control.serverShutdown to ${connection}`,
        `${connection}: control.serverShutdown to ${connection} → protocol`,
        `${connection} → protocol: signal.producerFinished to ${connection}`,
        `${connection}: control.socketShutdown to ${connection} → protocol`,
        'root → connections: _socketactivity.shutdownCSA to root',
      ],
    );
  });

  it('neither the server nor the connection takes an event for a chunk', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    atEnd(() => server.shutdown({ timeout: 0 }));
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    const { said } = watch(server.actor);
    for (const text of ['one', 'two', 'three']) {
      await client.send(text);
      await client.receiveText(text);
    }
    expect(new Set(said)).toEqual(
      new Set(['root → connections → connection:1: inbox to root → connections → connection:1 → protocol']),
    );
  });
});

describe('The actor tree of a SingleServer', () => {
  it('is listener, and connection with its protocol while there is a client', async () => {
    const server = createSingleServer({ port: 0, protocol: polite });
    const { made } = watch(server.actor);
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    expect(Object.keys(server.actor.getSnapshot().children).toSorted()).toEqual(['connection', 'listener']);
    expect(made).toEqual(['root → connection', 'root → connection → protocol']);
    const closed = emitted(server, 'connection.closed');
    client.end();
    await closed;
    expect(Object.keys(server.actor.getSnapshot().children)).toEqual(['listener']);
    await server.shutdown();
  });
});

describe('tcpListener alone', () => {
  const options = {
    ...{ port: 0, host: '127.0.0.1', backlog: 511, allowHalfOpen: false, noDelay: true, keepAlive: false },
    ...{ whenBusy: 'reject' as const, maxQueued: 100, writeTimeout: 30_000, maxBufferedBytes: 1_000_000 },
    ...{ shutdownTimeout: 5_000, lingerTimeout: 2_000 },
  };
  const owner = setup({
    types: {} as { context: { heard: EventObject[] } },
    actors: { tcpListener },
  }).createMachine({
    context: { heard: [] },
    invoke: { id: 'listener', src: 'tcpListener', input: { options, box: '_socketactivity' } },
    on: { '*': { actions: ({ context, event }) => context.heard.push(event) } },
  });

  it('opens, suspends, opens again and closes its port as it is told, and owns the clients that nobody claims', async () => {
    const actor = createActor(owner).start();
    const { heard } = actor.getSnapshot().context;
    const listener = actor.getSnapshot().children.listener as AnyActorRef;
    expect(heard).toEqual([]);

    listener.send({ type: 'control.resume' });
    listener.send({ type: 'control.resume' });
    await eventually(() => heard.length === 1);
    const { type, address } = heard[0] as EventObject & { address: { address: string; port: number } };
    expect([type, address.address]).toEqual(['_listener.listening', '127.0.0.1']);

    const client = await connectClient(address.port);
    await eventually(() => heard.length === 2);
    expect(heard[1]).toMatchObject({
      type: '_socketactivity.newCSA',
      CSA: { info: { id: 'connection:1', peer: '127.0.0.1', peerport: client.socket.localPort } },
    });

    listener.send({ type: 'control.suspend' });
    listener.send({ type: 'control.suspend' });
    expect(await attempt(address.port)).toBe('ECONNREFUSED');
    listener.send({ type: 'control.resume' });
    await eventually(() => heard.length === 3);
    expect(heard[2]).toEqual({ type: '_listener.listening', address });

    listener.send({ type: '_serversignal.serverShutdown' });
    expect(heard[3]).toEqual({ type: '_listener.closed' });
    expect(await attempt(address.port)).toBe('ECONNREFUSED');
    expect(client.socket.destroyed).toBe(false);
    actor.stop();
    expect(await client.closed).toBe('clean');
    expect(heard).toHaveLength(4);
  });
});
