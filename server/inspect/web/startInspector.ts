import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import { ListenError } from '../../../machines/vocabulary/errors';
import { gate } from './gate';
import type { Hub } from '../hub/hub';
import { resolveInspectorOptions, type InspectorOptions } from './inspectorOptions';
import { Pages } from './pages';
import { reachable } from '../../reachable';
import { ViewerSockets } from './viewerSockets';

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** Where to look: `http://127.0.0.1:43210/TOKEN/`. Whoever has it may look. */
  readonly url: string;
  /** Closes the port and every connection, at once. Resolves when the port is free again. Any number of calls is fine. */
  stop(): Promise<void>;
}

/** Connections that may be open at once, so that nobody takes all of the process's descriptors. The next one is closed. */
const mostConnections = 256;

/**
 * Serves the pages that show what a hub sees: at `url` the viewer, at `url` + `stately` the bridge to the Stately
 * Inspector. The hub stays the caller's, who may show it elsewhere too.
 *
 * An inspector doesn't keep a program running: when the servers that one looks at have ended, so may the program.
 * @throws {@link InvalidOptionError} before anything is opened
 * @throws {@link ListenError} when the port can't be had
 */
export async function startInspector(hub: Hub, options: InspectorOptions = {}): Promise<Inspector> {
  const { port, host, token, stately } = resolveInspectorOptions(options);
  const keys = { token, host };
  const pages = new Pages(token, stately);
  const viewers = new ViewerSockets(hub, keys);
  const sockets = new Set<Socket>();

  const server = createServer((request, response) => {
    pages.answer(gate(request, keys), response);
  });
  server.maxConnections = mostConnections;
  server.on('connection', (socket) => {
    socket.unref();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    viewers.upgrade(request, socket, head);
  });
  await listen(server, host, port);

  let stopped: Promise<unknown> | undefined;
  const stop = async (): Promise<void> => {
    if (stopped === undefined) {
      stopped = once(server, 'close');
      server.close();
      viewers.close();
      for (const socket of sockets) socket.destroy();
    }
    await stopped;
  };
  const address = server.address() as AddressInfo;
  return { url: `http://${inUrl(host)}:${String(address.port)}/${token}/`, stop, [Symbol.asyncDispose]: stop };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(host, port, error as NodeJS.ErrnoException);
  }
  server.unref();
  // a client that couldn't be accepted, for want of a descriptor: it may try again
  server.on('error', () => undefined);
}

/** How a URL on this machine names the host. */
function inUrl(host: string): string {
  const address = reachable(host);
  return isIPv6(address) ? `[${address}]` : address;
}
