import { describe, expect, it } from '@jest/globals';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issue, type Certificate } from '../support/tls/certificates';
import type { Command } from '../support/processes/command';
import { installed } from '../support/processes/installation';
import { OpensslClient } from '../support/tls/openssl';

describe('The serverchart command, speaking TLS', () => {
  const installation = installed();
  const [first, second] = [issue('first.test'), issue('second.test')];

  const files = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem'] as const;

  const put = (folder: string, { certFile, keyFile }: Certificate): void => {
    copyFileSync(certFile, join(folder, 'cert.pem'));
    copyFileSync(keyFile, join(folder, 'key.pem'));
  };

  const echo = (certificate: Certificate, ...options: readonly string[]): { command: Command; folder: string } => {
    const folder = installation.project({});
    put(folder, certificate);
    return { command: installation.run(['echo', '--port', '0', ...files, ...options], folder), folder };
  };

  /** What `openssl s_client` prints about the server's certificate. */
  const certificateAt = async (port: number): Promise<string> => {
    const client = new OpensslClient(port, '-servername', 'first.test');
    client.write('Q\n');
    await client.exited;
    return /subject=CN ?= ?(\S+)/.exec(client.output)?.[1] ?? client.output;
  };

  it('says how to talk to it, and serves openssl s_client', async () => {
    const { command } = echo(first);
    const [port] = await command.line(/^Talk to it: +openssl s_client -quiet -connect 127\.0\.0\.1:(\d+)$/);
    const client = new OpensslClient(Number(port), '-quiet');
    client.write('hello\n');
    await client.prints('hello\n');
    await command.line(/^connection:1 opening from 127\.0\.0\.1 port \d+$/);
    await command.line(/^connection:1 opened from 127\.0\.0\.1 port \d+$/);
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('on SIGHUP takes the new certificate, without dropping anyone', async () => {
    const { command, folder } = echo(first);
    const port = await command.port();
    const staying = new OpensslClient(port, '-quiet');
    staying.write('before\n');
    await staying.prints('before\n');
    expect(await certificateAt(port)).toBe('first.test');
    put(folder, second);
    command.signal('SIGHUP');
    await command.line(/^New clients get the new certificate\.$/);
    expect(await certificateAt(port)).toBe('second.test');
    staying.write('after\n');
    await staying.prints('after\n');
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['there is none', undefined, /"command\.unreadable".*--tls-cert can't be read/],
    ['it is no good', 'x', /"server\.tlsReloadFailed".*OpenSSL/],
  ])('on SIGHUP keeps the old certificate when %s', async (_, text, expected) => {
    const { command, folder } = echo(first, '--log', 'json');
    const [port] = await command.line(/"server\.listening".*"port":(\d+)/);
    await command.line(/"command\.started".*"encrypted":true/);
    const file = join(folder, 'cert.pem');
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    command.signal('SIGHUP');
    await command.line(expected);
    expect(await certificateAt(Number(port))).toBe('first.test');
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it.each<[string[], RegExp]>([
    [['--tls-cert', first.certFile], /^serverchart: --tls-cert and --tls-key go together: there is no --tls-key\n$/],
    [['--tls-key', first.keyFile], /: there is no --tls-cert\n$/],
    [
      ['--tls-cert', './nowhere', '--tls-key', first.keyFile],
      /^serverchart: The file of --tls-cert can't be read: ENOENT[^\n]*nowhere'\n$/,
    ],
    [
      ['--tls-cert', first.certFile, '--tls-key', second.keyFile],
      /^serverchart: The files of --tls-cert and --tls-key must be what OpenSSL can use: [^\n]*mismatch[^\n]*\n$/,
    ],
  ])('says what is wrong with %j', async (args, expected) => {
    const { code, stdout, stderr } = await installation.run(['echo', '--port', '0', ...args]).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(expected);
  });
});
