/**
 * A server inside a machine of your own. It runs while the machine is in the state `online`, and a port that can't be
 * opened is a transition.
 *
 *     npx ts-node examples/embed.ts [port]      run it twice: the second one finds the port in use
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { assign, createActor, sendTo, setup } from 'xstate';
import { echo, serverCore } from '../server/index';

export const app = setup({
  types: {} as {
    context: { port: number; problem: string };
    input: { port: number };
    events: { type: 'stop' } | { type: 'retry' };
    children: { server: 'serverCore' };
  },
  actors: { serverCore },
  actions: { stopServer: sendTo('server', { type: 'control.serverShutdown' }) },
}).createMachine({
  id: 'app',
  context: ({ input }) => ({ ...input, problem: '' }),
  initial: 'online',
  states: {
    online: {
      invoke: {
        id: 'server',
        src: 'serverCore',
        input: ({ context }) => ({ protocol: echo, port: context.port }),
        onDone: 'stopped',
        onError: { target: 'offline', actions: assign({ problem: ({ event }) => String(event.error) }) },
      },
      on: { stop: { actions: 'stopServer' } },
    },
    offline: { on: { retry: 'online', stop: 'stopped' } },
    stopped: { type: 'final' },
  },
});

if (require.main === module) {
  const actor = createActor(app, { input: { port: Number(process.argv[2] ?? 1601) } });
  actor.subscribe(({ value, context }) => {
    console.log(value, context.problem);
  });
  actor.start();
  actor.getSnapshot().children.server?.on('server.listening', ({ address, port }) => {
    console.log(`Listening on ${address} port ${String(port)}`);
  });
}
