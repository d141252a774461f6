import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ConnectionOptions } from 'node:tls';
import { issue } from '../../support/tls/certificates';
import { OpensslClient } from '../../support/tls/openssl';
import { readAll, TlsServing } from '../../support/tls/tlsServing';

const a = issue('a.test');
const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const flags = ['-tls1_2', '-tls1_3'];
const mebibyte = 2 ** 20;

let serving: TlsServing;
beforeEach(async () => {
  serving = await TlsServing.start(a.pem);
});

describe.each(versions)('Bytes over %s', (version) => {
  const only: ConnectionOptions = { minVersion: version, maxVersion: version };

  it('wait for who reads them, those that came with the handshake too', async () => {
    const client = await serving.connect(only);
    client.write('at once');
    const { tls } = await serving.secured();
    // bytes that come in the next turns of the event loop come before anything listens for them
    await once(tls, 'readable');
    expect(String(tls.read())).toBe('at once');
  });

  it('arrive intact, 8 MiB each way at the same time', async () => {
    const [there, back] = [randomBytes(8 * mebibyte), randomBytes(8 * mebibyte)];
    const client = await serving.connect(only);
    await once(client, 'secureConnect');
    client.end(there);
    const { tls } = await serving.secured();
    tls.end(back);
    const [atServer, atClient] = await Promise.all([readAll(tls), readAll(client)]);
    expect(atServer.equals(there)).toBe(true);
    expect(atClient.equals(back)).toBe(true);
  });

  it('go on to a client that has ended its side', async () => {
    const client = await serving.connect(only);
    await once(client, 'secureConnect');
    client.end('question');
    const { tls } = await serving.secured();
    expect(String(await readAll(tls))).toBe('question');
    tls.write('a long ');
    tls.end('answer');
    expect(String(await readAll(client))).toBe('a long answer');
  });

  it('come from a client whose server has ended its side', async () => {
    const client = await serving.connect(only);
    const { raw, tls } = await serving.secured();
    tls.end('greeting');
    expect(String(await readAll(client))).toBe('greeting');
    client.end('thanks');
    expect(String(await readAll(tls))).toBe('thanks');
    if (!raw.closed) await once(raw, 'close');
  });
});

describe.each(flags)('With openssl s_client %s', (flag) => {
  it('bytes travel both ways', async () => {
    const client = new OpensslClient(serving.port, flag, '-quiet');
    const { tls } = await serving.secured();
    client.write('hello\n');
    const [data] = (await once(tls.resume(), 'data')) as [Buffer];
    expect(String(data)).toBe('hello\n');
    tls.end('goodbye\n');
    await client.prints('goodbye\n');
    expect(await client.exited).toBe(0);
  });

  it('8 MiB arrive intact', async () => {
    const client = new OpensslClient(serving.port, flag, '-quiet');
    const { tls } = await serving.secured();
    const line = 'The quick brown fox jumps over the lazy dog\n';
    const all = line.repeat((8 * mebibyte) / line.length);
    tls.end(all);
    expect(await client.exited).toBe(0);
    expect(client.output.endsWith(all)).toBe(true);
  });

  it('end() says close_notify behind the last byte, so that nothing can have been cut off', async () => {
    const client = new OpensslClient(serving.port, flag, '-ign_eof', '-msg');
    const { tls } = await serving.secured();
    tls.end('last words');
    expect(await client.exited).toBe(0);
    expect(client.output).toMatch(/last words[^]*<<< TLS 1\.[23], Alert[^\n]*warning close_notify/);
    expect(client.output).not.toContain('unexpected eof');
  });

  it('destroy() says no close_notify: the client learns that it was cut off', async () => {
    const client = new OpensslClient(serving.port, flag, '-ign_eof', '-msg');
    const { tls } = await serving.secured();
    await client.prints('Verify return code');
    tls.destroy();
    expect(await client.exited).toBe(1);
    expect(client.output).toContain('unexpected eof');
  });

  it("the client's close_notify is the end", async () => {
    const client = new OpensslClient(serving.port, flag);
    const { raw, tls } = await serving.secured();
    client.write('hello\n');
    client.end();
    expect(String(await readAll(tls))).toBe('hello\n');
    tls.end();
    expect(await client.exited).toBe(0);
    if (!raw.closed) await once(raw, 'close');
  });
});

describe('After the handshake', () => {
  it('the client may renew its keys', async () => {
    const client = new OpensslClient(serving.port, '-tls1_3');
    const { tls } = await serving.secured();
    client.write('K\n');
    await client.prints('KEYUPDATE');
    client.write('hello\n');
    const [data] = (await once(tls.resume(), 'data')) as [Buffer];
    expect(String(data)).toBe('hello\n');
  });

  it('the client may not renegotiate, and show another certificate', async () => {
    const client = new OpensslClient(serving.port, '-tls1_2');
    const { raw, tls } = await serving.secured();
    const failure = once(tls.resume(), 'error') as Promise<[NodeJS.ErrnoException]>;
    client.write('R\n');
    expect((await failure)[0].code).toBe('ERR_TLS_RENEGOTIATION_DISABLED');
    tls.destroy();
    if (!raw.closed) await once(raw, 'close');
  });

  it('what is no TLS record is an error of the TLS socket, once', async () => {
    const client = await serving.connectRaw();
    const encrypted = await serving.connect({}, client);
    const { tls } = await serving.secured();
    tls.write('hello');
    await once(encrypted, 'data');
    const errors: unknown[] = [];
    tls.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(code)).resume();
    const failed = new Promise((resolve) => tls.on('error', resolve));
    client.write('plain text');
    await failed;
    // Node 20 and 22 have different messages for this
    expect(errors).toEqual([expect.stringMatching(/^ERR_SSL_/)]);
  });

  it('a reset is an error of the TLS socket, once', async () => {
    const client = await serving.connectRaw();
    const encrypted = await serving.connect({}, client);
    const { tls } = await serving.secured();
    tls.write('hello');
    await once(encrypted, 'data');
    const errors: unknown[] = [];
    tls.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(code)).resume();
    const closed = new Promise((resolve) => tls.on('close', resolve));
    client.resetAndDestroy();
    await closed;
    expect(errors).toEqual(['ECONNRESET']);
  });

  it.each(['raw', 'tls'] as const)('destroying the %s socket closes both', async (which) => {
    await serving.connect();
    const upgrade = await serving.secured();
    const closed = Promise.all([once(upgrade.raw, 'close'), once(upgrade.tls, 'close')]);
    upgrade[which].destroy();
    await closed;
    expect([upgrade.raw.destroyed, upgrade.tls.destroyed]).toEqual([true, true]);
  });
});
