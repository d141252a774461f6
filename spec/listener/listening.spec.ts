import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServerCore, echo, setupProtocol, type ConnectionInfo } from '../../server/index';
import { Client } from '../support/client';
import { emitted } from '../support/events';
import { atEnd, handler, knock, openClient, startServer } from '../support/fixtures';

const noted: ConnectionInfo[] = [];
/** Records the handlers' events. */
const noting = handler(({ input }) => {
  noted.push(input);
});

/** Not every machine and container has IPv6. */
const isIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

beforeEach(() => {
  noted.length = 0;
});

describe('ServerCore listens', () => {
  it('on a free port of loopback with port 0, and tells which', async () => {
    const server = createServerCore({ protocol: noting, port: 0 });
    atEnd(() => server.shutdown());
    const listening = emitted(server, 'server.listening');
    const address = await server.start();
    expect(address).toEqual({ address: '127.0.0.1', port: expect.any(Number) });
    expect(address.port).toBeGreaterThan(0);
    expect(await listening).toEqual({ type: 'server.listening', ...address });
    expect(server.address).toEqual(address);

    const client = await openClient({ server, port: address.port });
    expect(noted).toEqual([
      {
        id: 'connection:1',
        peer: '127.0.0.1',
        peerport: client.socket.localPort,
        localip: '127.0.0.1',
        localport: address.port,
        encrypted: false,
      },
    ]);
  });

  it('on the port that was asked for, and again right after its end', async () => {
    const { server, port } = await startServer();
    await server.shutdown();
    const next = createServerCore({ protocol: echo, port, host: '127.0.0.1' });
    atEnd(() => next.shutdown());
    expect(await next.start()).toEqual({ address: '127.0.0.1', port });
    await openClient({ server: next, port });
  });

  it('on a port whose old connections are still in TIME_WAIT', async () => {
    const rude = setupProtocol().createMachine({
      entry: { type: 'reply', params: { data: 'x' } },
      on: { inbox: { actions: 'finish' } },
    });
    const started = await startServer({ protocol: rude });
    const client = await openClient(started);
    await client.send('go');
    // the server ends first, so TIME_WAIT is on its side
    expect((await client.receiveAll()).toString()).toBe('x');
    await started.server.shutdown();
    expect(timeWaits(started.port)).toBe(1);

    const next = createServerCore({ protocol: echo, port: started.port });
    atEnd(() => next.shutdown());
    expect(await next.start()).toEqual({ address: '127.0.0.1', port: started.port });
  });

  it('on a host by name', async () => {
    const { server } = await startServer({ host: 'localhost' });
    expect(['127.0.0.1', '::1']).toContain(server.address?.address);
  });

  it('on IPv6', async () => {
    if (!isIpv6) return;
    const started = await startServer({ host: '::1', protocol: noting });
    expect(started.server.address).toEqual({ address: '::1', port: started.port });
    const opened = emitted(started.server, 'connection.opened');
    const client = await Client.connect({ port: started.port, host: '::1', allowHalfOpen: false });
    atEnd(() => client.destroy());
    expect(await opened).toMatchObject({ peer: '::1', peerport: client.socket.localPort, localip: '::1' });
    expect(noted).toMatchObject([{ peer: '::1', localip: '::1', localport: started.port }]);
  });

  it('on every address, where IPv4 clients have IPv4 addresses as Node shows them', async () => {
    if (!isIpv6) return;
    const started = await startServer({ host: '::', protocol: noting });
    const client = await openClient(started);
    expect(noted).toMatchObject([{ peer: '::ffff:127.0.0.1', localip: '::ffff:127.0.0.1' }]);
    client.end();
  });

  it('with the backlog that was asked for, else with 511', async () => {
    const listen = jest.spyOn(Server.prototype, 'listen');
    atEnd(() => {
      listen.mockRestore();
    });
    await startServer({ backlog: 7 });
    await startServer();
    expect(listen.mock.calls.map(([options]) => (options as { backlog?: number }).backlog)).toEqual([7, 511]);
  });

  it('again on the same port after a suspension, also when the system chose it', async () => {
    const started = await startServer();
    const client = await openClient(started);
    started.server.send({ type: 'control.suspend' });
    expect(await knock(started.port)).toBe('ECONNREFUSED');
    await client.send('still there');
    expect(await client.receiveText('still there')).toBe('still there');

    const listening = emitted(started.server, 'server.listening');
    started.server.send({ type: 'control.resume' });
    expect(await listening).toEqual({ type: 'server.listening', address: '127.0.0.1', port: started.port });
    await openClient(started);
  });
});

/** The number of a local port's connections in TIME_WAIT. Only Linux tells. */
function timeWaits(port: number): number {
  if (!existsSync('/proc/net/tcp')) return 1;
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address === local && state === '06').length;
}
