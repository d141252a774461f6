import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { InvalidOptionError } from '../../../machines/vocabulary/errors';
import type { TlsOptions } from '../../../machines/options/tlsOptions';
import { ca, issue } from '../../support/tls/certificates';
import { OpensslClient } from '../../support/tls/openssl';
import { TlsServing } from '../../support/tls/tlsServing';

const [old, renewed, b] = [issue('a.test'), issue('a.test'), issue('b.test')];
const alice = issue('alice');

describe('A reload of TLS options', () => {
  it('shows the new certificate to new clients, while a connection of before goes on', async () => {
    const serving = await TlsServing.start(old.pem);
    const first = await serving.connect();
    const { tls } = await serving.secured();
    tls.pipe(tls);
    serving.upgrader.reload(renewed.pem);
    const second = await serving.connect();
    await serving.secured();
    const serials = [first, second].map((client) => client.getPeerCertificate().serialNumber);
    expect(new Set(serials).size).toBe(2);
    first.write('still here');
    expect(String(((await once(first, 'data')) as [Buffer])[0])).toBe('still here');
  });

  it('replaces all options, not only the certificate', async () => {
    const serving = await TlsServing.start({ ...old.pem, ALPNProtocols: ['smtp'] });
    serving.upgrader.reload({ ...b.pem, ALPNProtocols: ['imap'], ca: ca.pem.cert, requestCert: true });
    const args = ['-alpn', 'imap,smtp', '-cert', alice.certFile, '-key', alice.keyFile];
    const client = new OpensslClient(serving.port, ...args);
    const { tls, info } = await serving.secured();
    expect(info).toMatchObject({ alpn: 'imap', authorized: true });
    await client.prints('subject=CN = b.test');
    tls.end();
    await client.exited;
  });

  it('lets a handshake that has begun end as it began', async () => {
    const serving = await TlsServing.start(old.pem, (_, upgrade) => {
      upgrade();
      serving.upgrader.reload(b.pem);
    });
    const client = await serving.connect();
    await serving.secured();
    expect(client.getPeerCertificate().subject.CN).toBe('a.test');
  });

  it.each<[string, TlsOptions]>([
    ['a key of another certificate', { key: old.pem.key, cert: renewed.pem.cert }],
    ['a broken certificate', { key: old.pem.key, cert: 'rubbish' }],
    ['no certificate', { ticketKeys: Buffer.alloc(48) }],
  ])('changes nothing for %s', async (_, bad) => {
    const serving = await TlsServing.start({ ...old.pem, ALPNProtocols: ['smtp'] });
    expect(() => {
      serving.upgrader.reload({ ...bad, ALPNProtocols: ['imap'] });
    }).toThrow(InvalidOptionError);
    await serving.connect({ ALPNProtocols: ['imap', 'smtp'] });
    expect((await serving.secured()).info.alpn).toBe('smtp');
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('A session of %s', (version) => {
  const only = { minVersion: version, maxVersion: version };

  /** Connects a client, which says bye once it has its TLS session. */
  async function sessionOf(serving: TlsServing): Promise<Buffer> {
    const client = await serving.connect({ ...only, ...alice.pem });
    const came = once(client, 'session') as Promise<[Buffer]>;
    await serving.secured();
    return (await came)[0];
  }

  async function reconnect(serving: TlsServing, session: Buffer): Promise<TLSSocket> {
    await serving.connect({ ...only, ...alice.pem, session });
    return (await serving.secured()).tls;
  }

  it("is resumed, and still has the client's certificate", async () => {
    const serving = await TlsServing.start({ ...old.pem, ca: ca.pem.cert, requestCert: true });
    const session = await sessionOf(serving);
    await serving.connect({ ...only, session });
    const { tls, info } = await serving.secured();
    expect(tls.isSessionReused()).toBe(true);
    expect(info.authorized).toBe(true);
    expect(info.peerCertificate?.subject.CN).toBe('alice');
  });

  it('is not resumed after a reload: whom to trust may have changed', async () => {
    const serving = await TlsServing.start(old.pem);
    const session = await sessionOf(serving);
    serving.upgrader.reload(old.pem);
    expect((await reconnect(serving, session)).isSessionReused()).toBe(false);
  });

  it('is resumed after a reload that keeps the ticket keys', async () => {
    const options = { ...old.pem, ticketKeys: Buffer.alloc(48, 7) };
    const serving = await TlsServing.start(options);
    const session = await sessionOf(serving);
    serving.upgrader.reload(options);
    expect((await reconnect(serving, session)).isSessionReused()).toBe(true);
  });
});
