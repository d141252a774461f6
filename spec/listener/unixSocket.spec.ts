import { beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerCore, createSingleServer, echo, type ConnectionInfo } from '../../server/index';
import { Child } from '../support/processes/child';
import { Client } from '../support/client';
import { emitted } from '../support/events';
import { atEnd, connectClient, handler, knock } from '../support/fixtures';

const noted: ConnectionInfo[] = [];
/** Records the handlers' events. */
const noting = handler(({ input }) => {
  noted.push(input);
});

describe('ServerCore listens on a unix socket', () => {
  let path: string;

  beforeEach(() => {
    noted.length = 0;
    const folder = mkdtempSync(join(tmpdir(), 'serverchart-'));
    path = join(folder, 'server.sock');
    atEnd(() => {
      rmSync(folder, { recursive: true });
    });
  });

  const start = async (options: object = {}): Promise<ReturnType<typeof createServerCore>> => {
    const server = createServerCore({ protocol: noting, path, ...options });
    atEnd(() => server.shutdown());
    await server.start();
    return server;
  };

  const connect = async (): Promise<Client> => {
    const client = await Client.connect({ path, allowHalfOpen: false });
    atEnd(() => client.destroy());
    return client;
  };

  it('that is there while it listens, and removed when it has ended', async () => {
    const server = await start();
    expect(server.address).toEqual({ address: path, port: 0 });
    expect(statSync(path).isSocket()).toBe(true);
    await server.shutdown();
    expect(existsSync(path)).toBe(false);
    await expect(connect()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('and tells handlers its path', async () => {
    const server = await start();
    const opened = emitted(server, 'connection.opened');
    await connect();
    await opened;
    expect(noted).toEqual([
      { id: 'connection:1', peer: '', peerport: 0, localip: path, localport: 0, encrypted: false },
    ]);
  });

  it('and serves there', async () => {
    const server = await start({ protocol: echo });
    const client = await connect();
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
    client.end();
    expect(await client.closed).toBe('clean');
    expect(await server.shutdown()).toMatchObject({ bytesIn: 5, bytesOut: 5, reasons: { peerClosed: 1 } });
  });

  it('and takes it away for the time of a suspension', async () => {
    const server = await start();
    server.send({ type: 'control.suspend' });
    expect(existsSync(path)).toBe(false);
    const listening = emitted(server, 'server.listening');
    server.send({ type: 'control.resume' });
    expect(await listening).toEqual({ type: 'server.listening', address: path, port: 0 });
    await connect();
  });

  it('and leaves no file behind when the actor is stopped', async () => {
    const server = await start();
    server.actor.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('as SingleServer does', async () => {
    const server = createSingleServer({ path, protocol: noting });
    atEnd(() => server.shutdown());
    expect(await server.start()).toEqual({ address: path, port: 0 });
    const opened = emitted(server, 'connection.opened');
    await connect();
    await opened;
    expect(noted).toMatchObject([{ localip: path }]);
  });

  it('that it inherits as a descriptor', async () => {
    const parent = createServer().listen(path);
    await once(parent, 'listening');
    const child = new Child(inheriting, [descriptorOf(parent)]);
    expect(await child.hear()).toMatchObject({ port: 0 });
    // Both would accept. The parent's close removes the file under the name that it knows.
    const moved = `${path}.moved`;
    renameSync(path, moved);
    parent.close();
    await once(parent, 'close');

    const client = await Client.connect({ path: moved, allowHalfOpen: false });
    atEnd(() => client.destroy());
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');
    child.dismiss();
    expect(await child.hear()).toMatchObject({ connections: 1, bytesIn: 5, bytesOut: 5 });
    expect(await child.ended).toEqual({ code: 0, stderr: '' });
  });
});

describe('ServerCore listens on an inherited descriptor', () => {
  it('of a TCP port', async () => {
    const parent = createServer().listen(0, '127.0.0.1');
    await once(parent, 'listening');
    const { port } = parent.address() as { port: number };
    const child = new Child(inheriting, [descriptorOf(parent)]);
    expect(await child.hear()).toEqual({ address: '127.0.0.1', port });
    // the child has its own descriptor for the socket
    parent.close();
    await once(parent, 'close');

    const client = await connectClient(port);
    await client.send('hello');
    expect(await client.receiveText('hello')).toBe('hello');

    child.dismiss();
    expect(await child.hear()).toMatchObject({ connections: 1, bytesIn: 5, bytesOut: 5 });
    expect(await client.closed).toBe('clean');
    expect(await knock(port)).toBe('ECONNREFUSED');
    expect(await child.ended).toEqual({ code: 0, stderr: '' });
  });
});

/** A program that serves descriptor 3 with echo until its stdin ends. */
const inheriting = `
const server = serverchart.createServerCore({ protocol: serverchart.echo, fd: 3 });
server.start().then(say);
process.stdin.resume().on('end', () => server.shutdown().then(say));
`;

const descriptorOf = (server: Server): number => (server as unknown as { _handle: { fd: number } })._handle.fd;
