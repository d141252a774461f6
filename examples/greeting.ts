/**
 * Tells each client the addresses of both ends of its connection, then echoes: the CleverEchoProtocol of Kamaelia's
 * documentation. A handler finds both addresses in its input.
 *
 *     npx ts-node examples/greeting.ts [port]      then, elsewhere: nc 127.0.0.1 1601
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { createServerCore, setupProtocol, type ConnectionInfo, type ServerCore } from '../server/index';

const welcome = ({ localip, localport, peer, peerport }: ConnectionInfo): string =>
  `Welcome! You have connected to ${localip} on port ${String(localport)} from ${peer} on port ${String(peerport)}\n`;

export const greeting = setupProtocol<{ info: ConnectionInfo }>().createMachine({
  id: 'greeting',
  context: ({ input }) => ({ info: input }),
  entry: { type: 'reply', params: ({ context }) => ({ data: welcome(context.info) }) },
  on: {
    inbox: { actions: 'reply' },
    'control.serverShutdown': { actions: 'finish' },
  },
});

export const greetingServer = (port: number): ServerCore => createServerCore({ protocol: greeting, port });

if (require.main === module)
  void greetingServer(Number(process.argv[2] ?? 1601))
    .start()
    .then(console.log);
