import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createServerCore,
  createSingleServer,
  echo,
  ListenError,
  ServerchartError,
  type ServerCore,
  type ServerCoreOptions,
  type SingleServer,
} from '../../server/index';
import { Child } from '../support/processes/child';
import { collect } from '../support/events';
import { atEnd, openClient, startServer } from '../support/fixtures';

type Place = Pick<ServerCoreOptions, 'host' | 'port' | 'path' | 'fd'>;

/** Starts another server on a port or a path. */
async function occupy(place: number | string): Promise<Server> {
  const other = typeof place === 'string' ? createServer().listen(place) : createServer().listen(place, '127.0.0.1');
  atEnd(async () => {
    other.close();
    await once(other, 'close');
  });
  await once(other, 'listening');
  return other;
}

const portOf = (server: Server): number => (server.address() as { port: number }).port;

/** Makes a folder for one spec. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'serverchart-'));
  atEnd(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

/** Starts a server that can't listen. Expects that the server reports it in every way, and leaves nothing behind. */
async function expectFailure(server: ServerCore | SingleServer): Promise<ListenError> {
  atEnd(() => server.actor.stop());
  const events = collect<{ type: string; error?: unknown }>(server);
  const error: unknown = await server.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toBeInstanceOf(ServerchartError);
  await expect(server.closed).rejects.toBe(error);
  await expect(server.start()).rejects.toBe(error);
  await expect(server.shutdown()).rejects.toBe(error);
  expect(events).toEqual([{ type: 'server.failed', error }]);
  expect(server.actor.getSnapshot()).toMatchObject({ status: 'error', error });
  expect(server.actor.system.getSnapshot()._scheduledEvents).toEqual({});
  return error as ListenError;
}

describe.each([
  ['ServerCore', (place: Place): ServerCore => createServerCore({ protocol: echo, ...place })],
  ['SingleServer', (place: Place): SingleServer => createSingleServer(place)],
])('%s fails with a ListenError', (_, create) => {
  const uncaught = jest.fn<(error: unknown) => void>();

  beforeEach(() => {
    process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);
  });

  afterEach(async () => {
    // XState throws an error from a timer if nothing has listened for it
    await new Promise((resolve) => setTimeout(resolve, 1));
    process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught);
    const [first] = uncaught.mock.calls;
    if (first !== undefined) throw new Error('Uncaught', { cause: first[0] });
  });

  it('EADDRINUSE when somebody listens on the port', async () => {
    const port = portOf(await occupy(0));
    const error = await expectFailure(create({ port }));
    expect(error).toMatchObject({
      name: 'ListenError',
      code: 'EADDRINUSE',
      address: '127.0.0.1',
      port,
      cause: { code: 'EADDRINUSE', syscall: 'listen', port },
      message: `Can't listen on 127.0.0.1 port ${String(port)}: another program is listening there (EADDRINUSE)`,
    });
  });

  it('EADDRINUSE when a server of this process listens on the port', async () => {
    const { server, port } = await startServer();
    await expectFailure(create({ port }));
    expect(server.actor.getSnapshot().status).toBe('active');
    await openClient({ server, port });
  });

  it('EADDRINUSE when there is something at the path, which stays', async () => {
    const path = join(folder(), 'server.sock');
    writeFileSync(path, 'precious');
    expect(await expectFailure(create({ path }))).toMatchObject({
      code: 'EADDRINUSE',
      address: path,
      port: 0,
      cause: { code: 'EADDRINUSE' },
    });
    expect(existsSync(path)).toBe(true);
  });

  it('EADDRNOTAVAIL when the address is not of this machine', async () => {
    // TEST-NET-1: no machine has this address (RFC 5737)
    expect(await expectFailure(create({ host: '192.0.2.1', port: 0 }))).toMatchObject({
      code: 'EADDRNOTAVAIL',
      address: '192.0.2.1',
      port: 0,
      cause: { code: 'EADDRNOTAVAIL' },
      message: "Can't listen on 192.0.2.1: this machine has no such address (EADDRNOTAVAIL)",
    });
  });

  it('ENOTFOUND when there is no such host', async () => {
    const error = await expectFailure(create({ host: 'no-such-host.invalid', port: 1601 }));
    expect(error).toMatchObject({ address: 'no-such-host.invalid', port: 1601 });
    // the second one without a network
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.code);
    expect(error.cause).toMatchObject({ code: error.code, syscall: 'getaddrinfo' });
    expect(error.message).toMatch(/^Can't listen on no-such-host\.invalid port 1601: /);
  });

  it.each(['1.2.3.4.5', '::g', 'a b', 'x'.repeat(300), '127.0.0.1:80', 'http://localhost'])(
    'when the host is %p',
    async (host) => {
      const error = await expectFailure(create({ host, port: 0 }));
      expect(error.address).toBe(host);
      expect(error.code).toMatch(/^E[A-Z_]+$/);
    },
  );

  it('ENOENT when the folder of the path is not there', async () => {
    const path = join(folder(), 'missing', 'server.sock');
    expect(await expectFailure(create({ path }))).toMatchObject({
      code: 'ENOENT',
      address: path,
      port: 0,
      message: `Can't listen on ${path}: no such file or folder (ENOENT)`,
    });
  });

  it('when the path is longer than the system can have', async () => {
    const path = join(folder(), 'x'.repeat(200));
    const error = await expectFailure(create({ path }));
    expect(error).toMatchObject({ address: path, port: 0 });
  });

  it('when the descriptor is not open, or no socket', async () => {
    const file = openSync(join(folder(), 'file'), 'w');
    atEnd(() => {
      closeSync(file);
    });
    for (const fd of [1_000_000, file]) {
      const error = await expectFailure(create({ fd }));
      expect(error).toMatchObject({ address: `file descriptor ${String(fd)}`, port: 0 });
      expect(error.code).toMatch(/^E[A-Z]+$/);
      expect(error.message).toContain(`Can't listen on file descriptor ${String(fd)}: `);
    }
  });

  it('EACCES when there is no permission', async () => {
    const place = folder();
    chmodSync(place, 0o555);
    // root may do anything, so the child becomes another user
    const child = new Child(`
      if (process.getuid?.() === 0) process.setuid(65534);
      const options = { protocol: serverchart.echo, path: ${JSON.stringify(join(place, 'server.sock'))} };
      const server = serverchart.create${_}(options);
      server.on('server.failed', ({ error }) => say(error.code));
      server.start().catch(({ name, code, address, port, message, cause }) => {
        say({ name, code, address, port, message, cause: cause.code });
      });
    `);
    const path = join(place, 'server.sock');
    expect(await child.hear()).toBe('EACCES');
    expect(await child.hear()).toEqual({
      name: 'ListenError',
      code: 'EACCES',
      address: path,
      port: 0,
      message: `Can't listen on ${path}: permission denied (EACCES)`,
      cause: 'EACCES',
    });
    // nothing keeps the process running
    child.dismiss();
    expect(await child.ended).toEqual({ code: 0, stderr: '' });
  });
});
