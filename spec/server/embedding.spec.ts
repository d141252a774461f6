import { describe, expect, it } from '@jest/globals';
import { assign, sendTo, setup, type AnyActorRef, type ErrorActorEvent } from 'xstate';
import {
  echo,
  InvalidOptionError,
  ListenError,
  serverCore,
  type ServerCoreOptions,
  type ServerSummary,
} from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { deaf, polite } from '../support/fixtures';

/** A user's application. It serves until `close`, and can open again. */
const app = setup({
  types: {} as {
    context: { options: ServerCoreOptions; output?: ServerSummary; error?: unknown };
    events: { type: 'close' } | { type: 'open' } | { type: 'drain' };
    input: ServerCoreOptions;
  },
  actors: { serverCore },
}).createMachine({
  id: 'app',
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

/** The server inside a user's machine. */
function serverOf(parent: AnyActorRef): AnyActorRef {
  const { server } = (parent.getSnapshot() as { children: { server?: AnyActorRef } }).children;
  if (server === undefined) throw new Error('There is no server');
  return server;
}

describe('A server that a machine invokes', () => {
  it("hands its output to the parent's onDone", async () => {
    await using s = await scenario(app, { protocol: polite });
    const client = await s.client();
    await s.send({ type: 'drain' });
    await client.receives('goodbye');
    await client.isClosed('handlerFinished');
    expect(s.server).toBeInState('done');
    expect(s.server.getSnapshot().context.output).toMatchObject({
      connections: 1,
      bytesOut: 7,
      drained: [{ id: 'connection:1', reason: 'handlerFinished' }],
    });
  });

  it("hands a ListenError to the parent's onError, and the parent goes on", async () => {
    await using other = await scenario(serverCore, { protocol: echo });
    await using s = await scenario(app, { protocol: echo }, { network: other.network });
    expect(s.server).toBeInState('failed');
    const { status, context } = s.server.getSnapshot();
    expect(status).toBe('active');
    expect(context.error).toBeInstanceOf(ListenError);
    expect(context.error).toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.1', port: 1601 });
    expect(s.emittedBy(s.actor('server'))).toEqual([{ type: 'server.failed', error: context.error }]);
  });

  it("hands bad options to the parent's onError", async () => {
    await using s = await scenario(app, { protocol: echo, port: -1 });
    expect(s.server).toBeInState('failed');
    expect(s.server.getSnapshot().context.error).toBeInstanceOf(InvalidOptionError);
  });

  it('is heard from the parent', async () => {
    const heard: string[] = [];
    const listening = setup({ actors: { serverCore } }).createMachine({
      entry: ({ self }) => {
        // an invoked child exists when its parent's entry actions run
        serverOf(self).on('*', ({ type }: { type: string }) => heard.push(type));
      },
      invoke: { id: 'server', src: 'serverCore', input: { protocol: echo } },
    });
    await using s = await scenario(listening);
    const client = await s.client();
    await client.ends();
    expect(heard).toEqual(['server.listening', 'connection.opened', 'connection.closed']);
  });

  it('closes its port and its connections when the parent leaves the state, and opens them again', async () => {
    await using s = await scenario(app, { protocol: deaf });
    const client = await s.client('first');
    const server = s.actor('server');

    await s.send({ type: 'close' });

    expect(server.getSnapshot()).toMatchObject({ status: 'stopped' });
    await client.hasClosed();
    await (await s.client('refused')).hasFailed('ECONNREFUSED');
    expect(s.leftovers()).toEqual(['actor app']);

    await s.send({ type: 'open' });
    const again = await s.client('second');
    await again.isOpen();
    expect(again.id).toBe('connection:1');
  });

  it('leaves nothing behind when the parent is stopped, timers of the parent included', async () => {
    const parent = setup({ actors: { serverCore } }).createMachine({
      invoke: { id: 'server', src: 'serverCore', input: { protocol: deaf, shutdownTimeout: 900_000 } },
      initial: 'waiting',
      states: { waiting: { after: { 900_000: 'over' } }, over: {} },
    });
    await using s = await scenario(parent);
    const client = await s.client();
    s.actor('server').send({ type: 'control.serverShutdown' });
    expect(s.clock.pending).toBe(2);
    s.server.stop();
    await client.hasClosed();
    expect(s.leftovers()).toEqual([]);
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
            serving: { invoke: { id: 'server', src: 'serverCore', input: { protocol: echo } } },
          },
          on: { wake: 'awake' },
        },
        awake: {},
      },
    });
    await using s = await scenario(parent);
    await s.send({ type: 'serve' });
    expect(s.clock.pending).toBe(1);
    // stops the server and the sleeper, whose timer is older than the server
    await s.send({ type: 'wake' });
    expect(s.clock.pending).toBe(0);
  });
});
