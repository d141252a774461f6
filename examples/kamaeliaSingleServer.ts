/**
 * The composition that Kamaelia's SingleServer module runs as its own example: a SingleServer and an echo, wired up by
 * four links, inside one actor. Clients are echoed one after another.
 *
 * Two of the links carry bytes, and two carry signals: `signal.producerFinished` says that a client has left. Echo
 * takes no event of `control`, so it stays for the next client.
 *
 *     npx ts-node examples/kamaeliaSingleServer.ts [port]      then, elsewhere: nc 127.0.0.1 1601
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { createActor, forwardTo, setup, type AnyActorLogic } from 'xstate';
import { echo, link, singleServer, type SingleServerOptions } from '../server/index';

export const simplisticServer = setup({
  types: {} as {
    context: SingleServerOptions;
    input: SingleServerOptions;
    events: { type: 'control.serverShutdown' | 'control.shutdownMicroprocess' };
    children: { server: 'singleServer'; handler: 'echo' };
  },
  // as any logic: the type of echo asks for an input that only a server gives to its handlers
  actors: { singleServer, echo: echo as AnyActorLogic },
  actions: {
    linkUp: ({ self }) => {
      const { server, handler } = self.getSnapshot().children;
      if (server === undefined || handler === undefined) return;
      link(server, 'outbox', handler, 'inbox');
      link(server, 'signal', handler, 'control');
      link(handler, 'outbox', server, 'inbox');
      link(handler, 'signal', server, 'control');
    },
  },
}).createMachine({
  id: 'simplisticServer',
  context: ({ input }) => input,
  initial: 'serving',
  states: {
    serving: {
      invoke: [
        { id: 'server', src: 'singleServer', input: ({ context }) => context, onDone: 'shutdown' },
        { id: 'handler', src: 'echo' },
      ],
      entry: 'linkUp',
      on: { 'control.*': { actions: forwardTo('server') } },
    },
    shutdown: { type: 'final' },
  },
});

if (require.main === module) {
  const actor = createActor(simplisticServer, { input: { port: Number(process.argv[2] ?? 1601) } }).start();
  actor.getSnapshot().children.server?.on('server.listening', ({ address, port }) => {
    console.log(`Listening on ${address} port ${String(port)}`);
  });
}
