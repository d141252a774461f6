import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { ListenError } from '../../machines/vocabulary/errors';
import { reachable } from '../reachable';

/** What is served under a path. */
export interface Page {
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
}

/** Makes a page, anew for every request. */
export type MakePage = () => Page | Promise<Page>;

/** By their paths. */
export type Pages = ReadonlyMap<string, MakePage>;

export interface PageServer {
  /** `http://127.0.0.1:9100`, without a path. */
  readonly url: string;
  /** Closes the port and every connection, at once. */
  readonly stop: () => Promise<void>;
}

export const plain = (status: number, text: string): Page => ({
  status,
  text: `${text}\n`,
  contentType: 'text/plain; charset=utf-8',
});

/** Connections that may be open at once, so that nobody takes all of the process's descriptors. The next one is closed. */
const mostConnections = 64;

/**
 * Serves pages to programs that ask again and again: load balancers, Prometheus. It takes GET and HEAD, reads no body, and
 * knows no secrets: whoever reaches the port may look.
 *
 * It answers one request a connection. Who asks every 15 seconds gains nothing by keeping it, and nobody can queue
 * thousands of requests on one.
 * @param patience - milliseconds that a client may take to ask, and then may go without taking any of its answer
 * @throws {@link ListenError} when the port can't be had
 */
export async function servePages(pages: Pages, host: string, port: number, patience = 5_000): Promise<PageServer> {
  const limits = {
    headersTimeout: patience,
    requestTimeout: patience,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 8 * 1024,
  };
  const server = createServer(limits, (request, response) => {
    void answer(pages, request, response);
  });
  server.maxConnections = mostConnections;
  server.timeout = patience;
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(host, port, error as NodeJS.ErrnoException);
  }
  // a client that couldn't be accepted, for want of a descriptor: it asks again
  server.on('error', () => undefined);
  const { port: found } = server.address() as AddressInfo;
  const address = reachable(host);
  return {
    url: `http://${isIPv6(address) ? `[${address}]` : address}:${String(found)}`,
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
