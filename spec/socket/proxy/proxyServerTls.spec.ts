import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { emit } from 'xstate';
import { createSingleServer, echo, serverCore, setupProtocol, type ServerCoreOptions } from '../../../server/index';
import { scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { ca, issue } from '../../support/tls/certificates';
import { emitted } from '../../support/events';
import { atEnd, connectClient, startServer, type StartedServer } from '../../support/fixtures';
import { proxyProtocol, textHeader, withHead } from '../../support/proxy/proxied';

const tls = issue('a.test').pem;
const header = textHeader('192.0.2.1');
const trusting = { ca: ca.pem.cert, servername: 'a.test' };

const start = (options: Partial<ServerCoreOptions> = {}): Promise<StartedServer> =>
  startServer({ proxyProtocol, tls, ...options });

/** A proxy's connection, and its bytes that leave together with the ClientHello. */
async function connectTls(port: number, head: Buffer): Promise<TLSSocket> {
  const { socket: raw } = await connectClient(port);
  raw.removeAllListeners('data');
  const client = connect({ ...trusting, socket: withHead(raw, head) });
  atEnd(() => client.destroy());
  return client;
}

async function assertEchoed(client: TLSSocket): Promise<void> {
  client.write('hello');
  const [data] = (await once(client, 'data')) as [Buffer];
  expect(String(data)).toBe('hello');
}

describe('A PROXY header before TLS', () => {
  it('is taken off the packet that the handshake begins in', async () => {
    const { server, port } = await start();
    const opening = emitted(server, 'connection.opening');
    const opened = emitted(server, 'connection.opened');
    const client = await connectTls(port, header);
    await assertEchoed(client);
    expect(await opening).toMatchObject({ peer: '127.0.0.1', encrypted: false });
    expect(await opened).toMatchObject({
      ...{ peer: '192.0.2.1', localip: '198.51.100.2', encrypted: true, servername: 'a.test' },
      proxy: { address: '127.0.0.1', version: 1 },
    });
  });

  it('may come before the handshake', async () => {
    const { port } = await start();
    const raw = await connectClient(port);
    await raw.send(header);
    raw.socket.removeAllListeners('data');
    const client = connect({ ...trusting, socket: raw.socket });
    await assertEchoed(client);
    client.destroy();
  });

  it('serves a SingleServer too, which keeps what is written until the handshake is done', async () => {
    const server = createSingleServer({ port: 0, proxyProtocol, tls });
    atEnd(() => server.shutdown({ timeout: 0 }));
    const { port } = await server.start();
    server.send({ type: 'inbox', data: 'welcome' });
    const client = await connectTls(port, header);
    const [data] = (await once(client, 'data')) as [Buffer];
    expect(String(data)).toBe('welcome');
  });

  it('is no TLS itself: without one, the handshake is what ends with proxyFailed', async () => {
    const { server, port } = await start();
    const closed = emitted(server, 'connection.closed');
    const client = await connectTls(port, Buffer.alloc(0));
    client.on('error', () => undefined);
    expect(await closed).toMatchObject({
      reason: 'proxyFailed',
      error: { message: 'Invalid PROXY header: the first byte is 0x16, with which no version begins' },
    });
  });

  it('tells who it is that fails at TLS', async () => {
    const { server, port } = await start();
    const closed = emitted(server, 'connection.closed');
    const client = await connectClient(port);
    await client.send(Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\n\r\n')]));
    expect(await closed).toMatchObject({ reason: 'tlsFailed' });
  });

  it('turns away who is denied before it costs a handshake', async () => {
    const { server, port } = await start({ deny: ['192.0.2.0/24'] });
    const rejected = emitted(server, 'connection.rejected');
    const closed = emitted<{ bytesOut: number }>(server, 'connection.closed');
    const client = await connectTls(port, header);
    client.on('error', () => undefined);
    expect(await rejected).toMatchObject({ reason: 'denied', info: { peer: '192.0.2.1', encrypted: false } });
    expect(await closed).toMatchObject({ reason: 'rejected', bytesOut: 0 });
  });

  it('shares openTimeout with the handshake', async () => {
    await using s = await scenario(serverCore, { protocol: echo, proxyProtocol, tls, openTimeout: 1_000 });
    const proxy = await s.client();
    await s.advance(600);
    await proxy.sends(header);
    expect(s.actor('connection:1')).toBeInState({ opening: 'handshaking' });
    await s.advance(399);
    await proxy.isOpen();
    await s.advance(1);
    expect(await proxy.isClosed('openTimeout')).toMatchObject({ durationMs: 1_000 });
  });
});

/** A handler that speaks TLS on request, and echoes. */
const upgrading = setupProtocol()
  .extend({
    guards: { asksForTls: ({ event }) => event.type === 'inbox' && String(event.data) === 'STARTTLS' },
    actions: { startTls: emit({ type: 'makessl' }) },
  })
  .createMachine({
    id: 'upgrading',
    on: {
      inbox: [
        { guard: 'asksForTls', actions: [{ type: 'reply', params: { data: 'go ahead' } }, 'startTls'] },
        { actions: 'reply' },
      ],
    },
  });

describe('A PROXY header before STARTTLS', () => {
  it('is followed by plain text, then by TLS', async () => {
    const { server, port } = await start({ starttls: true, protocol: upgrading });
    const opened = emitted(server, 'connection.opened');
    const raw = await connectClient(port);
    await raw.send(`${header.toString()}hello`);
    expect(await raw.receiveText('hello')).toBe('hello');
    expect(await opened).toMatchObject({ peer: '192.0.2.1', encrypted: false });
    await raw.send('STARTTLS');
    await raw.receiveText('go ahead');
    raw.socket.removeAllListeners('data');
    const client = connect({ ...trusting, socket: raw.socket });
    await assertEchoed(client);
    client.destroy();
  });
});
