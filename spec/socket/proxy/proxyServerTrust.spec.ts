import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { echo, serverCore, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { emittedOf } from '../../support/boxes';
import { emitted } from '../../support/events';
import { atEnd, connectClient, startServer } from '../../support/fixtures';
import { countsOf, headers, storyOf, textHeader } from '../../support/proxy/proxied';
import { Recorder } from '../../support/recorder';

type Core = Scenario<typeof serverCore>;
type Trust = Omit<NonNullable<ServerCoreOptions['proxyProtocol']>, 'maxHeaderBytes'>;

const start = (proxyProtocol: Trust, options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, proxyProtocol, ...options });

const header = textHeader('192.0.2.1');

describe('Whom a server with proxyProtocol believes', () => {
  it.each([
    ['an address', '192.0.2.7', ['192.0.2.7']],
    ['a block', '192.0.2.7', ['10.0.0.0/8', '192.0.2.0/24']],
    ['an IPv6 block', '2001:db8::7', ['2001:db8::/32']],
    ['an IPv4 address that comes over IPv6', '::ffff:192.0.2.7', ['192.0.2.0/24']],
  ])('is told by %s', async (_, localAddress, trusted) => {
    await using s = await start({ trusted });
    const proxy = await s.client('proxy', { localAddress });
    await proxy.sends(header);
    expect(emittedOf(s, 'connection.opened')).toMatchObject([{ peer: '192.0.2.1', proxy: { address: localAddress } }]);
  });

  it.each([
    ['the next address', '192.0.2.8', ['192.0.2.7']],
    ['the address behind the block', '192.0.3.0', ['192.0.2.0/24']],
    ['the other family', '::1', ['0.0.0.0/0']],
    ['anybody, when nobody is trusted', '127.0.0.1', []],
  ])('is not %s', async (_, localAddress, trusted) => {
    const recorder = new Recorder();
    await using s = await start({ trusted }, { protocol: recorder.protocol, busyReply: 'not for them' });
    const forger = await s.client('forger', { localAddress });
    await forger.isRejected('untrustedProxy');
    await forger.receivesNothing();
    expect(s).toHaveEmitted({
      type: 'connection.rejected',
      reason: 'untrustedProxy',
      info: expect.objectContaining({ id: 'connection:1', peer: localAddress }),
    });
    expect([recorder.handlers, countsOf(s), storyOf(s)]).toEqual([[], {}, ['rejected connection:1 untrustedProxy']]);
  });

  it.each(headers)("with untrusted 'direct', is nobody else: a header of %s is bytes as any", async (_, forged) => {
    const recorder = new Recorder();
    await using s = await start({ trusted: ['192.0.2.7'], untrusted: 'direct' }, { protocol: recorder.protocol });
    const forger = await s.client('forger');
    // such a connection doesn't wait for a header
    const { info, events } = recorder.first;
    expect([info.peer, info.peerport, info.proxy]).toEqual(['127.0.0.1', forger.port, undefined]);
    await forger.sends(forged);
    expect(Buffer.concat(events.map((event) => (event.type === 'inbox' ? event.data : Buffer.alloc(0))))).toEqual(
      forged,
    );
    expect(storyOf(s)).toEqual(['opened connection:1 127.0.0.1']);
  });

  it("tells proxies from clients that come directly, with untrusted 'direct'", async () => {
    await using s = await start({ trusted: ['192.0.2.7'], untrusted: 'direct' });
    const direct = await s.client('direct');
    const proxy = await s.client('proxy', { localAddress: '192.0.2.7' });
    await proxy.sends(`${header.toString()}hello`);
    await proxy.receives('hello');
    await direct.sends('hello');
    await direct.receives('hello');
    expect(storyOf(s)).toEqual([
      'opened connection:1 127.0.0.1',
      'opening connection:2 192.0.2.7',
      'opened connection:2 192.0.2.1',
    ]);
  });
});

describe('A client that was gone before its address was asked for', () => {
  /** The server's events about such a client. */
  const localAddress = '0.0.0.0';

  it.each([
    ['proxyProtocol', { proxyProtocol: { trusted: ['0.0.0.0/0'] } }],
    ["proxyProtocol with untrusted 'direct'", { proxyProtocol: { trusted: ['127.0.0.1'], untrusted: 'direct' } }],
    ['allow', { allow: ['0.0.0.0/0'] }],
    ['deny', { deny: ['192.0.2.1'] }],
  ] as const)(
    'is rejected as gone, not as unwelcome, and nobody gets what it has left, with %s',
    async (_, options) => {
      const recorder = new Recorder();
      await using s = await scenario(serverCore, { protocol: recorder.protocol, ...options });
      const client = await s.client('gone', { localAddress });
      await client.isRejected('gone');
      expect([recorder.handlers, countsOf(s)]).toEqual([[], {}]);
    },
  );

  it('is served if nothing depends on its address', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const client = await s.client('gone', { localAddress });
    await client.isOpen();
  });
});

describe('Whom a server with proxyProtocol believes on a unix socket', () => {
  it.each(['reject', 'direct'] as const)('is everybody who may open it, with untrusted %j', async (untrusted) => {
    await using s = await start({ trusted: [], untrusted }, { path: '/run/server' });
    const proxy = await s.client('proxy');
    await proxy.sends(`${header.toString()}hello`);
    await proxy.receives('hello');
    expect(emittedOf(s, 'connection.opened')).toMatchObject([
      { peer: '192.0.2.1', localip: '198.51.100.2', proxy: { address: '', port: 0 } },
    ]);
    expect(storyOf(s)).toEqual(['opening connection:1 ', 'opened connection:1 192.0.2.1']);
  });

  it('is nobody without a header', async () => {
    await using s = await start({ trusted: [], untrusted: 'direct' }, { path: '/run/server' });
    const proxy = await s.client('proxy');
    await proxy.sends('hello');
    await proxy.isClosed('proxyFailed');
  });

  it('is the same on a real one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serverchart-'));
    atEnd(() => {
      rmSync(folder, { recursive: true });
    });
    const path = join(folder, 'server.sock');
    // a path replaces the port
    const { server } = await startServer({ path, port: undefined, proxyProtocol: { trusted: [] } } as never);
    const opened = emitted(server, 'connection.opened');
    const client = await connectClient({ path });
    await client.send(`${header.toString()}hello`);
    expect(await client.receiveText('hello')).toBe('hello');
    expect(await opened).toMatchObject({ peer: '192.0.2.1', proxy: { address: '', port: 0 } });
  });
});
