import { describe, expect, it } from '@jest/globals';
import { gate } from '../../server/inspect/web/gate';
import { answerTo, inspect, Page, partsOf } from '../support/inspect/inspecting';

const token = 'a-token_of-22-letters0';
const keys = { token, host: 'devbox' };

/** A visit by a browser that follows the rules, changed in one respect. */
function verdict({
  method = 'GET',
  url = `/${token}/`,
  headers = [],
  host = ['127.0.0.1:4000'],
}: {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly host?: readonly string[];
}): ReturnType<typeof gate> {
  const all = [...host.map((value) => ['Host', value]), ...headers];
  return gate({ method, url, rawHeaders: all.flat() }, keys);
}

const opened = { path: '' };
const refused = { refused: 403 };

describe('The gate', () => {
  it('tells the path behind the token', () => {
    expect(verdict({})).toEqual(opened);
    expect(verdict({ method: 'HEAD' })).toEqual(opened);
    expect(verdict({ url: `/${token}/live` })).toEqual({ path: 'live' });
    expect(verdict({ url: `/${token}` })).toEqual({ path: undefined });
  });

  it.each([
    ['/'],
    [''],
    ['/favicon.ico'],
    [`/${token.slice(0, -1)}/`],
    [`/${token}0/`],
    [`/${token.toUpperCase()}/`],
    [`//${token}/`],
    [`/./${token}/`],
    [`/x/../${token}/`],
    [`/%61${token.slice(1)}/`],
    [`/${token}%00/`],
    [`/${token}\0/`],
    [`/${token}?/`],
    [`/${token};a/`],
    [`/\u0161${token.slice(1)}/`],
    [`${token}/`],
    [`x${token}/`],
    [`?${token}/`],
    [`http://127.0.0.1:4000/${token}/`],
    [`//127.0.0.1:4000/${token}/`],
    ['*'],
    [`/${'x'.repeat(100)}/`],
  ])('refuses %j, which does not begin with the token', (url) => {
    expect(verdict({ url })).toEqual(refused);
  });

  it.each([['../'], ['..%2f'], ['%00'], ['\\..\\'], ['live?x'], ['live/'], ['x'.repeat(100)]])(
    'leaves the path %j as it is',
    (path) => {
      expect(verdict({ url: `/${token}/${path}` })).toEqual({ path });
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PATCH', 'get', ''])(
    'refuses the method %p',
    (method) => {
      expect(verdict({ method })).toEqual({ refused: 405 });
      expect(verdict({ method, url: '/' })).toEqual({ refused: 405 });
    },
  );

  it.each([
    ['127.0.0.1'],
    ['127.0.0.1:80'],
    ['127.1.2.3:4000'],
    ['localhost:4000'],
    ['LocalHost:4000'],
    ['[::1]:4000'],
    ['[::1]'],
    ['[0:0:0:0:0:0:0:1]:4000'],
    ['[FE80::1]:4000'],
    ['192.168.1.7:4000'],
    ['devbox:4000'],
    ['DevBox'],
  ])('answers for the host %p', (host) => {
    expect(verdict({ host: [host] })).toEqual(opened);
    expect(verdict({ host: [host], headers: [['Origin', `http://${host}`]] })).toEqual(opened);
  });

  it.each([
    [[]],
    [['']],
    [[':4000']],
    [['localhost.evil.com']],
    [['localhost.evil.com:4000']],
    [['evil.com:localhost']],
    [['127.0.0.1.nip.io:4000']],
    [['127.0.0.1.']],
    [['evil.com']],
    [['xn--lcalhost-54a']],
    [['user@127.0.0.1']],
    [['127.0.0.1@evil.com']],
    [['127.0.0.1:4000:4000']],
    [['127.0.0.1:123456']],
    [['127.0.0.1:-1']],
    [['127.0.0.1/evil.com']],
    [['::1']],
    [['::1:4000']],
    [['[::1']],
    [['[127.0.0.1]']],
    [['[localhost]']],
    [['[::1].evil.com']],
    [['devbox.evil.com']],
    [['127.0.0.1:4000', '127.0.0.1:4000']],
    [['127.0.0.1:4000', 'evil.com']],
    [['127.0.0.1:4000, evil.com']],
  ])('refuses the host %p', (host) => {
    expect(verdict({ host })).toEqual(refused);
  });

  it.each([
    ['null'],
    [''],
    ['http://127.0.0.1'],
    ['http://127.0.0.1:4001'],
    ['https://127.0.0.1:4000'],
    ['http://localhost:4000'],
    ['http://127.0.0.1:4000.evil.com'],
    ['http://127.0.0.1:4000/'],
    ['http://127.0.0.1:4000 http://evil.com'],
    ['http://evil.com'],
    ['chrome-extension://abcdef'],
  ])('refuses the origin %p', (origin) => {
    expect(verdict({ headers: [['Origin', origin]] })).toEqual(refused);
  });

  it('refuses two origins, even if one is right', () => {
    const right: [string, string] = ['origin', 'http://127.0.0.1:4000'];
    expect(verdict({ headers: [right] })).toEqual(opened);
    expect(verdict({ headers: [right, ['ORIGIN', 'http://evil.com']] })).toEqual(refused);
    expect(verdict({ headers: [right, right] })).toEqual(refused);
  });

  it.each([
    ['none', 'navigate', 'document', opened],
    ['same-origin', 'no-cors', 'script', opened],
    ['same-origin', 'websocket', 'websocket', opened],
    // somebody follows a link, in a chat say
    ['cross-site', 'navigate', 'document', opened],
    ['same-site', 'navigate', 'document', opened],
    ['cross-site', 'navigate', 'iframe', refused],
    ['cross-site', 'navigate', 'object', refused],
    ['cross-site', 'no-cors', 'script', refused],
    ['cross-site', 'no-cors', 'document', refused],
    ['cross-site', 'cors', 'empty', refused],
    ['cross-site', 'websocket', 'websocket', refused],
    // another port of this machine
    ['same-site', 'no-cors', 'style', refused],
    ['same-site', 'websocket', 'empty', refused],
    ['nonsense', 'cors', 'empty', refused],
    ['', 'cors', 'empty', refused],
    ['none, same-origin', 'cors', 'empty', refused],
  ])('of a request from %p, to %p a %p, says %p', (site, mode, dest, expected) => {
    const headers = [
      ['Sec-Fetch-Site', site],
      ['Sec-Fetch-Mode', mode],
      ['Sec-Fetch-Dest', dest],
    ] as const;
    expect(verdict({ headers })).toEqual(expected);
  });

  it('is not confused by headers with names that JavaScript knows', () => {
    const headers = [
      ['__proto__', 'http://evil.com'],
      ['constructor', 'x'],
      ['x-origin', 'http://evil.com'],
      ['x-value', 'origin'],
      ['x-other', 'host'],
    ] as const;
    expect(verdict({ headers })).toEqual(opened);
  });
});

describe('An inspector', () => {
  const statusOf = (answer: string): string => answer.slice(0, answer.indexOf('\r\n'));

  it.each([
    ['a wrong token', (path: string) => [`GET ${path.slice(0, -3)}AA/ HTTP/1.1`, 'Host: localhost'], '403 Forbidden'],
    ['a path that leads out', () => ['GET /../../package.json HTTP/1.1', 'Host: localhost'], '403 Forbidden'],
    ['a name of somebody else', (path: string) => [`GET ${path} HTTP/1.1`, 'Host: evil.com'], '403 Forbidden'],
    ['an absolute URL', (path: string) => [`GET http://localhost${path} HTTP/1.1`, 'Host: localhost'], '403 Forbidden'],
    ['two hosts', (path: string) => [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Host: evil.com'], '403 Forbidden'],
    ['no host', (path: string) => [`GET ${path} HTTP/1.1`], '400 Bad Request'],
    ['no host in HTTP/1.0', (path: string) => [`GET ${path} HTTP/1.0`], '403 Forbidden'],
    ['a NUL', (path: string) => [`GET ${path}\0 HTTP/1.1`, 'Host: localhost'], '400 Bad Request'],
    [
      'POST',
      (path: string) => [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 0'],
      '405 Method Not Allowed',
    ],
    [
      'a huge URL',
      (path: string) => [`GET ${path}${'x'.repeat(100_000)} HTTP/1.1`, 'Host: localhost'],
      '431 Request Header',
    ],
    ['no HTTP', () => ['hello'], '400 Bad Request'],
  ])('answers %s with a refusal that says nothing about it', async (_, request, status) => {
    const inspector = await inspect();
    const { token } = partsOf(inspector);
    const answer = await answerTo(inspector, [...request(`/${token}/`), 'Connection: close']);
    expect(statusOf(answer)).toContain(status);
    expect(answer).not.toContain(token);
    expect(answer).not.toMatch(/serverchart|inspect|node/i);
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4).length).toBeLessThan(20);
  });

  it('survives a header that breaks headersDistinct', async () => {
    const inspector = await inspect();
    const { token } = partsOf(inspector);
    const request = [`GET /${token}/chart.css HTTP/1.1`, 'Host: localhost', '__proto__: x', 'Connection: close'];
    expect(statusOf(await answerTo(inspector, request))).toBe('HTTP/1.1 200 OK');
  });

  it.each([
    ['another origin', { origin: 'http://evil.com' }, 403],
    ['no origin, as a page without one has it', { origin: 'null' }, 403],
    ['another host', { headers: { host: 'evil.com' } }, 403],
    ['another site', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'websocket' } }, 403],
  ])('refuses the WebSocket to %s', async (_, options, status) => {
    const inspector = await inspect();
    await expect(Page.open(inspector, options)).rejects.toThrow(`Unexpected server response: ${String(status)}`);
  });

  it('refuses the WebSocket to another token, and under another path', async () => {
    const inspector = await inspect();
    const { origin } = new URL(inspector.url);
    const wrong = { ...inspector, url: `${origin}/${'A'.repeat(32)}/` };
    await expect(Page.open(wrong)).rejects.toThrow('Unexpected server response: 403');
    await expect(Page.open({ ...inspector, url: `${inspector.url}x/` })).rejects.toThrow(
      'Unexpected server response: 404',
    );
  });

  it('takes the WebSocket of its own page, and of a program without an origin', async () => {
    const inspector = await inspect();
    const own = await Page.open(inspector, { origin: new URL(inspector.url).origin });
    const program = await Page.open(inspector);
    expect(await own.hear('hello')).toEqual({ type: 'hello', version: 1, context: false, payloads: false });
    expect(await program.hear('hello')).toEqual({ type: 'hello', version: 1, context: false, payloads: false });
  });

  it('refuses a malformed handshake', async () => {
    const inspector = await inspect();
    const { token } = partsOf(inspector);
    const start = [`GET /${token}/live HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade'];
    expect(statusOf(await answerTo(inspector, [...start, 'Upgrade: h2c']))).toContain('400');
    expect(statusOf(await answerTo(inspector, [...start, 'Upgrade: websocket', 'Sec-WebSocket-Key: x']))).toContain(
      '400',
    );
    expect(await Page.open(inspector)).toBeDefined();
  });
});
