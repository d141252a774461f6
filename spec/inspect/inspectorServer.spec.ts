import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, parse } from 'node:path';
import { Hub } from '../../server/inspect/hub/hub';
import type { InspectorOptions } from '../../server/inspect/web/inspectorOptions';
import type { DefinitionRecord } from '../../server/inspect/records';
import { startInspector } from '../../server/inspect/web/startInspector';
import { InvalidOptionError, ListenError } from '../../server/index';
import { Child } from '../support/processes/child';
import { atEnd, connectClient, knock, startServer } from '../support/fixtures';
import { answerTo, inspect, Page, partsOf } from '../support/inspect/inspecting';
import { root } from '../support/root';

const folder = join(root, 'server/inspect/page');

/** What starting it is refused for. */
async function refusalOf(options: unknown): Promise<InvalidOptionError> {
  const error: unknown = await startInspector(new Hub(), options as InspectorOptions).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidOptionError);
  return error as InvalidOptionError;
}

describe("An inspector's options", () => {
  it('have defaults: any port of 127.0.0.1, and a token that nobody can guess', async () => {
    const [one, other] = [await inspect(), await inspect()];
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
    expect(partsOf(other).token).not.toBe(partsOf(one).token);
    expect(partsOf(other).port).not.toBe(partsOf(one).port);
  });

  it.each([
    ['port', 65_536],
    ['port', '80'],
    ['host', ''],
    ['host', 7],
    ['token', ''],
    ['token', 'x'.repeat(15)],
    ['token', 'x'.repeat(129)],
    ['token', `${'x'.repeat(20)}/`],
    ['token', `${'x'.repeat(20)}\n`],
    ['token', `..${'x'.repeat(20)}`],
    ['token', 'ä'.repeat(20)],
    ['token', null],
    ['stately', ''],
    ['stately', 'stately.ai'],
    ['stately', 'javascript:alert(1)'],
    ['stately', 'file:///tmp/x'],
    ['stately', 'data:text/html,x'],
    ['prot', 80],
  ])('are refused: %s %p', async (option, value) => {
    expect((await refusalOf({ [option]: value })).option).toBe(option);
  });

  it.each([
    '0.0.0.0',
    '::',
    '192.168.1.7',
    'localhost.evil.com',
    '126.255.255.255',
    '128.0.0.1',
    '127.evil.com',
    '::2',
  ])('need a token for the host %s, which others may reach', async (host) => {
    const { option, message } = await refusalOf({ host });
    expect(option).toBe('host');
    expect(message).toContain('a loopback address, unless a token is given');
  });

  it.each(['127.0.0.1', '127.3.2.1', 'localhost', 'LOCALHOST'])('need none for the host %s', async (host) => {
    const { url } = await inspect(new Hub(), { host });
    expect((await fetch(`${url}chart.css`)).status).toBe(200);
  });

  it('take a token, and a host that others can reach', async () => {
    const token = 'known-to-all_of_us';
    const { url } = await inspect(new Hub(), { host: '0.0.0.0', token });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/known-to-all_of_us\/$/);
    expect((await fetch(`${url}chart.css`)).status).toBe(200);
  });

  it('are all that there is', async () => {
    await expect(startInspector(new Hub(), null as never)).rejects.toThrow(InvalidOptionError);
  });
});

describe('An inspector', () => {
  it.each([
    ['', 'text/html; charset=utf-8', /^<!doctype html>/i],
    ['stately', 'text/html; charset=utf-8', /^<!doctype html>/i],
    ['chart.css', 'text/css; charset=utf-8', /\.state/],
    ['page.css', 'text/css; charset=utf-8', /\{/],
    ['statelyMessages', 'text/javascript; charset=utf-8', /^export class StatelyMessages /m],
    ['stately.json', 'application/json; charset=utf-8', /^\{"url":"https:\/\/stately\.ai\/inspect"\}$/],
  ])('serves %p', async (path, type, content) => {
    const { url } = await inspect();
    const answer = await fetch(url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(await answer.text()).toMatch(content);
  });

  it('serves every module of the pages without types, under the name that others import it by', async () => {
    const { url } = await inspect();
    const modules = readdirSync(folder).filter((file) => file.endsWith('.ts'));
    expect(modules.length).toBeGreaterThan(3);
    for (const file of modules) {
      const text = await (await fetch(url + parse(file).name)).text();
      expect(text).not.toMatch(/\b(interface|readonly|import type)\b.*[{;]$/m);
      for (const [, name = ''] of text.matchAll(/from '\.\/([^']+)'/g))
        expect(existsSync(join(folder, `${name}.ts`))).toBe(true);
    }
  });

  it.each([
    'index',
    'index.html',
    'main.ts',
    'tsconfig',
    'tsconfig.json',
    'live',
    '..',
    '%2e%2e/gate',
    'constructor',
    '?',
  ])('has nothing at %p', async (path) => {
    const inspector = await inspect();
    const { token } = partsOf(inspector);
    const answer = await answerTo(inspector, [
      `GET /${token}/${path} HTTP/1.1`,
      'Host: localhost',
      'Connection: close',
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('adds the slash that somebody forgot', async () => {
    const { url } = await inspect();
    const answer = await fetch(url.slice(0, -1), { redirect: 'manual' });
    expect(answer.status).toBe(308);
    expect(new URL(answer.headers.get('location') ?? '', url).href).toBe(url);
  });

  it.each(['', 'chart.css', 'nothing', '../wrong-token/'])('allows %p nothing from elsewhere', async (path) => {
    const { url } = await inspect();
    const { headers } = await fetch(url + path);
    const policy = headers.get('content-security-policy')?.split('; ') ?? [];
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
  });

  it('lets its bridge show the Stately Inspector, and open it', async () => {
    const { url } = await inspect(new Hub(), { stately: 'http://localhost:5678/some/path?query' });
    const { headers } = await fetch(`${url}stately`);
    expect(headers.get('content-security-policy')).toMatch(/; frame-src http:\/\/localhost:5678$/);
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin-allow-popups');
    expect(await (await fetch(`${url}stately.json`)).json()).toEqual({ url: 'http://localhost:5678/some/path?query' });
  });

  it('fails with a ListenError when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    atEnd(async () => {
      other.close();
      await once(other, 'close');
    });
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const error: unknown = await startInspector(new Hub(), { port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.1', port });
  });

  it('stops once and for all: closes what is open, and frees the port', async () => {
    const inspector = await inspect();
    const { port } = partsOf(inspector);
    const page = await Page.open(inspector);
    const idle = await connectClient(port);
    const unfinished = await connectClient(port);
    await unfinished.send('GET / HTTP/1.1\r\nHost: ');
    await Promise.all([inspector.stop(), inspector.stop()]);
    expect(await knock(port)).toBe('ECONNREFUSED');
    expect(await page.closed).toBe(1001);
    expect(await idle.closed).toBe('clean');
    expect(await unfinished.closed).toMatch(/^(clean|ECONNRESET)$/);
    await inspector.stop();
    const next = await inspect(new Hub(), { port });
    await inspector.stop();
    expect((await fetch(`${next.url}chart.css`)).status).toBe(200);
  });

  it('stops when its scope is left', async () => {
    let url: string;
    {
      await using inspector = await startInspector(new Hub());
      ({ url } = inspector);
      expect((await fetch(url)).status).toBe(200);
    }
    expect(await knock(Number(new URL(url).port))).toBe('ECONNREFUSED');
  });

  it('has a neighbour, of another hub', async () => {
    const [one, other] = [new Hub(), new Hub()];
    other.attach((await startServer()).server.actor);
    const inspectors = [await inspect(one), await inspect(other)] as const;
    const page = await Page.open(inspectors[1]);
    expect(await page.record(({ type }) => type === 'born')).toMatchObject({ name: 'serverCore' });
    await inspectors[1].stop();
    expect(await (await Page.open(inspectors[0])).hear('hello')).toMatchObject({ version: 1 });
  });

  it('does not keep a program running, not even while somebody looks', async () => {
    const child = new Child(`
      const { Hub } = require('./server/inspect/hub/hub.ts');
      const { startInspector } = require('./server/inspect/web/startInspector.ts');
      const server = serverchart.createServerCore({ protocol: serverchart.echo, port: 0 });
      const hub = new Hub();
      hub.attach(server.actor);
      server.start().then(() => startInspector(hub)).then(({ url }) => say(url));
      process.stdin.resume().on('end', () => server.shutdown());
    `);
    const url = (await child.hear()) as string;
    const page = await Page.open({ url } as never);
    expect(await page.record(({ type }) => type === 'born')).toMatchObject({ name: 'serverCore' });
    page.say({ type: 'watch', ids: [], auto: 1 });
    const { id } = await page.record((record): record is DefinitionRecord => record.type === 'definition');
    page.say({ type: 'chart', definition: id });
    child.dismiss();
    expect(await child.ended).toEqual({ code: 0, stderr: '' });
    expect(await page.closed).toBe(1006);
    // it was begun, and nobody waited for it
    await expect(page.hear('chart')).rejects.toThrow('Closed while waiting');
  });
});
