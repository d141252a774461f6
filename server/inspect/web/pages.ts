import type { ServerResponse } from 'node:http';
import { pageAssets, type Asset } from './assets';
import type { Verdict } from './gate';

/** The path of the page that talks to the Stately Inspector. */
const bridge = 'stately';

/** Answers every HTTP request: with a file of the pages, or with a line that tells a stranger nothing. */
export class Pages {
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #token: string;
  readonly #framed: string;

  /** @param stately - the URL of the Stately Inspector */
  constructor(token: string, stately: string) {
    this.#assets = pageAssets(stately);
    this.#token = token;
    this.#framed = new URL(stately).origin;
  }

  answer(verdict: Verdict, response: ServerResponse): void {
    if ('refused' in verdict) {
      if (verdict.refused === 405) response.setHeader('Allow', 'GET, HEAD');
      this.#end(response, verdict.refused, 'Not for you.\n');
      return;
    }
    const { path } = verdict;
    if (path === undefined) {
      // without the slash behind the token, the page's relative URLs would lack the token
      response.setHeader('Location', `/${this.#token}/`);
      this.#end(response, 308, '');
      return;
    }
    const asset = this.#assets.get(path);
    if (asset === undefined) this.#end(response, 404, 'There is no such page.\n');
    else this.#serve(path, asset, response);
  }

  #serve(path: string, asset: Asset, response: ServerResponse): void {
    let text: string;
    try {
      text = asset.text();
    } catch {
      // the file was removed since the start
      this.#end(response, 500, 'The page is gone.\n');
      return;
    }
    this.#end(response, 200, text, asset.contentType, path === bridge ? this.#framed : undefined);
  }

  #end(
    response: ServerResponse,
    status: number,
    text: string,
    type = 'text/plain; charset=utf-8',
    framed?: string,
  ): void {
    response.statusCode = status;
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Security-Policy', contentPolicy(framed));
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    // the bridge's page opens a window, and that window must be able to answer its opener
    response.setHeader('Cross-Origin-Opener-Policy', framed === undefined ? 'same-origin' : 'same-origin-allow-popups');
    response.end(text);
  }
}

/** Allows nothing from elsewhere (but the one site in a frame), nothing inline, and no frame around our page. */
function contentPolicy(framed: string | undefined): string {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  if (framed !== undefined) policy.push(`frame-src ${framed}`);
  return policy.join('; ');
}
