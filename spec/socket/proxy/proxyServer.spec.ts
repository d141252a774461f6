import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario, type ScenarioOptions } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { emittedOf } from '../../support/boxes';
import { headers, proxied, proxyProtocol, storyOf, textHeader } from '../../support/proxy/proxied';
import { bytesOf, Recorder } from '../../support/recorder';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}, stage: ScenarioOptions = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, proxyProtocol, ...options }, stage);

const header = textHeader('192.0.2.1');

describe('ServerCore with proxyProtocol', () => {
  describe.each(headers)('given a header of %s', (_, bytes, told) => {
    it('tells who the client is, and then once that it is open', async () => {
      const recorder = new Recorder();
      await using s = await start({ protocol: recorder.protocol });
      const proxy = await s.client();
      const own = { peer: '127.0.0.1', peerport: proxy.port, localip: '127.0.0.1', localport: 1601 };
      expect(emittedOf(s, 'connection.opening')).toEqual([
        { type: 'connection.opening', id: 'connection:1', ...own, encrypted: false },
      ]);
      expect([recorder.handlers, proxy.id]).toEqual([[], undefined]);
      await proxy.sends(bytes);
      expect(recorder.first.info).toMatchObject({ id: 'connection:1', ...own, ...told });
      expect(recorder.first.info.proxy).toMatchObject({ address: '127.0.0.1', port: proxy.port });
      expect(emittedOf(s, 'connection.opened')).toEqual([{ type: 'connection.opened', ...recorder.first.info }]);
      expect(emittedOf(s, 'connection.opening')).toHaveLength(1);
      expect(proxy.id).toBe('connection:1');
    });

    it('loses nothing and doubles nothing, wherever the header is cut', async () => {
      await using s = await start({}, { split: 0 });
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const proxy = await s.client();
        if (cut > 0) await proxy.sends(bytes.subarray(0, cut));
        await proxy.sends(Buffer.concat([bytes.subarray(cut), Buffer.from('hello')]));
        await proxy.receives('hello');
        await proxy.sends('again');
        await proxy.receives('again');
        await proxy.receivesNothing();
        await proxy.ends();
        expect(await proxy.isClosed('peerClosed')).toMatchObject({ bytesIn: bytes.length + 10, bytesOut: 10 });
      }
    });

    it.each([0, 1, 2])('passes on %d bytes that come in one piece with it', async (count) => {
      const recorder = new Recorder();
      await using s = await start({ protocol: recorder.protocol }, { split: 0 });
      const proxy = await s.client();
      await proxy.sends(Buffer.concat([bytes, Buffer.alloc(count, 'x')]));
      await proxy.sends('!');
      expect(bytesOf(recorder.first.events).toString()).toBe(`${'x'.repeat(count)}!`);
    });

    it('takes it byte by byte', async () => {
      await using s = await start({}, { split: 0 });
      const proxy = await s.client();
      for (const byte of bytes) {
        await proxy.receivesNothing();
        await proxy.sends(Buffer.of(byte));
      }
      await proxy.sends('hello');
      await proxy.receives('hello');
    });
  });

  it('tells the version, and whether the proxy speaks for itself', async () => {
    const recorder = new Recorder();
    await using s = await start({ protocol: recorder.protocol });
    for (const [, bytes] of headers) await proxied(s, bytes);
    const said = headers.map(([name]) => ({
      version: name.includes('version 1') ? 1 : 2,
      isLocal: name.includes('itself'),
    }));
    expect(recorder.handlers.map(({ info }) => info.proxy)).toMatchObject(said);
  });

  it('passes on more than one read, and the end, that come right behind the header', async () => {
    const large = Buffer.alloc(300_000, '0123456789');
    await using s = await start();
    const proxy = await s.client();
    await Promise.all([proxy.sends(Buffer.concat([header, large])), proxy.ends()]);
    await proxy.receives(large);
    await proxy.receivesNothing();
    await proxy.isClosed('peerClosed');
  });

  it('opens a connection that ends right behind its header', async () => {
    await using s = await start();
    const proxy = await s.client();
    await Promise.all([proxy.sends(header), proxy.ends()]);
    await proxy.isClosed('peerClosed');
    expect(storyOf(s)).toEqual([
      'opening connection:1 127.0.0.1',
      'opened connection:1 192.0.2.1',
      'closed connection:1 peerClosed',
    ]);
  });

  it('reads no header twice: a second one is for the handler', async () => {
    await using s = await start();
    const proxy = await proxied(s, Buffer.concat([header, header]));
    await proxy.receives(header);
  });

  it('has each wait for its own header', async () => {
    await using s = await start();
    const [slow, quick] = await s.clients('slow', 'quick');
    await quick.sends(`${header.toString()}quick`);
    await quick.receives('quick');
    expect(s.server).toBeInState({ listening: 'accepting' });
    expect(s).toHaveConnections(1);
    await slow.sends(`${header.toString()}slow`);
    await slow.receives('slow');
    expect(s).toHaveConnections(2);
  });

  it('takes a place for a connection before its header has come', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
    const [silent, next] = await s.clients('silent', 'next');
    await next.sends(`${header.toString()}hello`);
    await next.receivesNothing();
    await silent.resets();
    await next.receives('hello');
    expect(storyOf(s).slice(1)).toEqual([
      'closed connection:1 reset',
      'opening connection:2 127.0.0.1',
      'opened connection:2 192.0.2.1',
    ]);
  });
});
