import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  assign,
  createActor,
  sendTo,
  setup,
  SimulatedClock,
  waitFor,
  type AnyActorRef,
  type ErrorActorEvent,
} from 'xstate';
import {
  echo,
  InvalidOptionError,
  ListenError,
  serverCore,
  type ListenAddress,
  type ServerCoreOptions,
  type ServerSummary,
} from '../server/index';
import { emitted } from './support/events';
import { atEnd, attempt, connectClient, deaf, polite } from './support/fixtures';

/** Where a server that is a child of somebody's machine listens. */
const addressOf = (server: AnyActorRef): Promise<ListenAddress> => emitted<ListenAddress>(server, 'server.listening');

/** Somebody's application: it serves until it is told to close, and can open again. */
const app = setup({
  types: {} as {
    context: { options: ServerCoreOptions; output?: ServerSummary; error?: unknown };
    events: { type: 'close' } | { type: 'open' } | { type: 'drain' };
    input: ServerCoreOptions;
  },
  actors: { serverCore },
}).createMachine({
  context: ({ input }) => ({ options: input }),
  initial: 'serving',
  states: {
    serving: {
      invoke: {
        id: 'server',
        src: 'serverCore',
        input: ({ context }) => context.options,
        onDone: { target: 'done', actions: assign({ output: ({ event }) => event.output }) },
        onError: {
          target: 'failed',
          actions: assign({ error: ({ event }: { event: ErrorActorEvent }) => event.error }),
        },
      },
      on: {
        close: 'closed',
        drain: {
          actions: sendTo('server', { type: 'control.serverShutdown' }),
        },
      },
    },
    closed: { on: { open: 'serving' } },
    done: {},
    failed: {},
  },
});

function startApp(options: Partial<ServerCoreOptions> = {}): ReturnType<typeof createActor<typeof app>> {
  const actor = createActor(app, { input: { protocol: echo, port: 0, ...options } });
  atEnd(() => actor.stop());
  return actor.start();
}

/** The server in somebody's machine. */
function serverOf(parent: AnyActorRef): AnyActorRef {
  const { server } = (parent.getSnapshot() as { children: { server?: AnyActorRef } }).children;
  if (server === undefined) throw new Error('There is no server');
  return server;
}

describe('A server that a machine invokes', () => {
  it("hands its output to the parent's onDone", async () => {
    const actor = startApp({ protocol: polite });
    const { port } = await addressOf(serverOf(actor));
    const opened = emitted(serverOf(actor), 'connection.opened');
    const client = await connectClient(port);
    await opened;
    actor.send({ type: 'drain' });
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('done'));
    expect(context.output).toMatchObject({
      connections: 1,
      bytesOut: 7,
      drained: [{ id: 'connection:1', reason: 'handlerFinished' }],
    });
    expect((await client.receiveAll()).toString()).toBe('goodbye');
  });

  it("hands a ListenError to the parent's onError, and the parent goes on", async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    atEnd(() => other.close());
    const { port } = other.address() as { port: number };
    const actor = startApp({ port });
    const failed = emitted<{ error: unknown }>(serverOf(actor), 'server.failed');
    const { context, status } = await waitFor(actor, (snapshot) => snapshot.matches('failed'));
    expect(status).toBe('active');
    expect(context.error).toBeInstanceOf(ListenError);
    expect(context.error).toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.1', port });
    expect((await failed).error).toBe(context.error);
  });

  it("hands bad options to the parent's onError", async () => {
    const actor = startApp({ port: -1 });
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('failed'));
    expect(context.error).toBeInstanceOf(InvalidOptionError);
  });

  it('is heard from the parent', async () => {
    const heard: string[] = [];
    const listening = setup({ actors: { serverCore } }).createMachine({
      entry: ({ self }) => {
        // an invoked child is there when its parent's entry actions run
        serverOf(self).on('*', ({ type }: { type: string }) => heard.push(type));
      },
      invoke: { id: 'server', src: 'serverCore', input: { protocol: echo, port: 0 } },
    });
    const actor = createActor(listening).start();
    const server = serverOf(actor);
    const { port } = await addressOf(server);
    const closed = emitted(server, 'connection.closed');
    (await connectClient(port)).end();
    await closed;
    expect(heard).toEqual(['server.listening', 'connection.opened', 'connection.closed']);
    actor.stop();
  });

  it('closes its port and its connections when the parent leaves the state, and opens them again', async () => {
    const actor = startApp({ protocol: deaf });
    const { port } = await addressOf(serverOf(actor));
    const opened = emitted(serverOf(actor), 'connection.opened');
    const client = await connectClient(port);
    await opened;
    const server = serverOf(actor);

    actor.send({ type: 'close' });

    expect(server.getSnapshot()).toMatchObject({ status: 'stopped' });
    expect(await client.closed).toBe('clean');
    expect(await attempt(port)).toBe('ECONNREFUSED');

    actor.send({ type: 'open' });
    const again = await addressOf(serverOf(actor));
    const served = emitted(serverOf(actor), 'connection.opened');
    await connectClient(again.port);
    expect(await served).toMatchObject({ id: 'connection:1' });
  });

  it('leaves nothing behind when the parent is stopped, timers of the parent included', async () => {
    const parent = setup({ actors: { serverCore } }).createMachine({
      invoke: { id: 'server', src: 'serverCore', input: { protocol: deaf, port: 0, shutdownTimeout: 900_000 } },
      initial: 'waiting',
      states: { waiting: { after: { 900_000: 'over' } }, over: {} },
    });
    const actor = createActor(parent).start();
    const server = serverOf(actor);
    const { port } = await addressOf(server);
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient(port);
    await opened;
    server.send({ type: 'control.serverShutdown' });
    expect(Object.keys(actor.system.getSnapshot()._scheduledEvents)).toHaveLength(2);
    actor.stop();
    expect(actor.system.getSnapshot()._scheduledEvents).toEqual({});
    expect(await client.closed).toBe('clean');
    expect(await attempt(port)).toBe('ECONNREFUSED');
  });

  it('leaves the timers of the rest of the system as they were', async () => {
    const sleeper = setup({}).createMachine({
      initial: 'asleep',
      states: { asleep: { after: { 900_000: 'awake' } }, awake: {} },
    });
    const parent = setup({
      types: {} as { events: { type: 'serve' } | { type: 'wake' } },
      actors: { serverCore, sleeper },
    }).createMachine({
      initial: 'sleeping',
      states: {
        sleeping: {
          invoke: { src: 'sleeper' },
          initial: 'alone',
          states: {
            alone: { on: { serve: 'serving' } },
            serving: { invoke: { id: 'server', src: 'serverCore', input: { protocol: echo, port: 0 } } },
          },
          on: { wake: 'awake' },
        },
        awake: {},
      },
    });
    const actor = createActor(parent, { clock: new SimulatedClock() });
    atEnd(() => actor.stop());
    actor.start();
    actor.send({ type: 'serve' });
    await addressOf(serverOf(actor));
    expect(Object.keys(actor.system.getSnapshot()._scheduledEvents)).toHaveLength(1);
    // stops the server, and the sleeper with it, whose timer was there before the server
    actor.send({ type: 'wake' });
    expect(actor.system.getSnapshot()._scheduledEvents).toEqual({});
  });
});
