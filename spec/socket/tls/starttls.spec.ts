import { describe, expect, it, jest } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { emit, fromCallback, fromTransition } from 'xstate';
import { TlsUpgrader } from '../../../actors/socket/tls/tlsUpgrader';
import { mail } from '../../../examples/starttls';
import {
  setupProtocol,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
} from '../../../server/index';
import { ca } from '../../support/tls/certificates';
import { eventually } from '../../support/events';
import { OpensslClient } from '../../support/tls/openssl';
import { Recorder } from '../../support/recorder';
import { encrypt, kinds, TlsServer } from '../../support/tls/tlsServers';

/** More than the kernel's buffers on both sides can hold: Linux lets them grow to 36 MiB. */
const plain = Buffer.alloc(64 * 2 ** 20, 'x');
const makessl = { type: 'makessl' } as const;

/** A handler that starts TLS on request, and echoes everything else. */
const starttls = (): Recorder =>
  new Recorder((event, { write, emit: says }) => {
    if (event.type !== 'inbox') return;
    if (String(event.data) !== 'STARTTLS') write(event.data);
    else {
      write('go ahead');
      says(makessl);
    }
  });

const started = (kind: (typeof kinds)[number], protocol: Protocol): Promise<TlsServer> =>
  TlsServer.start(kind, protocol, { starttls: true, maxBufferedBytes: 2 * plain.length });

describe.each(kinds)('STARTTLS on a %s', (kind) => {
  it.each(['-tls1_2', '-tls1_3'])('works with openssl s_client -starttls smtp %s', async (version) => {
    const served = await started(kind, mail);
    const args = ['-CAfile', ca.certFile, '-verify_return_error', '-quiet', '-crlf', version];
    const client = new OpensslClient(served.port, '-starttls', 'smtp', ...args);
    client.write('EHLO me\nQUIT\n');
    await client.prints('250 mail.example\r\n221 Bye\r\n');
    expect(await client.exited).toBe(0);
    expect(await served.ended()).toMatchObject({ reason: 'handlerFinished' });
    expect(served.told).toEqual(['connection.opened', 'connection.closed']);
  });

  it('tells sslready after the handshake, with what that has found out', async () => {
    const recorder = starttls();
    const served = await started(kind, recorder.protocol);
    const raw = await served.connectRaw();
    expect(recorder.first.info.encrypted).toBe(false);
    await raw.send('STARTTLS');
    expect(await raw.receiveText('go ahead')).toBe('go ahead');
    expect(served.state()).toEqual({ open: 'upgrading' });
    expect(recorder.first.controls).toEqual([]);
    const client = encrypt(raw);
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
    const info = { ...recorder.first.info, encrypted: true, servername: 'a.test' };
    expect(recorder.first.controls).toEqual([{ type: 'sslready', info }]);
    expect(served.state()).toEqual({ open: 'flowing' });
    client.end();
    const { reason, bytesIn, bytesOut } = await served.ended();
    expect({ reason, bytesIn, bytesOut }).toEqual({
      reason: 'peerClosed',
      bytesIn: raw.socket.bytesWritten,
      bytesOut: raw.socket.bytesRead,
    });
  });

  it('sends what was written before makessl as plain text, and all else encrypted, in order', async () => {
    const recorder = new Recorder((event, { write, emit: says }) => {
      if (event.type === 'sslready') write('three');
      if (event.type !== 'inbox') return;
      write('plain');
      says(makessl);
      write('one ');
      write('two ');
    });
    const served = await started(kind, recorder.protocol);
    const raw = await served.connectRaw();
    await raw.send('STARTTLS');
    expect(await raw.receiveText('plain')).toBe('plain');
    const client = encrypt(raw);
    expect(await client.receiveText('one two three')).toBe('one two three');
  });

  it('waits until a slow reader has taken the plain text', async () => {
    const recorder = new Recorder();
    const served = await started(kind, recorder.protocol);
    const raw = await served.connectRaw();
    raw.socket.removeAllListeners('data').pause();
    recorder.first.write(plain);
    recorder.first.emit(makessl);
    recorder.first.write('encrypted');
    expect(served.state()).toEqual({ open: 'upgrading' });
    let received = 0;
    raw.socket.on('data', ({ length }) => (received += length)).resume();
    await eventually(() => received >= plain.length);
    // the client gets not a byte more
    expect(received).toBe(plain.length);
    const client = encrypt(raw);
    expect(await client.receiveText('encrypted')).toBe('encrypted');
    expect(recorder.first.controls.map(({ type }) => type)).toEqual([
      ...['control.noSpaceInBox', 'control.spaceInBox', 'sslready'],
    ]);
  });
});

describe('makessl', () => {
  it('is heard from a handler that has just started, before it writes on', async () => {
    const eager = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit: says }) => {
      says({ type: 'outbox', data: 'plain' });
      says(makessl);
      says({ type: 'outbox', data: 'encrypted' });
    });
    const served = await started('ServerCore', eager);
    const raw = await served.connectRaw();
    expect(await raw.receiveText('plain')).toBe('plain');
    const client = encrypt(raw);
    expect(await client.receiveText('encrypted')).toBe('encrypted');
    expect(String(raw.received)).toBe('');
  });

  it.each<[string, Protocol]>([
    [
      'a machine',
      setupProtocol().createMachine({
        initial: 'plain',
        states: {
          plain: { on: { inbox: { target: 'upgrading', actions: emit(makessl) } } },
          // the handler doesn't read here: bytes wait until sslready
          upgrading: { on: { sslready: 'encrypted' } },
          encrypted: { on: { inbox: { actions: 'reply' } } },
        },
      }),
    ],
    [
      'a callback',
      fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit: says, receive }) => {
        let isSafe = false;
        receive((event) => {
          if (event.type === 'sslready') isSafe = event.info.encrypted;
          if (event.type === 'inbox') says(isSafe ? { type: 'outbox', data: event.data } : makessl);
        });
      }),
    ],
    [
      'a transition',
      fromTransition<boolean, ProtocolEvent, never, undefined, ProtocolEmitted>((isSafe, event, { emit: says }) => {
        if (event.type === 'inbox') says(isSafe ? { type: 'outbox', data: event.data } : makessl);
        return isSafe || event.type === 'sslready';
      }, false) as unknown as Protocol,
    ],
  ])('works from %s', async (_, protocol) => {
    const served = await started('ServerCore', protocol);
    const raw = await served.connectRaw();
    await raw.send('STARTTLS');
    await eventually(() => isDeepStrictEqual(served.state(), { open: 'upgrading' }));
    const client = encrypt(raw);
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
  });

  it('said twice during an upgrade is one', async () => {
    const upgrade = jest.spyOn(TlsUpgrader.prototype, 'upgrade');
    const recorder = starttls();
    const served = await started('ServerCore', recorder.protocol);
    const raw = await served.connectRaw();
    await raw.send('STARTTLS');
    await raw.receiveText('go ahead');
    recorder.first.write('one ');
    recorder.first.emit(makessl);
    recorder.first.write('two');
    const client = encrypt(raw);
    expect(await client.receiveText('one two')).toBe('one two');
    await eventually(() => recorder.first.controls.length > 0);
    expect(recorder.first.controls.map(({ type }) => type)).toEqual(['sslready']);
    expect(upgrade).toHaveBeenCalledTimes(1);
    upgrade.mockRestore();
  });
});
