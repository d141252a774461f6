import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/** What a request must show. */
export interface Keys {
  /** The first segment of every path. */
  readonly token: string;
  /** The name under which the inspector was asked to listen. */
  readonly host: string;
}

/** What a request is for: the path behind the token, or undefined when even its slash is missing. Or why it is refused. */
export type Verdict = { readonly path: string | undefined } | { readonly refused: 403 | 405 };

/**
 * Decides whom the inspector answers, for pages and WebSockets alike. A stranger's web page in the same browser is the
 * one to keep out, and whoever else can reach the port.
 *
 * - The token is in the path, so that relative URLs carry it, and neither a cookie nor a `Referer` does.
 * - `Host` must be an address, `localhost`, or the name that the inspector listens on: with a name of its own (DNS
 *   rebinding) a stranger's page would be of our origin. Any port will do, for tunnels.
 * - `Origin`, where there is one, must be ours.
 * - What a page of another site asks for (`Sec-Fetch-Site`) is refused, except that one may follow a link to us.
 *
 * The path is compared as it came. Nothing in it is decoded or resolved.
 */
export function gate(
  { method, url = '', rawHeaders }: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>,
  keys: Keys,
): Verdict {
  if (method !== 'GET' && method !== 'HEAD') return { refused: 405 };
  const header = (name: string): string | undefined => headerOf(rawHeaders, name);
  const host = header('host')?.toLowerCase();
  const origin = header('origin')?.toLowerCase();
  if (host === undefined || !isOurs(host, keys.host)) return { refused: 403 };
  if (origin !== undefined && origin !== `http://${host}`) return { refused: 403 };
  const isVisit = header('sec-fetch-mode') === 'navigate' && header('sec-fetch-dest') === 'document';
  if (!isVisit && !sameSite.has(header('sec-fetch-site'))) return { refused: 403 };

  const end = url.indexOf('/', 1);
  const token = end === -1 ? url.slice(1) : url.slice(1, end);
  if (!url.startsWith('/') || !isSame(token, keys.token)) return { refused: 403 };
  return { path: end === -1 ? undefined : url.slice(end + 1) };
}

/** `none`: the user's own doing. Programs that aren't browsers don't send it. */
const sameSite: ReadonlySet<string | undefined> = new Set([undefined, 'none', 'same-origin']);

/**
 * A header's value; of several, the list of them, which is none of those that are allowed. From the raw headers, since
 * `headers` keeps the first one only, and `headersDistinct` throws for a header named `__proto__` (CVE-2026-21710).
 */
function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  return values.length === 0 ? undefined : values.join(', ');
}

function isOurs(host: string, given: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '');
  const isAddress = isIPv4(name) || (name.startsWith('[') && name.endsWith(']') && isIPv6(name.slice(1, -1)));
  return isAddress || name === 'localhost' || name === given.toLowerCase();
}

/** Takes as long for a token that is nearly right as for any other. */
function isSame(given: string, token: string): boolean {
  const [ours, theirs] = [Buffer.from(token), Buffer.from(given)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
