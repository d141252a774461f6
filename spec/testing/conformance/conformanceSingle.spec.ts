import { describe, expect, it } from '@jest/globals';
import { toPromise } from 'xstate';
import { echo, type SingleServerEmitted, type TcpClientEmitted } from '../../../server/index';
import { collect, emitted, eventually } from '../../support/events';
import { accepted, networks, portOf, tick, turns } from '../../support/networks';
import { ended, NetServers } from '../../support/networkServers';

type Outbox = Extract<SingleServerEmitted | TcpClientEmitted, { type: 'outbox' }>;

const textOf = (outbox: readonly Outbox[]): string => Buffer.concat(outbox.map(({ data }) => data)).toString();

describe.each(networks)('SingleServer on %s', (_, make) => {
  const net = new NetServers(make);

  it('passes bytes between its boxes and one client, what waited first', async () => {
    const server = await net.single();
    const outbox = collect<Outbox>(server, 'outbox');
    server.send({ type: 'inbox', data: 'early ' });
    const client = (await net.visit(server)).reads();
    server.send({ type: 'inbox', data: 'late' });
    expect(await client.receives(10)).toBe('early late');
    const closed = ended(server);
    client.socket.end('answer');
    expect(await closed).toMatchObject({ reason: 'peerClosed', bytesIn: 6, bytesOut: 10 });
    expect(textOf(outbox)).toBe('answer');
  });

  it('serves the next client when the first has gone, however it went', async () => {
    const server = await net.single();
    const outbox = collect<Outbox>(server, 'outbox');
    const first = await net.visit(server);
    await turns();
    const closed = ended(server);
    first.socket.resetAndDestroy();
    expect(await closed).toMatchObject({ reason: 'reset', error: { code: 'ECONNRESET' } });
    const second = await net.visit(server);
    await second.write('mine');
    await eventually(() => textOf(outbox) === 'mine');
  });

  it('rejects a second client', async () => {
    const server = await net.single({ busyReply: 'one at a time' });
    await net.visit(server);
    const second = net.ring(server).reads();
    await second.sees('end');
    expect(second.received.toString()).toBe('one at a time');
  });

  it('lets a queued client that has gone meanwhile have its turn', async () => {
    const server = await net.single({ whenBusy: 'queue' });
    const first = await net.visit(server);
    const second = net.ring(server);
    await second.sees('connect');
    await turns();
    second.socket.resetAndDestroy();
    await turns();
    const closed = collect<SingleServerEmitted>(server, 'connection.closed');
    first.socket.end();
    await eventually(() => closed.length === 1);
    // the next client comes in the next turn of the clock
    await net.passes(0);
    expect(closed).toMatchObject([
      { id: 'connection:1', reason: 'peerClosed' },
      { id: 'connection:2', reason: 'reset', error: { code: 'ECONNRESET' } },
    ]);
  });

  it('resets a client that stands in the backlog when it stops', async () => {
    const server = await net.single();
    const client = net.ring(server);
    await tick();
    server.send({ type: 'control.shutdownMicroprocess' });
    expect(await client.closed).toEqual(['connect ECONNRESET', 'closed by error']);
    expect(await server.closed).toMatchObject({ connections: 0 });
  });
});

describe.each(networks)('tcpClient on %s', (_, make) => {
  const net = new NetServers(make);

  it('talks to a server of ours', async () => {
    const server = await net.core({ protocol: echo });
    const client = net.tcpClient({ port: server.address?.port ?? 0 });
    const outbox = collect<Outbox>(client, 'outbox');
    const output = toPromise(client);
    const opened = emitted(client, 'connection.opened');
    client.start();
    client.send({ type: 'inbox', data: 'before ' });
    expect(await opened).toMatchObject({ peer: '127.0.0.1', peerport: server.address?.port, localip: '127.0.0.1' });
    client.send({ type: 'inbox', data: 'after' });
    await eventually(() => textOf(outbox) === 'before after');
    client.send({ type: 'control.producerFinished' });
    expect(await output).toMatchObject({ reason: 'handlerFinished', bytesIn: 12, bytesOut: 12 });
  });

  it('ends in a ConnectError where nobody listens', async () => {
    const server = await net.listen();
    const port = portOf(server);
    server.close();
    const client = net.tcpClient({ port });
    const output = toPromise(client);
    client.start();
    await expect(output).rejects.toMatchObject({ name: 'ConnectError', code: 'ECONNREFUSED', port });
  });

  it('that is stopped while it connects leaves a connection that has ended', async () => {
    const server = await net.listen();
    const arrival = accepted(server);
    const client = net.tcpClient({ port: portOf(server) });
    client.start();
    await tick();
    client.stop();
    const other = (await arrival).reads();
    await other.sees('end');
    expect(other.received.length).toBe(0);
  });
});
