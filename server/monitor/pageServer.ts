import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { ListenError } from '../../machines/vocabulary/errors';
import { reachable } from '../reachable';

/** The response to a request. */
export interface Page {
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
}

/** Makes a page. It is called for every request. */
export type MakePage = () => Page | Promise<Page>;

/** The pages of a server, by their paths. */
export type Pages = ReadonlyMap<string, MakePage>;

/** A running server of pages. */
export interface PageServer {
  /** `http://127.0.0.1:9100`, without a path. */
  readonly url: string;
  /** Closes the port and every connection, at once. */
  readonly stop: () => Promise<void>;
}

/** A page of one line of plain text. */
export const plain = (status: number, text: string): Page => ({
  status,
  text: `${text}\n`,
  contentType: 'text/plain; charset=utf-8',
});

/** Connections that may be open at once: more would take descriptors that the server needs. The next one is closed. */
const maxConnections = 64;

/**
 * Serves pages to programs that ask again and again: load balancers, Prometheus. The server takes GET and HEAD, reads
 * no body, and asks for no password: any client that reaches the port may read the pages.
 *
 * A connection takes one request. A client that asks every 15 seconds gains nothing from an open connection, and so no
 * client can queue thousands of requests on one.
 * @param timeout - milliseconds that a client may take for its request, and then for taking no byte of the answer
 * @throws {@link ListenError} when the port can't be opened
 */
export async function servePages(pages: Pages, host: string, port: number, timeout = 5_000): Promise<PageServer> {
  const limits = {
    headersTimeout: timeout,
    requestTimeout: timeout,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 8 * 1024,
  };
  const server = createServer(limits, (request, response) => {
    void answer(pages, request, response);
  });
  server.maxConnections = maxConnections;
  server.timeout = timeout;
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(host, port, error as NodeJS.ErrnoException);
  }
  // a client couldn't be accepted, because no descriptor was free: the client will ask again
  server.on('error', () => undefined);
  const { port: actualPort } = server.address() as AddressInfo;
  const address = reachable(host);
  return {
    url: `http://${isIPv6(address) ? `[${address}]` : address}:${String(actualPort)}`,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(pages: Pages, { method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, text, contentType } = await pageFor(pages, method, url);
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  response.end(text);
}

async function pageFor(pages: Pages, method: string | undefined, url: string): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Only GET and HEAD.');
  const page = pages.get(url.replace(/\?.*/s, ''));
  if (page === undefined) return plain(404, `There is ${[...pages.keys()].join(', ')}.`);
  try {
    return await page();
  } catch {
    return plain(500, 'That went wrong.');
  }
}
