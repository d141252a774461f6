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

/** Has something done after the spec, however it goes; what was asked for last is done first. */
export function atEnd(end: () => unknown): void {
  endings.push(end);
}

export interface Started {
  readonly server: ServerCore;
  readonly port: number;
}

/** A ServerCore that listens on some port, with echo unless told otherwise, and is cut after the spec. */
export async function startServer(
  options: Partial<Parameters<typeof createServerCore>[0] & ServerCoreOptions> = {},
): Promise<Started> {
  return started(createServerCore({ protocol: echo, port: 0, ...options }));
}

/** The server, once it listens; it is cut after the spec. */
export async function started(server: ServerCore): Promise<Started> {
  atEnd(() => {
    server.send({ type: 'control.shutdownMicroprocess' });
  });
  const { port } = await server.start();
  return { server, port };
}

/** A client that answers our FIN with its own, as most do. */
export async function connectClient(to: number | NetConnectOpts): Promise<Client> {
  const where = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : to;
  const client = await Client.connect({ allowHalfOpen: false, ...where });
  atEnd(() => client.destroy());
  return client;
}

/** Such a client, once its connection has a handler. */
export async function openClient({ server, port }: Started, { reads = true } = {}): Promise<Client> {
  const opened = emitted(server, 'connection.opened');
  const client = await connectClient(port);
  // before the first byte can have come
  if (!reads) client.stopReading();
  await opened;
  return client;
}

/** More than the kernel's buffers on both sides can hold: Linux lets them grow to 36 MiB. */
export const tooMuch: Buffer = Buffer.alloc(64 * 1024 * 1024);

/** Answers what comes, and says goodbye when the server drains. */
export const polite = setupProtocol().createMachine({
  id: 'polite',
  on: {
    inbox: { actions: 'reply' },
    'control.serverShutdown': { actions: [{ type: 'reply', params: { data: 'goodbye' } }, 'finish'] },
  },
});

/** A machine that knows nothing of shutdown. */
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

/** A handler that hears everything and does nothing about it. */
export const deaf = handler(() => undefined);

/** The error code that connecting ends in, or `'connected'`. */
export async function knock(to: number | NetConnectOpts): Promise<string> {
  try {
    await (await Client.connect(to)).destroy();
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
