import { afterEach } from '@jest/globals';
import type { NetConnectOpts } from 'node:net';
import { fromCallback } from 'xstate';
import {
  createServerCore,
  echo,
  setupProtocol,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCore,
  type ServerCoreOptions,
} from '../../server/index';
import { Client } from './client';
import { emitted } from './events';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Runs a function after the spec, whether it passes or fails. The last function added runs first. */
export function atEnd(end: () => unknown): void {
  endings.push(end);
}

export interface StartedServer {
  readonly server: ServerCore;
  readonly port: number;
}

/** Starts a ServerCore on any free port, by default with the echo protocol. The server is cut after the spec. */
export async function startServer(
  options: Partial<Parameters<typeof createServerCore>[0] & ServerCoreOptions> = {},
): Promise<StartedServer> {
  return started(createServerCore({ protocol: echo, port: 0, ...options }));
}

/** Starts a server, and resolves once it listens. The server is cut after the spec. */
export async function started(server: ServerCore): Promise<StartedServer> {
  atEnd(() => {
    server.send({ type: 'control.shutdownMicroprocess' });
  });
  const { port } = await server.start();
  return { server, port };
}

/** Connects a client that answers the server's FIN with its own, as most clients do. */
export async function connectClient(to: number | NetConnectOpts): Promise<Client> {
  const where = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : to;
  const client = await Client.connect({ allowHalfOpen: false, ...where });
  atEnd(() => client.destroy());
  return client;
}

/** Connects a client like {@link connectClient}, and resolves once the connection has a handler. */
export async function openClient({ server, port }: StartedServer, { reads = true } = {}): Promise<Client> {
  const opened = emitted(server, 'connection.opened');
  const client = await connectClient(port);
  // paused now, before the first byte can arrive
  if (!reads) client.stopReading();
  await opened;
  return client;
}

/** More than the kernel's buffers on both sides can hold: Linux lets them grow to 36 MiB. */
export const tooMuch: Buffer = Buffer.alloc(64 * 1024 * 1024);

/** A machine that echoes, and says goodbye when the server drains. */
export const polite = setupProtocol().createMachine({
  id: 'polite',
  on: {
    inbox: { actions: 'reply' },
    'control.serverShutdown': { actions: [{ type: 'reply', params: { data: 'goodbye' } }, 'finish'] },
  },
});

/** A machine that doesn't handle the server's shutdown. */
export const unaware = setupProtocol().createMachine({
  id: 'unaware',
  on: { inbox: { actions: 'reply' } },
});

type Callback = Parameters<typeof fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>>[0];

/** A handler as a callback. */
export const handler = (
  callback: Callback,
): ReturnType<typeof fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>> => fromCallback(callback);

/** A machine with a timer that would go off in a quarter of an hour. */
export const waiting = setupProtocol().createMachine({
  initial: 'waiting',
  states: { waiting: { after: { 900_000: 'over' } }, over: {} },
});

/** A handler that ignores every event. */
export const deaf = handler(() => undefined);

/** Tries to connect. Resolves with the error's code, or with `'connected'`. */
export async function knock(to: number | NetConnectOpts): Promise<string> {
  try {
    await (await Client.connect(to)).destroy();
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
