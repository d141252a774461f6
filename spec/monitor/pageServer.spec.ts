import { describe, expect, it } from '@jest/globals';
import { plain, servePages, type MakePage } from '../../server/monitor/pageServer';
import { atEnd, connectClient, knock, tooMuch } from '../support/fixtures';
import { ask } from '../support/scraping';
import { receiveToEnd } from '../support/serving';

describe('The server of /metrics, /livez and /readyz', () => {
  const serving = async (make: MakePage = () => plain(200, 'fine')): Promise<{ url: string; port: number }> => {
    const { url, stop } = await servePages(new Map([['/page', make]]), '127.0.0.1', 0);
    atEnd(stop);
    return { url, port: Number(new URL(url).port) };
  };

  it('serves a page anew for each request, whatever follows a question mark', async () => {
    let asked = 0;
    const { url } = await serving(() => plain(200, String((asked += 1))));
    expect(await ask(`${url}/page`)).toMatchObject({
      status: 200,
      text: '1\n',
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    });
    expect(await ask(`${url}/page?verbose=1`)).toMatchObject({ status: 200, text: '2\n' });
  });

  it('answers HEAD with the headers of GET', async () => {
    const { url } = await serving();
    const { status, text, headers } = await ask(`${url}/page`, 'HEAD');
    expect({ status, text, length: headers['content-length'] }).toEqual({ status: 200, text: '', length: '5' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const { url } = await serving();
    expect(await ask(`${url}/page`, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it.each(['/', '/page/', '/Page', '//page', '/../page', '/%70age', '/__proto__'])(
    'has nothing at %s',
    async (path) => {
      const { port } = await serving();
      const client = await connectClient(port);
      await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(await receiveToEnd(client)).toMatch(/^HTTP\/1\.1 404 [^]*\r\n\r\nThere is \/page\.\n$/);
    },
  );

  it('says nothing about a page that could not be made', async () => {
    const { url } = await serving(() => {
      throw new Error('secret');
    });
    expect(await ask(`${url}/page`)).toMatchObject({ status: 500, text: 'That went wrong.\n' });
  });

  it('answers one request a connection', async () => {
    let asked = 0;
    const { port } = await serving(() => plain(200, String((asked += 1))));
    const client = await connectClient(port);
    await client.send('GET /page HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
    const text = await receiveToEnd(client);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  });

  it('turns away garbage, and headers that are too long', async () => {
    const { port } = await serving();
    for (const [sent, status] of [
      ['\x16\x03\x01\x02', 400],
      [`GET /page HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`, 431],
    ] as const) {
      const client = await connectClient(port);
      await client.send(sent);
      expect(await receiveToEnd(client)).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    }
  });

  it('gives up on clients that never finish asking or reading, and serves others meanwhile', async () => {
    const large = tooMuch.toString('latin1');
    const pages = { '/page': 'fine', '/large': large };
    const { url, stop } = await servePages(
      new Map(Object.entries(pages).map(([path, text]) => [path, () => plain(200, text)])),
      '127.0.0.1',
      0,
      200,
    );
    atEnd(stop);
    const port = Number(new URL(url).port);
    const [silent, slow] = [await connectClient(port), await connectClient(port)];
    await slow.send('GET /page HTTP/1.1\r\nX: ');
    const trickle = setInterval(() => slow.socket.write('x'), 50);
    atEnd(() => {
      clearInterval(trickle);
    });
    expect((await ask(`${url}/page`)).status).toBe(200);
    await Promise.all([silent.closed, slow.closed]);
    const deaf = await connectClient(port);
    deaf.stopReading();
    await deaf.send('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    // Node gives a write that makes progress one more period; after the third period it has given up
    for (let n = 0; n < 3; n += 1) await (await connectClient(port)).closed;
    deaf.resumeReading();
    // only the bytes that the kernel had taken
    expect((await deaf.receiveAll()).length).toBeLessThan(large.length);
  });

  it('has 64 connections at most', async () => {
    const { port } = await serving();
    const clients = await Promise.all(Array.from({ length: 64 }, () => connectClient(port)));
    const late = await connectClient(port);
    expect(await late.closed).toMatch(/clean|ECONNRESET/);
    await clients[0]?.send('GET /page HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await receiveToEnd(clients[0] as never)).toContain('fine');
  });

  it('stops at once, whoever is connected', async () => {
    const { url, stop } = await servePages(new Map(), '127.0.0.1', 0);
    const port = Number(new URL(url).port);
    const [silent, asking] = [await connectClient(port), await connectClient(port)];
    await asking.send('GET /page HTTP/1.1\r\n');
    await stop();
    await Promise.all([silent.closed, asking.closed]);
    expect(await knock(port)).toBe('ECONNREFUSED');
  });

  it('names the port that is in use', async () => {
    const { port } = await serving();
    await expect(servePages(new Map(), '127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  });
});
