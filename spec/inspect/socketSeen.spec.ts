import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { createActor, type AnyActorRef, type InspectionEvent } from 'xstate';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import { echo, serverCore, setupProtocol } from '../../server/index';
import { hasEnded } from '../../server/inspect/hub/livingActors';
import { traceTo } from '../../server/inspect/trace/traceTo';
import { StatelyMessages, type StatelyMessage } from '../../server/inspect/page/statelyMessages';
import { scenario } from '../../server/testing/index';
import { megabyte } from '../support/floods';
import { viewing, type Onlooker } from '../support/inspect/onlooker';

/** Answers whatever comes with more than a scenario's network holds. */
const floodOnDemand = setupProtocol().createMachine({
  on: {
    inbox: { actions: { type: 'reply', params: { data: megabyte } } },
    'control.serverShutdown': { actions: 'finish' },
  },
});

const { onlooker: onlookerOf, hubOf } = viewing();

/** Looks at a server, and watches everything in it. */
function lookAt({ server }: { readonly server: AnyActorRef }): Onlooker {
  const onlooker = onlookerOf(hubOf(server));
  onlooker.subscription.watch([], 1_000);
  return onlooker;
}

/** What was said between a connection and its socket, as the records of somebody who looked have it. */
function saidWithSocket(onlooker: Onlooker): string[] {
  const names = new Map(onlooker.all('born').map(({ id, name }) => [id, name]));
  return onlooker.all('event').flatMap(({ source, target, event }) => {
    const ends = [source === undefined ? 'outside' : names.get(source), names.get(target)];
    return ends.includes('socket') || /^_socket(Control|Feedback)/.test(event.type)
      ? `${ends.join(' → ')}: ${event.type}`
      : [];
  });
}

describe('What a connection commands its socket, and what the socket answers', () => {
  it('is seen by a hub, with the socket as a part of its connection', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const onlooker = lookAt(s);
    const client = await s.client();
    await client.sends('hello');
    await client.receives('hello');
    await client.ends();
    await client.isClosed();
    expect(saidWithSocket(onlooker)).toEqual([
      'connection:1 → socket: _socketControl.claim',
      'connection:1 → socket: _socketControl.resumeReading',
      'socket → connection:1: _socketFeedback.inboxEnded',
      'connection:1 → socket: _socketControl.destroy',
    ]);
    const socket = onlooker.all('born').find(({ name }) => name === 'socket');
    expect(socket).toMatchObject({ kind: 'part' });
    expect(onlooker.all('died').map(({ id }) => id)).toContain(socket?.id);
  });

  it('has pausing, and both ways to end', async () => {
    await using s = await scenario(serverCore, { protocol: floodOnDemand });
    const onlooker = lookAt(s);
    const client = await s.client();
    client.stopsReading();
    await client.sends('more');
    await s.advance(10);
    expect(saidWithSocket(onlooker)).toEqual(
      expect.arrayContaining([
        'socket → connection:1: _socketFeedback.noSpaceInBox',
        'connection:1 → socket: _socketControl.pauseReading',
      ]),
    );
    await client.readsOn();
    await client.receives(megabyte.length);
    await s.shutsDown();
    const said = saidWithSocket(onlooker);
    expect(said.slice(said.indexOf('socket → connection:1: _socketFeedback.spaceInBox'))).toEqual([
      'socket → connection:1: _socketFeedback.spaceInBox',
      'connection:1 → socket: _socketControl.resumeReading',
      'connection:1 → socket: _socketControl.end',
      'socket → connection:1: _socketFeedback.flushed',
      'socket → connection:1: _socketFeedback.inboxEnded',
      'socket → connection:1: _socketFeedback.closed',
      'connection:1 → socket: _socketControl.destroy',
    ]);
  });

  it('is told by a time limit, too, as coming from the socket', async () => {
    await using s = await scenario(serverCore, { protocol: echo, idleTimeout: 1_000 });
    const onlooker = lookAt(s);
    const client = await s.client();
    await s.advance(2_000);
    await client.isClosed();
    const names = new Map(onlooker.all('born').map(({ id, name }) => [id, name]));
    const [timeout] = onlooker.all('event').filter(({ event }) => event.type === '_timeouts.idleTimeout');
    expect(names.get(timeout?.source ?? 0)).toBe('socket');
  });

  it('is seen by somebody who comes late, from the next event on, and leaves nothing behind', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    await s.clients('ada', 'bob');
    const onlooker = lookAt(s);
    onlooker.watch('connection:1');
    expect(onlooker.paths().filter((path) => path.endsWith('socket'))).toEqual([]);
    await s.shutsDown();
    expect(onlooker.all('born').filter(({ kind }) => kind === 'part')).toHaveLength(1);
    expect(onlooker.paths()).toEqual([]);
  });

  it('has its lines in a trace', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const stream = new PassThrough().setEncoding('utf8');
    const tracing = traceTo(hubOf(s.server), stream);
    const client = await s.client();
    await client.ends();
    await client.isClosed();
    await new Promise((resolve) => setImmediate(resolve));
    tracing.stop();
    const lines = String(stream.read())
      .split('\n')
      .map((line) => line.trim().split(/\s+/).slice(1).join(' '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'connections/connection:1 → connection:1/socket _socketControl.resumeReading',
        'connection:1/socket → connections/connection:1 _socketFeedback.inboxEnded',
        'connections/connection:1 → connection:1/socket _socketControl.destroy',
        'connection:1/socket is stopped',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('outside'))).toEqual([]);
  });

  it('reaches the Stately Inspector, which is told of the socket first', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const onlooker = lookAt(s);
    const client = await s.client();
    await client.ends();
    await client.isClosed();
    onlooker.look();
    const stately = new StatelyMessages();
    const messages: StatelyMessage[] = onlooker.records.flatMap((record) => [...stately.tell(record)]);
    const introduced = messages.findIndex((message) => message.type === '@xstate.actor' && message.name === 'socket');
    const { sessionId } = messages[introduced] ?? {};
    const spoken = messages.findIndex((message) => message.type === '@xstate.event' && message.sessionId === sessionId);
    expect(introduced).toBeGreaterThan(0);
    expect(spoken).toBeGreaterThan(introduced);
    expect(messages).toContainEqual(expect.objectContaining({ type: '@xstate.event', sourceId: sessionId }));
    expect(stately.living).toBe(3);
  });

  it("is seen by XState's own inspection, by names that JSON can hold", async () => {
    const seen: string[] = [];
    const inspect = (event: InspectionEvent): void => {
      if (event.type !== '@xstate.event') return;
      const { sourceRef, actorRef, event: sent } = event;
      if (!/^_socket(Control|Feedback)/.test(sent.type)) return;
      expect(JSON.parse(JSON.stringify({ sourceRef, actorRef }))).toMatchObject({ actorRef: { xstate$$type: 1 } });
      seen.push(
        `${(sourceRef as AnyActorRef | undefined)?.id ?? 'outside'} → ${(actorRef as AnyActorRef).id}: ${sent.type}`,
      );
    };
    await using s = await scenario(serverCore, { protocol: echo });
    const inspecting = s.server.system.inspect(inspect);
    const client = await s.client();
    await client.ends();
    await client.isClosed();
    inspecting.unsubscribe();
    expect(seen).toContain('connection:1 → socket: _socketControl.claim');
    expect(seen).toContain('socket → connection:1: _socketFeedback.inboxEnded');
    expect(seen.filter((line) => line.startsWith('outside → connection'))).toEqual([]);
  });

  it('looks like an actor to an inspector that asks for all that XState publishes of actors', async () => {
    const published = ['id', 'sessionId', 'src', 'systemId', 'system', 'clock', 'options', 'logic', 'ref'] as const;
    const methods = [
      'getSnapshot',
      'getPersistedSnapshot',
      'on',
      'subscribe',
      'select',
      'send',
      'start',
      'stop',
      'toJSON',
    ];
    const actor = createActor(echo, { input: undefined as never });
    for (const name of [...published, ...methods]) expect(name in actor).toBe(true);
    const sockets = new Set<AnyActorRef>();
    await using s = await scenario(serverCore, { protocol: echo });
    const inspecting = s.server.system.inspect((event) => {
      if (event.type !== '@xstate.event') return;
      const ref = event.actorRef as AnyActorRef;
      if (ref.id !== 'socket' || sockets.has(ref)) return;
      sockets.add(ref);
      for (const name of [...published, ...methods]) expect([name, name in ref]).toEqual([name, true]);
      ref.subscribe(() => undefined).unsubscribe();
      ref.send({ type: 'anything' });
      expect(ref.select(({ status }: { status: string }) => status).get()).toBe('active');
      expect(ref.getPersistedSnapshot()).toEqual({ status: 'active' });
      expect([
        ref.src,
        ref.system === s.server.system,
        (ref as unknown as { clock: unknown }).clock === s.server.clock,
      ]).toEqual(['socket', true, true]);
    });
    const client = await s.client();
    await client.sends('hello');
    await client.receives('hello');
    await client.ends();
    await client.isClosed('peerClosed');
    inspecting.unsubscribe();
    expect(sockets.size).toBe(1);
  });
});

describe('An inspector that throws at a command', () => {
  it.each(['claim', 'resumeReading', 'end', 'destroy'])('costs at most the connection: %s', async (command) => {
    await using s = await scenario(serverCore, { protocol: floodOnDemand });
    let hasThrown = false;
    const inspecting = s.server.system.inspect((event) => {
      if (event.type !== '@xstate.event' || event.event.type !== `_socketControl.${command}` || hasThrown) return;
      hasThrown = true;
      throw new Error('of the inspector');
    });
    const client = await s.client('victim', { reads: true });
    // a command that has been given by now has ended the connection
    const isOver = (): boolean => hasThrown;
    if (!isOver()) await (command === 'end' ? s.send({ type: 'control.serverShutdown' }) : client.ends());
    await client.hasClosed();
    inspecting.unsubscribe();
    if (command !== 'end') {
      const other = await s.client('other');
      await other.sends('more');
      await other.receives(megabyte.length);
    }
    await s.shutsDown();
    expect(s.leftovers()).toEqual([]);
  });
});

describe('A connection that crashes before an onlooker has seen its socket', () => {
  it('leaves no socket behind under another actor', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const [client] = await s.clients('victim', 'other');
    const onlooker = lookAt(s);
    const { context } = s.actor('connection:1').getSnapshot() as { context: { CSA: ConnectedSocketAdapter } };
    const CSA: Partial<Pick<ConnectedSocketAdapter, 'tellSocketShutdown'>> = context.CSA;
    CSA.tellSocketShutdown = () => {
      delete CSA.tellSocketShutdown;
      throw new Error('under test');
    };
    s.actor('connection:1').send({ type: 'control.shutdownMicroprocess' });
    await client.hasClosed();
    const names = new Map(onlooker.all('born').map(({ id, name }) => [id, name]));
    const parents = onlooker
      .all('born')
      .flatMap(({ name, parent }) => (name === 'socket' ? names.get(parent ?? 0) : []));
    expect(parents.filter((name) => name !== 'connection:1')).toEqual([]);
    expect(onlooker.paths().filter((path) => path.includes('socket'))).toEqual([]);
    expect(hasEnded(context.CSA as unknown as AnyActorRef)).toBe(true);
    await s.shutsDown();
  });
});
