import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import { ListenError } from '../../../machines/vocabulary/errors';
import { gate } from './gate';
import type { Hub } from '../hub/hub';
import { resolveInspectorOptions, type InspectorOptions } from './inspectorOptions';
import { Pages } from './pages';
import { reachable } from '../../reachable';
import { PageConnections } from './pageConnections';

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** The page's URL, such as `http://127.0.0.1:43210/TOKEN/`. Everybody who has it may look. */
  readonly url: string;
  /**
   * Closes the port and all connections, at once. Resolves when the port is free. It may be called any number of
   * times.
   */
  stop(): Promise<void>;
}

/** How many connections may be open at once. The next one is closed: nobody may take all descriptors of the process. */
const mostConnections = 256;

/**
 * Serves the pages that show what a hub sees: at `url` the inspector's own page, at `url` + `stately` the bridge to the
 * Stately Inspector. The caller keeps the hub, and may show it elsewhere too.
 *
 * An inspector doesn't keep a program running. When the servers have ended, the program may end with the inspector
 * open.
 * @throws {@link InvalidOptionError} before anything is opened
 * @throws {@link ListenError} when the port can't be had
 */
export async function startInspector(hub: Hub, options: InspectorOptions = {}): Promise<Inspector> {
  const { port, host, token, stately } = resolveInspectorOptions(options);
  const keys = { token, host };
  const pages = new Pages(token, stately);
  const connections = new PageConnections(hub, keys);
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
    connections.upgrade(request, socket, head);
  });
  await listen(server, host, port);

  let stopped: Promise<unknown> | undefined;
  const stop = async (): Promise<void> => {
    if (stopped === undefined) {
      stopped = once(server, 'close');
      server.close();
      connections.close();
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
  // one client couldn't be accepted, for want of a descriptor: it may try again
  server.on('error', () => undefined);
}

/** The host, as a URL on this machine names it. */
function inUrl(host: string): string {
  const address = reachable(host);
  return isIPv6(address) ? `[${address}]` : address;
}
