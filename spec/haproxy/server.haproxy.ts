import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConnectionInfo, ServerCoreOptions } from '../../server/index';
import { ca, issue } from '../support/tls/certificates';
import type { Client } from '../support/client';
import { collect, emitted, eventually } from '../support/events';
import { connectClient, startServer, type StartedServer } from '../support/fixtures';
import { startHaproxy } from '../support/proxy/haproxy';
import { OpensslClient } from '../support/tls/openssl';
import { proxyProtocol } from '../support/proxy/proxied';

/** The HAProxies to stop: after their clients, and before their servers. */
const haproxies: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const haproxy of haproxies.splice(0)) await haproxy.stop();
});

interface ProxiedServer extends StartedServer {
  /** HAProxy's port, for clients. */
  readonly front: number;
}

/** Starts a server behind a HAProxy that listens on `host`. */
async function behind(
  option: string,
  options: Partial<ServerCoreOptions> = {},
  host = '127.0.0.1',
): Promise<ProxiedServer> {
  const started = await startServer({ proxyProtocol, ...options });
  const haproxy = await startHaproxy(
    `listen relay\n bind fd@4\n server s 127.0.0.1:${String(started.port)} ${option}`,
    [host],
  );
  haproxies.push(haproxy);
  const [front = 0] = haproxy.ports;
  return { ...started, front };
}

async function assertEchoed(client: Client): Promise<void> {
  await client.send('hello');
  expect(await client.receiveText('hello')).toBe('hello');
}

describe('A server behind HAProxy', () => {
  describe.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
    ['send-proxy-v2 proxy-v2-options crc32c', 2],
  ])('with %s', (option, version) => {
    it.each(['127.0.0.1', '::1'])('serves a client of %s, and knows who it is', async (host) => {
      const { server, front } = await behind(option, {}, host);
      const opened = emitted<ConnectionInfo>(server, 'connection.opened');
      const client = await connectClient({ port: front, host });
      await assertEchoed(client);
      const { localAddress, localPort } = client.socket;
      expect(await opened).toMatchObject({
        ...{ peer: localAddress, peerport: localPort, localip: host, localport: front, encrypted: false },
        proxy: { address: '127.0.0.1', version, isLocal: false },
      });
      const closed = emitted(server, 'connection.closed');
      client.end();
      expect(await closed).toMatchObject({ reason: 'peerClosed', bytesOut: 5 });
    });

    it('turns away the client that is denied, and serves another', async () => {
      const { server, front } = await behind(option, { deny: ['127.0.0.2'] });
      const rejected = emitted(server, 'connection.rejected');
      const denied = await connectClient({ port: front, host: '127.0.0.1', localAddress: '127.0.0.2' });
      expect(await rejected).toMatchObject({ reason: 'denied', info: { peer: '127.0.0.2' } });
      await denied.closed;
      await assertEchoed(await connectClient(front));
    });

    it('counts each client by itself, and not HAProxy, though one has its address', async () => {
      const { server, front } = await behind(option, { maxConnectionsPerPeer: 1 });
      const from = (localAddress: string): Promise<Client> =>
        connectClient({ port: front, host: '127.0.0.1', localAddress });
      const first = await from('127.0.0.1');
      await assertEchoed(first);
      await assertEchoed(await from('127.0.0.2'));
      const rejected = emitted(server, 'connection.rejected');
      const second = await from('127.0.0.1');
      expect(await rejected).toMatchObject({ reason: 'peerLimit', info: { peer: '127.0.0.1' } });
      await second.closed;
      const closed = emitted(server, 'connection.closed', ({ reason }: { reason: string }) => reason === 'peerClosed');
      first.end();
      await closed;
      await assertEchoed(await from('127.0.0.1'));
    });
  });

  it.each(['send-proxy', 'send-proxy-v2'])('takes health checks with %s for what they are', async (option) => {
    const started = await startServer({ proxyProtocol, maxConnectionsPerPeer: 1, deny: ['192.0.2.1'] });
    const events = collect<{ type: string; reason?: string }>(started.server);
    const back = `server s 127.0.0.1:${String(started.port)} ${option} check check-send-proxy inter 20`;
    haproxies.push(await startHaproxy(`backend back\n ${back}`));
    const checks = (): string[] =>
      events
        .filter(({ type }) => ['connection.closed', 'connection.rejected'].includes(type))
        .map(({ reason = '' }) => reason);
    await eventually(() => checks().length >= 10);
    // HAProxy resets such a connection right after the header, mostly before we can ask for its address
    expect(['gone', 'peerClosed', 'reset']).toEqual(expect.arrayContaining(checks()));
  });

  it('speaks TLS with a client that HAProxy only passes on', async () => {
    const { server, front } = await behind('send-proxy-v2', { tls: issue('a.test').pem });
    const opened = emitted(server, 'connection.opened');
    const verify = ['-CAfile', ca.certFile, '-verify_return_error', '-servername', 'a.test'];
    const client = new OpensslClient(front, '-quiet', ...verify);
    client.write('hello');
    await client.prints('hello');
    expect(await opened).toMatchObject({
      ...{ peer: '127.0.0.1', localport: front, encrypted: true, servername: 'a.test' },
      proxy: { version: 2 },
    });
  });

  it('takes no header from who comes past HAProxy', async () => {
    const { server, port, front } = await behind('send-proxy-v2');
    const rejected = emitted(server, 'connection.rejected');
    const forger = await connectClient({ port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    expect(await rejected).toMatchObject({ reason: 'untrustedProxy', info: { peer: '127.0.0.3' } });
    await forger.closed;
    await assertEchoed(await connectClient(front));
  });

  it('reports those that HAProxy brings without a header', async () => {
    const { server, front } = await behind('');
    const closed = emitted(server, 'connection.closed');
    const client = await connectClient(front);
    await client.send('hello');
    expect(await closed).toMatchObject({ reason: 'proxyFailed', error: { code: 'ERR_PROXY_HEADER' } });
    await client.closed;
  });
});
