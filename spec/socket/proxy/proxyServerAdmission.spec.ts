import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { echo, serverCore, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario, type TestClient } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { countsOf, local, proxied, proxyProtocol, storyOf, textHeader, unknown } from '../../support/proxy/proxied';
import { binaryHeader, unixBlock } from '../../support/proxy/proxyHeaders';
import { Recorder } from '../../support/recorder';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, proxyProtocol, ...options });

const ada = textHeader('192.0.2.1');
const bob = textHeader('192.0.2.2');
const fromUnix = binaryHeader({ family: 0x31, addresses: unixBlock('/client', '/server') });

describe('ServerCore with proxyProtocol: the real client', () => {
  it('is turned away if it is denied, before it has a handler', async () => {
    const recorder = new Recorder();
    await using s = await start({ protocol: recorder.protocol, deny: ['192.0.2.1'], busyReply: 'not for them' });
    const proxy = await proxied(s, `${ada.toString()}hello`);
    await proxy.isRejected('denied');
    await proxy.isClosed('rejected');
    await proxy.receivesNothing();
    expect(storyOf(s)).toEqual([
      'opening connection:1 127.0.0.1',
      'rejected connection:1 denied',
      'closed connection:1 rejected',
    ]);
    expect(s).toHaveEmitted({
      type: 'connection.rejected',
      info: expect.objectContaining({ peer: '192.0.2.1', proxy: expect.objectContaining({ address: '127.0.0.1' }) }),
    });
    expect([recorder.handlers, s.connections, countsOf(s)]).toEqual([[], 0, {}]);
    await proxied(s, bob);
    expect(recorder.first.info.peer).toBe('192.0.2.2');
    await s.send({ type: 'control.shutdownMicroprocess' });
    // the client counts as a connection: it was accepted before its address was known
    expect(s.output).toMatchObject({ connections: 2, rejected: 0, reasons: { rejected: 1 } });
  });

  it.each<[string, Partial<ServerCoreOptions>, Buffer, boolean]>([
    ['whom allow has', { allow: ['192.0.2.0/31'] }, ada, true],
    ['whom allow has not', { allow: ['192.0.2.0/31'] }, bob, false],
    ['behind a proxy that is denied', { deny: ['127.0.0.0/8'] }, ada, true],
    ['behind a proxy that alone is allowed', { allow: ['127.0.0.0/8'] }, ada, false],
    ['a proxy that speaks for itself and is denied', { deny: ['127.0.0.0/8'] }, local, true],
    ['a proxy that speaks for itself and is not allowed', { allow: ['192.0.2.0/24'] }, local, true],
    ["whom its proxy doesn't know, with the proxy denied", { deny: ['127.0.0.0/8'] }, unknown, false],
    ["whom its proxy doesn't know, with the proxy allowed", { allow: ['127.0.0.0/8'] }, unknown, true],
    ["of the proxy's unix socket, with others allowed", { allow: ['192.0.2.0/24'] }, fromUnix, true],
    ["of the proxy's unix socket, with others denied", { deny: ['0.0.0.0/0', '::/0'] }, fromUnix, true],
  ])('%s', async (_, options, header, isLetIn) => {
    await using s = await start(options);
    const proxy = await proxied(s, header);
    if (isLetIn) await proxy.isOpen();
    else await proxy.isRejected('denied');
  });

  it('has maxConnectionsPerPeer, and again so many when they have gone', async () => {
    await using s = await start({ maxConnectionsPerPeer: 2 });
    for (let round = 0; round < 3; round += 1) {
      const admitted = [await proxied(s, ada), await proxied(s, ada)];
      const third = await proxied(s, ada);
      await third.isRejected('peerLimit');
      await third.isClosed('rejected');
      const other = await proxied(s, bob);
      expect(countsOf(s)).toEqual({ '192.0.2.1': 2, '192.0.2.2': 1 });
      for (const client of [...admitted, other]) {
        await client.isOpen();
        await client.ends();
      }
      expect(countsOf(s)).toEqual({});
    }
  });

  it('is one peer with all of its /64', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1 });
    await proxied(s, textHeader('2001:db8::1'));
    await (await proxied(s, textHeader('2001:db8::2'))).isRejected('peerLimit');
    await (await proxied(s, textHeader('2001:db8:0:1::1'))).isOpen();
    expect(countsOf(s)).toEqual({ '2001:db8:0:0::/64': 1, '2001:db8:0:1::/64': 1 });
  });

  it('may have the address of its proxy', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1 });
    const waiting = await s.clients('one', 'two', 'three');
    const first = await proxied(s, textHeader('127.0.0.1'));
    await first.isOpen();
    await (await proxied(s, textHeader('127.0.0.1'))).isRejected('peerLimit');
    for (const client of waiting) await client.isOpen();
    expect(countsOf(s)).toEqual({ '127.0.0.1': 1 });
    await first.ends();
    await (await proxied(s, unknown)).isOpen();
    await (await proxied(s, unknown)).isRejected('peerLimit');
  });

  it('counts with those that come directly from there', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1, proxyProtocol: { ...proxyProtocol, untrusted: 'direct' } });
    const direct = await s.client('direct', { localAddress: '192.0.2.1' });
    await (await proxied(s, ada)).isRejected('peerLimit');
    await direct.ends();
    await (await proxied(s, ada)).isOpen();
    await (await s.client('late', { localAddress: '192.0.2.1' })).isRejected('peerLimit');
    expect(countsOf(s)).toEqual({ '192.0.2.1': 1 });
  });

  it('is judged by the limits as they are when its header is there', async () => {
    await using s = await start();
    const proxy = await s.client();
    await s.send({ type: 'control.configure', options: { deny: ['192.0.2.1'] } });
    await proxy.sends(ada);
    await proxy.isRejected('denied');
  });

  it('takes a token of acceptRate when its proxy connects', async () => {
    await using s = await start({ acceptRate: { perSecond: 1, burst: 2 }, deny: ['192.0.2.1'] });
    await (await proxied(s, ada)).isClosed('rejected');
    await (await proxied(s, bob)).isOpen();
    await (await s.client()).isRejected('rateLimited');
    expect(s).toHaveConnections(1);
  });
});

describe('ServerCore with proxyProtocol: a proxy', () => {
  it('is not limited itself, however many of its connections wait, or are health checks', async () => {
    await using s = await start({ maxConnectionsPerPeer: 1 });
    const clients: TestClient[] = [];
    for (let n = 0; n < 5; n += 1) clients.push(await s.client(), await proxied(s, local));
    for (const client of clients) await client.isOpen();
    expect(countsOf(s)).toEqual({});
    for (const client of clients) await client.ends();
    expect(s.closed.map(({ reason }) => reason).toSorted()).toEqual([
      ...Array<string>(5).fill('peerClosed'),
      ...Array<string>(5).fill('proxyFailed'),
    ]);
    expect(countsOf(s)).toEqual({});
  });
});

/** What happens in a random story, to a client that may or may not exist. */
const happening = fc.record({
  what: fc.constantFrom('connects', 'connects', 'says', 'says', 'ends', 'resets', 'fails'),
  which: fc.nat(1_000),
  header: fc.constantFrom('192.0.2.1', '192.0.2.2', '127.0.0.1', 'LOCAL', 'UNKNOWN'),
});

const headerOf = (who: string): Buffer => (who === 'LOCAL' ? local : who === 'UNKNOWN' ? unknown : textHeader(who));
const peerOf: Readonly<Record<string, string | undefined>> = { LOCAL: undefined, UNKNOWN: '127.0.0.1' };

describe('The counts of real clients', () => {
  it('are those of a simple list, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 20, maxLength: 60 }), async (story) => {
        await using s = await start({ maxConnectionsPerPeer: 2 });
        let waiting: TestClient[] = [];
        let open: { client: TestClient; peer: string | undefined }[] = [];
        const count = (of: string): number => open.filter(({ peer }) => peer === of).length;
        for (const { what, which, header } of story) {
          const waits = waiting[which % (waiting.length || 1)];
          const opened = open[which % (open.length || 1)];
          if (what === 'connects') waiting.push(await s.client());
          else if (what === 'says' && waits !== undefined) {
            const peer = header in peerOf ? peerOf[header] : header;
            const isOneTooMany = peer !== undefined && count(peer) === 2;
            await waits.sends(headerOf(header));
            if (isOneTooMany) await waits.isRejected('peerLimit');
            else open.push({ client: waits, peer });
            waiting = waiting.filter((client) => client !== waits);
          } else if (what === 'fails' && waits !== undefined) {
            await waits.sends('GET');
            waiting = waiting.filter((client) => client !== waits);
          } else {
            const victim = which % 2 === 0 ? waits : opened?.client;
            await (what === 'ends' ? victim?.ends() : victim?.resets());
            waiting = waiting.filter((client) => client !== victim);
            open = open.filter(({ client }) => client !== victim);
          }
          const peers = open.flatMap(({ peer }) => peer ?? []);
          expect(countsOf(s)).toEqual(Object.fromEntries(peers.map((peer) => [peer, count(peer)])));
          expect(s).toHaveConnections(open.length);
        }
        await s.shutsDown();
        await s.advance(2_000);
        expect([countsOf(s), s.leftovers()]).toEqual([{}, []]);
      }),
      { numRuns: 20 },
    );
  });
});
