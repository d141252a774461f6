import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { createServerCore, createSingleServer, echo, type ServerCore, type SingleServer } from '../../server/index';
import type { TlsOptions } from '../../machines/options/tlsOptions';
import { ca, issue } from '../support/tls/certificates';
import { collect } from '../support/events';
import { atEnd } from '../support/fixtures';

const [first, second] = [issue('first.test').pem, issue('second.test').pem];
const bad = { key: first.key, cert: second.cert };

type Server = ServerCore | SingleServer;

const kinds: [string, (tls?: TlsOptions) => Server][] = [
  ['ServerCore', (tls) => createServerCore({ protocol: echo, port: 0, ...(tls && { tls }) })],
  ['SingleServer', (tls) => createSingleServer({ protocol: echo, port: 0, ...(tls && { tls }) })],
];

/** The name in the certificate that a server shows. */
async function nameShown(server: Server): Promise<string> {
  const options = { host: '127.0.0.1', port: server.address?.port ?? 0, ca: ca.pem.cert };
  const client = connect({ ...options, checkServerIdentity: () => undefined });
  await once(client, 'secureConnect');
  const { subject } = client.getPeerCertificate();
  client.end();
  await once(client, 'close');
  return String(subject.CN);
}

describe.each(kinds)("tlsReload of a %s's handle", (_, create) => {
  const start = async (tls?: TlsOptions): Promise<Server> => {
    const server = create(tls);
    atEnd(() => server.shutdown({ timeout: 0 }));
    await server.start();
    return server;
  };

  it('resolves once new handshakes have the new certificate', async () => {
    const server = await start(first);
    expect(await nameShown(server)).toBe('first.test');
    await server.tlsReload(second);
    expect(await nameShown(server)).toBe('second.test');
  });

  it('rejects with what is wrong, and nothing has changed', async () => {
    const server = await start(first);
    const said = collect<{ type: string; error?: unknown }>(server, 'server.tlsReloadFailed');
    const error: unknown = await server.tlsReload(bad).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidOptionError', option: 'tls' });
    expect(said).toEqual([{ type: 'server.tlsReloadFailed', error }]);
    expect(await nameShown(server)).toBe('first.test');
  });

  it('rejects when the server was made without tls', async () => {
    const server = await start();
    await expect(server.tlsReload(first)).rejects.toMatchObject({ option: 'tls', value: {} });
  });

  it('tells each call its own answer, and the last good one counts', async () => {
    const server = await start(first);
    const answers = [bad, second, bad].map((options) => server.tlsReload(options));
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect(await nameShown(server)).toBe('second.test');
  });

  it('rejects with ERR_SERVER_NOT_STARTED before the start', async () => {
    const server = create(first);
    await expect(server.tlsReload(second)).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_STARTED' });
    atEnd(() => server.shutdown({ timeout: 0 }));
    await server.start();
    expect(await nameShown(server)).toBe('first.test');
  });

  it('rejects with ERR_SERVER_CLOSED when the server ends before it is done', async () => {
    const server = await start(first);
    const reloading = server.tlsReload(second);
    server.actor.stop();
    await expect(reloading).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
  });

  it('rejects with ERR_SERVER_CLOSED after the end', async () => {
    const server = await start(first);
    await server.shutdown();
    await expect(server.tlsReload(second)).rejects.toMatchObject({
      code: 'ERR_SERVER_CLOSED',
      name: 'ServerchartError',
    });
  });

  it('leaves no listener behind', async () => {
    const server = await start(first);
    await server.tlsReload(second);
    await server.tlsReload(bad).catch(() => undefined);
    const { eventListeners } = server.actor as unknown as { readonly eventListeners: Map<string, Set<unknown>> };
    expect(eventListeners.get('server.tlsReloaded')?.size).toBe(0);
  });
});
