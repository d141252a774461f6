import { describe, expect, it } from '@jest/globals';
import { TLSSocket } from 'node:tls';
import type { TlsOptions } from '../../../machines/options/tlsOptions';
import { issue } from '../../support/tls/certificates';
import type { Client } from '../../support/client';
import { emitted } from '../../support/events';
import { Recorder } from '../../support/recorder';
import { a, encrypt, kinds, TlsServer } from '../../support/tls/tlsServers';

const renewed = issue('a.test');

const answering = (): Recorder =>
  new Recorder((event, { write }) => {
    if (event.type === 'inbox') write(event.data);
  });

const serial = ({ socket }: Client): string =>
  socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : '';

async function isEchoed(client: Client): Promise<boolean> {
  await client.send('hello');
  return (await client.receiveText('hello')) === 'hello';
}

describe.each(kinds)('control.tlsReload of %s', (kind) => {
  it('gives new clients the new certificate, while those that are there go on', async () => {
    const served = await TlsServer.start(kind, answering().protocol);
    const first = await served.connect();
    const before = serial(first);
    await served.server.tlsReload(renewed.pem);
    expect(served.events.at(-1)).toEqual({ type: 'server.tlsReloaded' });
    expect(await isEchoed(first)).toBe(true);
    first.end();
    await served.ended();
    const second = await served.connect();
    expect(await isEchoed(second)).toBe(true);
    expect(serial(second)).not.toBe(before);
  });

  it('lets a handshake that has begun end as it began', async () => {
    const served = await TlsServer.start(kind, answering().protocol);
    const raw = await served.connectRaw();
    const opened = emitted(served.server, 'connection.opened');
    const client = encrypt(raw);
    served.server.send({ type: 'control.tlsReload', options: issue('b.test').pem });
    await opened;
    expect(await isEchoed(client)).toBe(true);
  });

  it.each<[string, TlsOptions]>([
    ['a key of another certificate', { key: a.pem.key, cert: renewed.pem.cert }],
    ['no certificate', { requestCert: true }],
    ['no options', undefined as never],
  ])('changes nothing for %s, and tells', async (_, options) => {
    const served = await TlsServer.start(kind, answering().protocol);
    const failed = emitted<{ error: Error }>(served.server, 'server.tlsReloadFailed');
    served.server.send({ type: 'control.tlsReload', options });
    const { error } = await failed;
    expect(error).toMatchObject({ name: 'InvalidOptionError' });
    expect(error.message).not.toContain('PRIVATE KEY');
    const client = await served.connect();
    expect(await isEchoed(client)).toBe(true);
    expect(served.events.map(({ type }) => type)).not.toContain('server.tlsReloaded');
  });

  it('fails where there is no tls', async () => {
    const served = await TlsServer.start(kind, answering().protocol, { tls: undefined as never });
    const failed = emitted<{ error: Error }>(served.server, 'server.tlsReloadFailed');
    served.server.send({ type: 'control.tlsReload', options: renewed.pem });
    expect((await failed).error).toMatchObject({ name: 'InvalidOptionError', option: 'tls' });
  });
});
