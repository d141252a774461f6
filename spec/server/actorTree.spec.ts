import { describe, expect, it } from '@jest/globals';
import { setup, type AnyActorRef, type EventObject, type SnapshotFrom } from 'xstate';
import { echo, serverCore, singleServer, tcpListener, type ListenAddress } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { polite } from '../support/fixtures';

/** An actor as a path of ids from the root. */
const pathOf = (actor: AnyActorRef | undefined, root: AnyActorRef): string =>
  actor === undefined || actor === root ? 'root' : `${pathOf(actor._parent, root)} → ${actor.id}`;

/** Records which actors are made, which events they send to each other, and which actors end. */
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
    await using s = await scenario(serverCore, { protocol: polite });
    const { made, ended } = watch(s.server);
    expect(Object.keys(s.server.getSnapshot().children).toSorted()).toEqual(['connections', 'listener']);

    await s.clients('first', 'second');
    const connections = [
      'root → connections → connection:1',
      'root → connections → connection:1 → protocol',
      'root → connections → connection:2',
      'root → connections → connection:2 → protocol',
    ];
    expect(made).toEqual(connections);

    await s.shutsDown();
    expect(ended.toSorted()).toEqual([...connections, 'root → connections', 'root → listener', 'root'].toSorted());
  });

  it("shows the user's machine as the protocol", async () => {
    await using s = await scenario(serverCore, { protocol: polite });
    await s.client();
    const protocol = s.actor('connection:1/protocol') as AnyActorRef & { logic: typeof polite };
    // an inspector draws the chart, and shows the present state in it
    expect(protocol.logic.config).toBe(polite.config);
    const { machine, status, value } = protocol.getSnapshot() as SnapshotFrom<typeof polite>;
    expect(machine).toBe(polite);
    expect([status, value]).toEqual(['active', {}]);
  });

  it('shows who says what to whom', async () => {
    await using s = await scenario(serverCore, { protocol: polite });
    const { said } = watch(s.server);
    const client = await s.client();
    await client.sends('hello');
    await client.receives('hello');
    const before = said.length;
    await s.shutsDown();

    expect(said).toContain('root → listener: _socketactivity.newCSA to root');
    expect(said).toContain('root: spawnConnection to root → connections');
    expect(said).toContain('root → connections → connection:1: inbox to root → connections → connection:1 → protocol');
    const connection = 'root → connections → connection:1';
    expect(said.slice(before).filter((line) => !/xstate\.|_socket(Feedback|Control)/.test(line))).toEqual([
      'root: control.serverShutdown to root',
      'root: _serversignal.serverShutdown to root → listener',
      'root → listener: _listener.closed to root',
      'root: control.serverShutdown to root → connections',
      `root → connections: control.serverShutdown to ${connection}`,
      `${connection}: control.serverShutdown to ${connection} → protocol`,
      `${connection} → protocol: signal.producerFinished to ${connection}`,
      `${connection}: control.socketShutdown to ${connection} → protocol`,
      'root → connections: _socketactivity.shutdownCSA to root',
    ]);
  });

  it('neither the server nor the connection takes an event for a chunk', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const client = await s.client();
    const { said } = watch(s.server);
    for (const text of ['one', 'two', 'three']) {
      await client.sends(text);
      await client.receives(text);
    }
    expect(new Set(said)).toEqual(
      new Set(['root → connections → connection:1: inbox to root → connections → connection:1 → protocol']),
    );
  });
});

describe('The actor tree of a SingleServer', () => {
  it('is listener, and connection with its protocol while there is a client', async () => {
    await using s = await scenario(singleServer, { protocol: polite });
    const { made } = watch(s.server);
    const client = await s.client();
    expect(Object.keys(s.server.getSnapshot().children).toSorted()).toEqual(['connection', 'listener']);
    expect(made).toEqual(['root → connection', 'root → connection → protocol']);
    await client.ends();
    expect(Object.keys(s.server.getSnapshot().children)).toEqual(['listener']);
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
    await using s = await scenario(owner);
    const { heard } = s.server.getSnapshot().context;
    const tell = async (type: string): Promise<void> => {
      s.actor('listener').send({ type });
      await s.settle();
    };
    expect(heard).toEqual([]);

    await tell('control.resume');
    await tell('control.resume');
    const address = { address: '127.0.0.1', port: expect.any(Number) };
    expect(heard).toEqual([{ type: '_listener.listening', address }]);
    const listening = heard[0] as unknown as { address: ListenAddress };

    const client = await s.client('client', { port: listening.address.port, localPort: 40_001 });
    expect(heard).toHaveLength(2);
    expect(heard[1]).toMatchObject({
      type: '_socketactivity.newCSA',
      CSA: { info: { id: 'connection:1', peer: '127.0.0.1', peerport: 40_001 } },
    });

    await tell('control.suspend');
    await tell('control.suspend');
    await (await s.client('refused', { port: listening.address.port })).hasFailed('ECONNREFUSED');
    await tell('control.resume');
    expect(heard[2]).toEqual(listening);

    await tell('_serversignal.serverShutdown');
    expect(heard[3]).toEqual({ type: '_listener.closed' });
    await (await s.client('refused', { port: listening.address.port })).hasFailed('ECONNREFUSED');
    await client.isOpen();
    s.server.stop();
    await client.hasClosed();
    expect(heard).toHaveLength(4);
    expect(s.leftovers()).toEqual([]);
  });
});
