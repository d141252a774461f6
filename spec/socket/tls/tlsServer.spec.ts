import { describe, expect, it } from '@jest/globals';
import { SimulatedClock } from 'xstate';
import { createSingleServer } from '../../../server/index';
import { ca, issue } from '../../support/tls/certificates';
import { Client } from '../../support/client';
import { emitted } from '../../support/events';
import { OpensslClient } from '../../support/tls/openssl';
import { bytesOf, Recorder } from '../../support/recorder';
import { turn } from '../../support/serving';
import { a, encrypt, kinds, TlsServer } from '../../support/tls/tlsServers';

const alice = issue('alice');

const echo = (): Recorder =>
  new Recorder((event, { write }) => {
    if (event.type === 'inbox') write(event.data);
  });

describe.each(kinds)('%s with tls', (kind) => {
  it('shakes hands before the handler starts, and then tells who is there', async () => {
    const recorder = echo();
    const served = await TlsServer.start(kind, recorder.protocol, {
      tls: { ...a.pem, ca: ca.pem.cert, requestCert: true, ALPNProtocols: ['irc', 'smtp'] },
    });
    const silent = await served.connectRaw();
    expect(served.state()).toEqual({ opening: 'handshaking' });
    expect(recorder.handlers).toHaveLength(0);
    const opened = emitted(served.server, 'connection.opened');
    encrypt(silent, { ...alice.pem, ALPNProtocols: ['smtp'] });
    const info = {
      id: 'connection:1',
      peer: '127.0.0.1',
      peerport: silent.socket.localPort,
      encrypted: true,
      alpn: 'smtp',
      servername: 'a.test',
      authorized: true,
    };
    expect(await opened).toMatchObject({ type: 'connection.opened', ...info });
    expect(recorder.first.info).toMatchObject(info);
    expect(recorder.first.info.peerCertificate?.subject.CN).toBe('alice');
    expect(served.events.filter(({ type }) => type === 'connection.opening')).toEqual([
      expect.objectContaining({ id: 'connection:1', encrypted: false }),
    ]);
    expect(served.told).toEqual(['connection.opening', 'connection.opened']);
  });

  it('talks to openssl s_client', async () => {
    const served = await TlsServer.start(kind, echo().protocol);
    const args = ['-CAfile', ca.certFile, '-verify_return_error', '-servername', 'a.test'];
    const client = new OpensslClient(served.port, ...args);
    client.write('hello\n');
    await client.prints('\nhello\n');
    // close_notify
    client.end();
    expect(await served.ended()).toMatchObject({ reason: 'peerClosed' });
    expect(await client.exited).toBe(0);
  });

  it('gives up after openTimeout on a client that never says a word', async () => {
    const recorder = echo();
    const clock = new SimulatedClock();
    const served = await TlsServer.start(kind, recorder.protocol, { openTimeout: 1_000, clock });
    const client = await served.connectRaw();
    clock.increment(999);
    await turn();
    expect(served.state()).toEqual({ opening: 'handshaking' });
    clock.increment(1);
    expect(await served.ended()).toStrictEqual({
      type: 'connection.closed',
      id: 'connection:1',
      reason: 'openTimeout',
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 1_000,
    });
    await client.ended;
    expect(client.received).toHaveLength(0);
    expect(recorder.handlers).toHaveLength(0);
    expect(served.told).toEqual(['connection.opening', 'connection.closed']);
  });

  it('forgets openTimeout once the handshake is done', async () => {
    const clock = new SimulatedClock();
    const served = await TlsServer.start(kind, echo().protocol, { openTimeout: 1_000, clock });
    const client = await served.connect();
    clock.increment(60_000);
    await turn();
    await client.send('still here');
    expect(await client.receiveText('still here')).toBe('still here');
  });

  it('ends with tlsFailed for garbage, and serves the next one', async () => {
    const served = await TlsServer.start(kind, echo().protocol);
    const client = await served.connectRaw();
    await client.send('EHLO example.test\r\n');
    const end = await served.ended();
    expect(end).toMatchObject({ reason: 'tlsFailed', bytesIn: 19 });
    expect(end.error).toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    const next = await served.connect();
    await next.send('hello');
    expect(await next.receiveText('hello')).toBe('hello');
  });

  describe('given a handshake that stalls', () => {
    const stalled = async (): Promise<{ served: TlsServer; client: Client; recorder: Recorder }> => {
      const recorder = echo();
      const served = await TlsServer.start(kind, recorder.protocol);
      const client = await served.connectRaw();
      // the beginning of a ClientHello
      await client.send(Buffer.from('160301', 'hex'));
      return { served, client, recorder };
    };

    it.each([
      ['control.serverShutdown', 'serverShutdown'],
      ['control.shutdownMicroprocess', 'aborted'],
    ] as const)('%s ends it at once', async (type, reason) => {
      const { served, client, recorder } = await stalled();
      served.server.send({ type });
      const summary = await served.server.closed;
      expect(summary).toMatchObject({ connections: 1, reasons: { [reason]: 1 }, drained: [{ reason }] });
      await Promise.race([client.ended, client.closed]);
      expect(recorder.handlers).toHaveLength(0);
    });

    it('closes with the server that is stopped', async () => {
      const { served, client } = await stalled();
      served.server.actor.stop();
      await Promise.race([client.ended, client.closed]);
      expect(served.told).toEqual(['connection.opening']);
    });

    it.each([
      ['resets', (client: Client): unknown => client.reset()],
      ['ends its side', (client: Client): unknown => client.end()],
    ])('ends with tlsFailed when the client %s', async (_, leave) => {
      const { served, client, recorder } = await stalled();
      leave(client);
      const end = await served.ended();
      expect(end).toMatchObject({ reason: 'tlsFailed', error: { code: 'ECONNRESET' } });
      expect(recorder.handlers).toHaveLength(0);
      expect(served.state()).toBeUndefined();
    });
  });
});

describe('SingleServer without a protocol, with tls', () => {
  it('keeps what is for the client until the handshake is done', async () => {
    await using server = createSingleServer({ port: 0, tls: a.pem });
    const { port } = await server.start();
    server.send({ type: 'inbox', data: 'one ' });
    const opening = emitted(server, 'connection.opening');
    const raw = await Client.connect(port);
    await opening;
    server.send({ type: 'inbox', data: 'two ' });
    const opened = emitted(server, 'connection.opened');
    const client = encrypt(raw);
    await opened;
    server.send({ type: 'inbox', data: 'three' });
    server.send({ type: 'control.producerFinished' });
    await client.ended;
    expect(String(client.received)).toBe('one two three');
    client.end();
    await client.closed;
  });
});

describe('Bytes that come with the handshake', () => {
  it('reach the handler, which is started after them', async () => {
    const recorder = echo();
    const served = await TlsServer.start('ServerCore', recorder.protocol);
    const client = encrypt(await served.connectRaw());
    await client.send('at once');
    expect(await client.receiveText('at once')).toBe('at once');
    expect(String(bytesOf(recorder.first.events))).toBe('at once');
  });
});
