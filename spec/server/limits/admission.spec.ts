import { describe, expect, it } from '@jest/globals';
import { serverCore, singleServer, type ServerCoreOptions } from '../../../server/index';
import { scenario, type Scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { Client } from '../../support/client';
import { emitted } from '../../support/events';
import { atEnd, connectClient, startServer } from '../../support/fixtures';
import { countsOf, storyOf } from '../../support/proxy/proxied';
import { Recorder } from '../../support/recorder';
import { assertServed } from '../../support/singleScenario';

type Core = Scenario<typeof serverCore>;
type Lists = Pick<ServerCoreOptions, 'allow' | 'deny'>;

async function start(options: Partial<ServerCoreOptions> = {}): Promise<{ s: Core; recorder: Recorder }> {
  const recorder = new Recorder();
  return { s: await scenario(serverCore, { protocol: recorder.protocol, ...options }), recorder };
}

describe('ServerCore with allow and deny', () => {
  it.each<[string, string, Lists]>([
    ['whom allow has', '192.0.2.1', { allow: ['192.0.2.1'] }],
    ['whom a block of allow has', '192.0.2.255', { allow: ['10.0.0.0/8', '192.0.2.0/24'] }],
    ['anybody, when deny is empty', '127.0.0.1', { deny: [] }],
    ['whom deny has not', '192.0.2.2', { deny: ['192.0.2.1'] }],
    ['whom allow has, and deny has not', '192.0.2.2', { allow: ['192.0.2.0/24'], deny: ['192.0.2.1'] }],
    ['IPv6', '2001:db8::1', { allow: ['2001:db8::/32'] }],
    ['IPv4, when IPv6 is denied', '192.0.2.1', { deny: ['::/0'] }],
    ['IPv4 that comes over IPv6', '::ffff:192.0.2.1', { allow: ['192.0.2.0/24'] }],
  ])('lets in %s', async (_, localAddress, lists) => {
    const { s, recorder } = await start(lists);
    await using stage = s;
    const client = await stage.client('client', { localAddress });
    await client.isOpen();
    expect(recorder.first.info.peer).toBe(localAddress);
  });

  it.each<[string, string, Lists]>([
    ['whom allow has not', '192.0.3.0', { allow: ['192.0.2.0/24'] }],
    ['anybody, when allow is empty', '127.0.0.1', { allow: [] }],
    ['whom deny has', '192.0.2.1', { deny: ['192.0.2.1'] }],
    ['whom deny has, and allow too', '192.0.2.1', { allow: ['192.0.2.0/24'], deny: ['192.0.2.1'] }],
    ['IPv6, when IPv4 is allowed', '2001:db8::1', { allow: ['0.0.0.0/0'] }],
    ['IPv4 that comes over IPv6', '::ffff:192.0.2.1', { deny: ['192.0.2.0/24'] }],
    ['a neighbour, whatever its link is called', 'fe80::1%eth0', { deny: ['fe80::/10'] }],
  ])('turns away %s, and tells us, not them', async (_, localAddress, lists) => {
    const { s, recorder } = await start({ ...lists, busyReply: 'not for them' });
    await using stage = s;
    const client = await stage.client('client', { localAddress });
    await client.isRejected('denied');
    await client.receivesNothing();
    expect(client.socket.destroyed).toBe(true);
    expect(s).toHaveEmitted({
      type: 'connection.rejected',
      info: expect.objectContaining({ id: 'connection:1', peer: localAddress, peerport: client.port }),
    });
    expect([recorder.handlers, storyOf(s), countsOf(s)]).toEqual([[], ['rejected connection:1 denied'], {}]);
    await s.send({ type: 'control.shutdownMicroprocess' });
    expect(s.output).toMatchObject({ connections: 0, rejected: 1 });
  });

  it('lets in the clients of a unix socket, who have no address', async () => {
    const { s } = await start({ path: '/run/server', allow: ['192.0.2.1'], deny: ['0.0.0.0/0', '::/0'] });
    await using stage = s;
    const client = await stage.client();
    await client.isOpen();
  });

  it('turns away who is denied also while it is full, and does not queue them', async () => {
    const { s } = await start({ maxConnections: 1, whenBusy: 'queue', deny: ['192.0.2.1'] });
    await using stage = s;
    await stage.client();
    await (await stage.client('denied', { localAddress: '192.0.2.1' })).isRejected('denied');
    expect(s.server.getSnapshot().context.queue).toHaveLength(0);
  });

  it('goes on with connections whose clients are denied afterwards, and with those that wait', async () => {
    const { s } = await start({ maxConnections: 1, whenBusy: 'queue' });
    await using stage = s;
    const [open, waits] = await stage.clients('open', 'waits');
    await s.send({ type: 'control.configure', options: { deny: ['127.0.0.1'] } });
    await (await s.client('late')).isRejected('denied');
    await open.isOpen();
    await open.resets();
    expect(waits.id).toBe('connection:2');
  });

  it('does so on TCP', async () => {
    const { server, port } = await startServer({ deny: ['127.0.0.2'] });
    const rejected = emitted(server, 'connection.rejected');
    const denied = await Client.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    atEnd(() => denied.destroy());
    expect(await rejected).toMatchObject({
      reason: 'denied',
      info: { peer: '127.0.0.2', peerport: denied.socket.localPort },
    });
    await denied.ended;
    const client = await connectClient({ port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
  });
});

describe('SingleServer with allow and deny', () => {
  it('turns away who is denied, idle or not, and serves the others', async () => {
    await using s = await scenario(singleServer, { deny: ['192.0.2.0/24'], allow: ['0.0.0.0/0'] });
    const denied = async (): Promise<void> =>
      (await s.client('denied', { localAddress: '192.0.2.1' })).isRejected('denied');
    await denied();
    expect(s.server).toBeInState('idle');
    const client = await s.client();
    await denied();
    await assertServed(s, client);
    await (await s.client('other', { localAddress: '::1' })).isRejected('denied');
    await (await s.client('busy')).isRejected('atCapacity');
  });
});

describe('What is looked at first', () => {
  const localAddress = '192.0.2.1';

  it('is the address, then how many connections it has, then the rate, then the places', async () => {
    const acceptRate = { perSecond: 0.001, burst: 1 };
    const { s } = await start({ maxConnections: 1, maxConnectionsPerPeer: 1, acceptRate, deny: ['192.0.2.2'] });
    await using stage = s;
    await stage.client('first', { localAddress });
    const steps = [
      [{ deny: [localAddress] }, 'denied'],
      [{ deny: [] }, 'peerLimit'],
      [{ maxConnectionsPerPeer: Infinity }, 'rateLimited'],
      [{ acceptRate: Infinity }, 'atCapacity'],
    ] as const;
    for (const [options, reason] of steps) {
      await s.send({ type: 'control.configure', options });
      const client = await s.client(reason, { localAddress });
      await client.isRejected(reason);
    }
  });

  it('is whether it is a proxy, before its address', async () => {
    const { s } = await start({ proxyProtocol: { trusted: [] }, deny: [localAddress] });
    await using stage = s;
    const client = await stage.client('client', { localAddress });
    await client.isRejected('untrustedProxy');
  });
});
