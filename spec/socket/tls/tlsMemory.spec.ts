import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { memoryNetwork } from '../../../server/testing/index';
import { issue } from '../../support/tls/certificates';
import { isLeft, readAll, TlsServing } from '../../support/tls/tlsServing';

const a = issue('a.test');

describe('TLS on a network in memory', () => {
  it('makes a handshake, and carries bytes both ways', async () => {
    const serving = await TlsServing.start({ ...a.pem, ALPNProtocols: ['smtp'] }, undefined, memoryNetwork());
    const client = await serving.connect({ ALPNProtocols: ['smtp'] });
    const { tls, info } = await serving.secured();
    expect(info).toEqual({ encrypted: true, servername: 'a.test', alpn: 'smtp' });
    expect(tls.isPaused()).toBe(true);
    const [there, back] = [randomBytes(2 ** 20), randomBytes(2 ** 20)];
    client.write(there);
    tls.write(back);
    client.end();
    tls.end();
    const [atServer, atClient] = await Promise.all([readAll(tls), readAll(client)]);
    expect(atServer.equals(there)).toBe(true);
    expect(atClient.equals(back)).toBe(true);
  });

  it('goes on to a client that has ended its side', async () => {
    const serving = await TlsServing.start(a.pem, undefined, memoryNetwork());
    const client = await serving.connect();
    await once(client, 'secureConnect');
    client.end('question');
    const { raw, tls } = await serving.secured();
    expect(String(await readAll(tls))).toBe('question');
    if (!raw.readableEnded) await once(raw, 'end');
    tls.end('answer');
    expect(String(await readAll(client))).toBe('answer');
  });

  it('fails for garbage', async () => {
    const serving = await TlsServing.start(a.pem, undefined, memoryNetwork());
    const client = await serving.connectRaw();
    client.write('The quick brown fox');
    expect((await serving.failed()).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    await isLeft(client);
    expect(serving.told).toHaveLength(1);
  });

  it('fails when the client ends its side', async () => {
    const serving = await TlsServing.start(a.pem, undefined, memoryNetwork());
    const client = await serving.connectRaw();
    client.end();
    expect((await serving.failed()).code).toBe('ECONNRESET');
    await isLeft(client);
    expect(serving.told).toHaveLength(1);
  });

  it('fails when the raw socket is destroyed', async () => {
    const serving = await TlsServing.start(
      a.pem,
      (socket, upgrade) => {
        upgrade();
        setImmediate(() => socket.destroy());
      },
      memoryNetwork(),
    );
    const client = await serving.connectRaw();
    expect((await serving.failed()).code).toBe('ECONNRESET');
    await isLeft(client);
  });
});
