import { describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { ca, issue, issueByStranger } from '../../support/tls/certificates';
import { OpensslClient } from '../../support/tls/openssl';
import { isLeft, TlsServing } from '../../support/tls/tlsServing';

const a = issue('a.test');
const b = issue('b.test');
const alice = issue('alice');
const mallory = issueByStranger('mallory');
const versions = ['-tls1_2', '-tls1_3'];

describe('A TLS handshake', () => {
  it('gives a paused socket, and tells that it is encrypted', async () => {
    const serving = await TlsServing.start(a.pem);
    await serving.connect();
    const { tls, info } = await serving.secured();
    expect(info).toEqual({ encrypted: true, servername: 'a.test' });
    expect(tls.isPaused()).toBe(true);
    expect(tls.allowHalfOpen).toBe(true);
  });

  it("doesn't start Node's own time limit", async () => {
    const serving = await TlsServing.start(a.pem);
    await serving.connect();
    const { tls } = await serving.secured();
    // 0 would stand for a timer that was started and stopped again
    expect(tls.timeout).toBeUndefined();
  });

  it.each(versions)('works with openssl s_client %s', async (version) => {
    const serving = await TlsServing.start(a.pem);
    const client = new OpensslClient(serving.port, version, '-CAfile', ca.certFile, '-verify_return_error');
    const { tls, info } = await serving.secured();
    expect(info).toEqual({ encrypted: true });
    await client.prints('Verify return code: 0 (ok)');
    tls.end();
    expect(await client.exited).toBe(0);
  });

  it('shows the certificate that SNICallback chooses', async () => {
    const serving = await TlsServing.start({
      ...a.pem,
      SNICallback: (name, choose) => {
        choose(null, name === 'b.test' ? createSecureContext(b.pem) : undefined);
      },
    });
    for (const name of ['a.test', 'b.test']) {
      const client = new OpensslClient(serving.port, '-servername', name);
      const { tls, info } = await serving.secured();
      expect(info.servername).toBe(name);
      await client.prints(`subject=CN = ${name}`);
      tls.end();
      await client.exited;
    }
  });

  it('agrees on a protocol', async () => {
    const serving = await TlsServing.start({ ...a.pem, ALPNProtocols: ['irc', 'smtp'] });
    const client = new OpensslClient(serving.port, '-alpn', 'smtp,imap');
    const { tls, info } = await serving.secured();
    expect(info.alpn).toBe('smtp');
    await client.prints('ALPN protocol: smtp');
    tls.end();
    await client.exited;
  });

  it('asks ALPNCallback for the protocol', async () => {
    const asked: unknown[] = [];
    const serving = await TlsServing.start({
      ...a.pem,
      ALPNCallback: (question) => {
        asked.push(question);
        return 'imap';
      },
    });
    const client = await serving.connect({ ALPNProtocols: ['smtp', 'imap'] });
    expect((await serving.secured()).info.alpn).toBe('imap');
    expect(asked).toEqual([{ servername: 'a.test', protocols: ['smtp', 'imap'] }]);
    client.destroy();
  });
});

describe('A client certificate', () => {
  it.each(versions)('is told of with openssl s_client %s', async (version) => {
    const serving = await TlsServing.start({ ...a.pem, ca: ca.pem.cert, requestCert: true });
    const client = new OpensslClient(serving.port, version, '-cert', alice.certFile, '-key', alice.keyFile);
    const { tls, info } = await serving.secured();
    expect(info.authorized).toBe(true);
    expect(info.peerCertificate?.subject.CN).toBe('alice');
    tls.end();
    expect(await client.exited).toBe(0);
  });

  it('is told of when it is not accepted but not required either', async () => {
    const serving = await TlsServing.start({ ...a.pem, ca: ca.pem.cert, requestCert: true, rejectUnauthorized: false });
    await serving.connect(mallory.pem);
    const { info } = await serving.secured();
    expect(info.authorized).toBe(false);
    expect(info.peerCertificate?.subject.CN).toBe('mallory');
  });

  it('is missing when the client shows none and none is required', async () => {
    const serving = await TlsServing.start({ ...a.pem, ca: ca.pem.cert, requestCert: true, rejectUnauthorized: false });
    await serving.connect();
    expect((await serving.secured()).info).toEqual({ encrypted: true, servername: 'a.test' });
  });
});

describe('A TLS handshake that fails', () => {
  it.each([
    ['garbage', 'The quick brown fox', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['a plain HTTP request', 'GET / HTTP/1.1\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
  ])('for %s', async (_, bytes, code) => {
    const serving = await TlsServing.start(a.pem);
    const client = await serving.connectRaw();
    client.end(bytes);
    expect((await serving.failed()).code).toBe(code);
    await isLeft(client);
  });

  it("tells the client's words when it doesn't trust the certificate", async () => {
    const serving = await TlsServing.start(a.pem);
    const client = new OpensslClient(serving.port, '-verify_return_error', '-CAfile', mallory.certFile);
    expect((await serving.failed()).code).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
    expect(await client.exited).toBe(1);
  });

  it.each<[string, ConnectionOptions, string]>([
    ['no version in common', { maxVersion: 'TLSv1.2' }, 'ERR_SSL_UNSUPPORTED_PROTOCOL'],
    ['no cipher in common', { ciphers: 'TLS_AES_256_GCM_SHA384' }, 'ERR_SSL_NO_SHARED_CIPHER'],
    ['no protocol in common', { ALPNProtocols: ['imap'] }, 'ERR_SSL_NO_APPLICATION_PROTOCOL'],
  ])('for %s', async (_, client, code) => {
    const ciphers = 'TLS_AES_128_GCM_SHA256';
    const serving = await TlsServing.start({ ...a.pem, minVersion: 'TLSv1.3', ciphers, ALPNProtocols: ['smtp'] });
    await serving.connect(client);
    expect((await serving.failed()).code).toBe(code);
  });

  describe.each(versions)('with openssl s_client %s', (version) => {
    it('for no client certificate where one is required', async () => {
      const serving = await TlsServing.start({ ...a.pem, ca: ca.pem.cert, requestCert: true });
      const client = new OpensslClient(serving.port, version);
      expect((await serving.failed()).code).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
      expect(await client.exited).toBe(1);
    });

    it("for a client certificate that isn't accepted, with the reason", async () => {
      const serving = await TlsServing.start({ ...a.pem, ca: ca.pem.cert, requestCert: true });
      const client = new OpensslClient(serving.port, version, '-cert', mallory.certFile, '-key', mallory.keyFile);
      const error = await serving.failed();
      expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      expect(error.message).toBe("The client's certificate was not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE");
      await client.exited;
    });
  });

  it('when SNICallback gives what is no context, and the process lives on', async () => {
    const SNICallback = (_: string, choose: (error: null, context: never) => void): void => {
      choose(null, {} as never);
    };
    const serving = await TlsServing.start({ ...a.pem, SNICallback });
    await serving.connect();
    expect((await serving.failed()).message).toBe('Invalid SNI context');
  });

  it('with what SNICallback gives or throws', async () => {
    const problem = new Error('No such name');
    for (const SNICallback of [
      (_: string, choose: (error: Error) => void): void => {
        choose(problem);
      },
      (): void => {
        throw problem;
      },
    ]) {
      const serving = await TlsServing.start({ ...a.pem, SNICallback });
      await serving.connect();
      expect(await serving.failed()).toBe(problem);
    }
  });
});

describe('A TLS handshake that is broken off', () => {
  /** The beginning of a ClientHello. */
  const beginning = Buffer.from('160301', 'hex');

  it('fails once when the client ends its side, even if it may be half open', async () => {
    const serving = await TlsServing.start(a.pem);
    const client = await serving.connectRaw();
    client.end(beginning);
    expect((await serving.failed()).code).toBe('ECONNRESET');
    await isLeft(client);
    expect(serving.told).toHaveLength(1);
  });

  it('fails once when the client resets the connection', async () => {
    const serving = await TlsServing.start(a.pem);
    const client = await serving.connectRaw();
    client.write(beginning);
    client.resetAndDestroy();
    expect((await serving.failed()).code).toBe('ECONNRESET');
    expect(serving.told).toHaveLength(1);
  });

  it('fails once when we destroy the raw socket of a client that never says a word', async () => {
    const serving = await TlsServing.start(a.pem, (socket, upgrade) => {
      upgrade();
      setImmediate(() => socket.destroy());
    });
    const client = await serving.connectRaw();
    expect((await serving.failed()).code).toBe('ECONNRESET');
    await isLeft(client);
    expect(serving.told).toHaveLength(1);
  });

  it('fails once when we destroy the raw socket while SNICallback thinks, whatever that says afterwards', async () => {
    const raws: Socket[] = [];
    let answer: (error: Error | null) => void = () => undefined;
    const SNICallback = (_: string, choose: typeof answer): void => {
      answer = choose;
      for (const raw of raws) raw.destroy();
    };
    const serving = await TlsServing.start({ ...a.pem, SNICallback }, (socket, upgrade) => {
      raws.push(socket);
      upgrade();
    });
    await serving.connect();
    expect((await serving.failed()).code).toBe('ECONNRESET');
    answer(null);
    expect(serving.told).toHaveLength(1);
  });

  it.each<[string, (socket: Socket, upgrade: () => void) => void]>([
    [
      'was destroyed',
      (socket, upgrade) => {
        socket.destroy();
        upgrade();
      },
    ],
    ['has closed', (socket, upgrade) => void socket.destroy().on('close', upgrade)],
  ])('fails, later, for a socket that %s before', async (_, before) => {
    const serving = await TlsServing.start(a.pem, (socket, upgrade) => {
      before(socket, () => {
        upgrade();
        expect(serving.told).toHaveLength(0);
      });
    });
    const client = await serving.connectRaw();
    expect((await serving.failed()).code).toBe('ECONNRESET');
    await isLeft(client);
    expect(serving.told).toHaveLength(1);
  });
});
