import { describe, expect, it } from '@jest/globals';
import {
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  sendTo,
  type AnyActorRef,
} from 'xstate';
import {
  createServerCore,
  createSingleServer,
  echo,
  graphline,
  pipeline,
  serverCore,
  tcpClient,
} from '../../server/index';
import { Hub } from '../../server/inspect/hub/hub';
import { starting, tell } from '../support/actors';
import { eventually } from '../support/events';
import { atEnd, connectClient, openClient, startServer } from '../support/fixtures';
import { Stream } from '../support/stream';
import { child, halt, viewing } from '../support/inspect/onlooker';

const idle = fromCallback(() => undefined);

describe('An onlooker that comes late', () => {
  const { start } = starting();
  const { onlooker, hubOf } = viewing();

  /** The actors of a running system as an onlooker hears of them, in order: kinds and paths. */
  const seenIn = (root: AnyActorRef): string[] => {
    const one = onlooker(hubOf(root));
    one.look();
    return [...one.living.values()].map(({ id, kind }) => `${kind} ${one.pathOf(id)}`);
  };

  it('is told of a server with its connections and their handlers', async () => {
    const started = await startServer();
    await openClient(started);
    await openClient(started);
    expect(seenIn(started.server.actor)).toEqual([
      'machine serverCore',
      'other serverCore/connections',
      'other serverCore/listener',
      'machine serverCore/connections/connection:1',
      'machine serverCore/connections/connection:2',
      'machine serverCore/connections/connection:1/protocol',
      'machine serverCore/connections/connection:2/protocol',
    ]);
  });

  it('is told of the components of pipelines and graphlines, and of those within', async () => {
    const protocol = graphline({
      components: { line: pipeline(echo, idle), other: idle },
      linkages: [['self', 'inbox', 'line', 'inbox']],
    });
    const started = await startServer({ protocol });
    await openClient(started);
    const handler = 'serverCore/connections/connection:1/protocol';
    expect(seenIn(started.server.actor).slice(4)).toEqual([
      `other ${handler}`,
      `other ${handler}/line`,
      `other ${handler}/other`,
      `machine ${handler}/line/1`,
      `other ${handler}/line/2`,
    ]);
  });

  it('is told of the actors of a handler: invoked, spawned, and those of machines within machines', async () => {
    const inner = createMachine({ invoke: { id: 'promise', src: fromPromise(() => new Promise(() => undefined)) } });
    const protocol = createMachine({
      invoke: { id: 'inner', src: inner },
      context: ({ spawn }) => ({ child: spawn(idle, { id: 'spawned' }) }),
    });
    const started = await startServer({ protocol });
    await openClient(started);
    const handler = 'serverCore/connections/connection:1/protocol';
    expect(seenIn(started.server.actor).slice(4).toSorted()).toEqual([
      `machine ${handler}`,
      `machine ${handler}/inner`,
      `other ${handler}/inner/promise`,
      `other ${handler}/spawned`,
    ]);
  });

  it('is told of a SingleServer and its one connection', async () => {
    const server = createSingleServer({ port: 0, protocol: echo });
    atEnd(() => server.shutdown({ timeout: 0 }));
    const { port } = await server.start();
    await connectClient(port);
    await eventually(() => seenIn(server.actor).length > 2);
    expect(seenIn(server.actor)).toEqual([
      'machine singleServer',
      'other singleServer/listener',
      'machine singleServer/connection',
      'machine singleServer/connection/protocol',
    ]);
  });

  it('is told of a tcpClient', async () => {
    const { port } = await startServer();
    const client = start(
      createMachine({
        id: 'app',
        invoke: { id: 'client', src: tcpClient, input: { port, host: '127.0.0.1', protocol: echo } },
      }),
    );
    await eventually(() => seenIn(client).length === 4);
    expect(seenIn(client)).toEqual([
      'machine app',
      'machine app/client',
      'machine app/client/connection',
      'machine app/client/connection/protocol',
    ]);
  });

  it('is told of an app that invokes a server', () => {
    const app = start(
      createMachine({
        id: 'app',
        invoke: { id: 'server', src: serverCore, input: { protocol: echo, port: 0, host: '127.0.0.1' } },
        on: { end: { actions: sendTo('server', { type: 'control.shutdownMicroprocess' }) } },
      }),
    );
    expect(seenIn(app)).toEqual([
      'machine app',
      'machine app/server',
      'other app/server/connections',
      'other app/server/listener',
    ]);
    tell(app, { type: 'end' });
  });

  it('is told which kind each actor is of', () => {
    const kinds = {
      machine: createMachine({}),
      transition: fromTransition((state: number) => state, 1),
      observable: fromObservable(() => new Stream() as never),
      callback: idle,
      promise: fromPromise(() => new Promise(() => undefined)),
    };
    const root = start(
      createMachine({ id: 'root', invoke: Object.entries(kinds).map(([id, src]) => ({ id, src })) as never }),
    );
    expect(seenIn(root)).toEqual([
      'machine root',
      'machine root/machine',
      'transition root/transition',
      'observable root/observable',
      'other root/callback',
      'other root/promise',
    ]);
  });

  it('takes no part of a snapshot for an actor that is none', () => {
    const odd = (more: object): AnyActorRef =>
      start({
        getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, ...more }),
        transition: (snapshot: unknown) => snapshot,
        getPersistedSnapshot: (snapshot: unknown) => snapshot,
      } as never);
    const other = start(createMachine({ id: 'other', invoke: { id: 'child', src: idle } }));
    const circular: Record<string, unknown> = {};
    const round = odd({ children: circular });
    circular['self'] = round;
    circular['other'] = other;
    for (const root of [
      odd({ children: 'text' }),
      odd({ children: ['text', 1, null, {}, () => undefined] }),
      odd({ children: null, live: null }),
      odd({
        live: new Map<string, unknown>([
          ['a', undefined],
          ['b', 1],
          ['c', { actor: 'text' }],
          ['d', { actor: null }],
        ]),
      }),
      round,
    ]) {
      expect(seenIn(root)).toEqual([`other ${root.id}`]);
    }
  });

  it('is told of orphans under the nearest that lives', () => {
    const crashing = createMachine({
      invoke: { id: 'orphan', src: idle },
      on: {
        crash: {
          actions: () => {
            throw new Error('under test');
          },
        },
      },
    });
    const root = start(
      createMachine({
        id: 'root',
        invoke: { id: 'parent', src: crashing },
        on: { 'xstate.error.actor.*': {}, crash: { actions: sendTo('parent', { type: 'crash' }) } },
      }),
    );
    const hub = new Hub();
    hub.attach(root);
    const early = onlooker(hub);
    const orphan = child(child(root, 'parent'), 'orphan');
    tell(root, { type: 'crash' });
    expect(early.paths()).toHaveLength(2);
    for (const one of [onlooker(hub), onlooker(hubOf(root))]) expect(one.paths()).toEqual(['root', 'root/orphan']);
    halt(orphan);
    expect(early.paths()).toEqual(['root']);
  });

  it('is told of a server that has just been made nothing, and all when it starts', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const one = onlooker(hubOf(server.actor));
    expect(one.paths()).toEqual([]);
    await server.start();
    expect(one.paths()).toEqual(['serverCore', 'serverCore/connections', 'serverCore/listener']);
    await server.shutdown();
    expect(one.paths()).toEqual([]);
  });
});
