import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/** What a request must show. */
export interface Keys {
  /** The first segment of every path must be this one. */
  readonly token: string;
  /** The address or name that the inspector listens on. */
  readonly host: string;
}

/** The path behind the token (undefined when even the slash before it is missing), or the status of a refusal. */
export type Verdict = { readonly path: string | undefined } | { readonly refused: 403 | 405 };

/**
 * Decides which requests the inspector answers, for pages and WebSockets alike. It keeps out a stranger's web page in
 * the same browser, and everybody else who can reach the port and hasn't the token.
 *
 * - The token is in the path, so that relative URLs carry it, and neither a cookie nor a `Referer` does.
 * - `Host` must be an address, `localhost`, or the name that the inspector listens on. With a name of its own that
 * leads to
 *   our address (DNS rebinding) a stranger's page would be of our origin. Any port will do, for tunnels.
 * - `Origin`, where there is one, must be ours.
 * - Requests of another site's page (`Sec-Fetch-Site`) are refused. Only a link from there may lead to us.
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

/** `none`: the user has typed the URL. Undefined: the program isn't a browser. */
const sameSite: ReadonlySet<string | undefined> = new Set([undefined, 'none', 'same-origin']);

/**
 * A header's value. A header that comes several times has all values in one text, which no rule allows. The value is
 * taken from the raw headers: `headers` keeps the first value only, and `headersDistinct` throws for a header named
 * `__proto__` (CVE-2026-21710).
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

/** Compares in constant time, so that the time of an answer tells nothing about a token that is nearly right. */
function isSame(given: string, token: string): boolean {
  const [ours, theirs] = [Buffer.from(token), Buffer.from(given)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
