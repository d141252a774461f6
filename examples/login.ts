/**
 * A dialogue as a statechart: name, password, then lines until `quit`. Lines may come in pieces, or many at once.
 *
 *     npx ts-node examples/login.ts [port]      then, elsewhere: nc 127.0.0.1 1601      (the password is: sesame)
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { assign, enqueueActions } from 'xstate';
import { createServerCore, setupProtocol, type ServerCore } from '../server/index';

export const login = setupProtocol<{ rest: Buffer; name: string }, { type: 'line'; line: string }>().createMachine({
  id: 'login',
  context: { rest: Buffer.alloc(0), name: '' },
  on: {
    inbox: {
      actions: enqueueActions(({ context, event, enqueue }) => {
        let rest = Buffer.concat([context.rest, event.data]);
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          enqueue.raise({ type: 'line', line: rest.toString('utf8', 0, end).trim() });
          rest = rest.subarray(end + 1);
        }
        enqueue.assign({ rest });
        if (rest.length > 1_000) enqueue({ type: 'abort' });
      }),
    },
    'control.serverShutdown': '.leaving',
  },
  initial: 'askingName',
  states: {
    askingName: {
      entry: { type: 'reply', params: { data: 'Name: ' } },
      on: { line: { target: 'askingPassword', actions: assign({ name: ({ event }) => event.line }) } },
    },
    askingPassword: {
      entry: { type: 'reply', params: { data: 'Password: ' } },
      on: {
        line: [{ guard: ({ event }) => event.line === 'sesame', target: 'loggedIn' }, { target: 'askingName' }],
      },
    },
    loggedIn: {
      entry: { type: 'reply', params: ({ context }) => ({ data: `Hello, ${context.name}!\n` }) },
      on: {
        line: [
          { guard: ({ event }) => event.line === 'quit', target: 'leaving' },
          { actions: { type: 'reply', params: ({ event }) => ({ data: `You said: ${event.line}\n` }) } },
        ],
      },
    },
    leaving: { entry: [{ type: 'reply', params: { data: 'Bye.\n' } }, 'finish'] },
  },
});

export const loginServer = (port: number): ServerCore => createServerCore({ protocol: login, port });

if (require.main === module)
  void loginServer(Number(process.argv[2] ?? 1601))
    .start()
    .then(console.log);
