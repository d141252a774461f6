/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'isEchoed', '**.receives', '*.hasClosed', '*.isRejected'] }] */
import { describe, expect, it, jest } from '@jest/globals';
import type { Server } from 'node:net';
import { echo, serverCore } from '../../server/index';
import { scenario, type Scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { breakable, isEchoed, isRefused, occupy, timesOf } from '../support/failingListeners';

type Core = Scenario<typeof serverCore>;

describe('ServerCore, whose listener has failed', () => {
  it('goes on with open connections', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(serverCore, { protocol: echo }, { network });
    const [leaving, staying] = await s.clients('leaving', 'staying');
    await fails(s);
    await isEchoed(staying);
    await leaving.ends();
    expect(await leaving.isClosed('peerClosed')).toMatchObject({ id: 'connection:1' });
    await s.advance(1_000);
    await isEchoed(staying);
    const next = await s.client('next');
    await isEchoed(next);
    expect(next.id).toBe('connection:3');
    expect(s).toHaveConnections(2);
    expect(s.server.getSnapshot().context.tally.connections).toBe(3);
  });

  it('keeps those who queue, and their turns', async () => {
    const { network, fails } = breakable();
    const options = { protocol: echo, maxConnections: 1, whenBusy: 'queue' } as const;
    await using s = await scenario(serverCore, options, { network });
    const [first, second, third] = await s.clients('first', 'second', 'third');
    await fails(s);
    await second.isOpen();
    await s.advance(1_000);
    expect(s.server).toBeInState({ listening: { full: 'queueing' } });
    await first.ends();
    await isEchoed(second);
    const fourth = await s.client('fourth');
    await second.ends();
    await isEchoed(third);
    await third.ends();
    await isEchoed(fourth);
    expect([second.id, third.id, fourth.id]).toEqual(['connection:2', 'connection:3', 'connection:4']);
  });

  it('gives a place that somebody leaves meanwhile to one who queues', async () => {
    const { network, fails } = breakable();
    const options = { protocol: echo, maxConnections: 1, whenBusy: 'queue' } as const;
    await using s = await scenario(serverCore, options, { network });
    const [first, second] = await s.clients('first', 'second');
    await fails(s);
    await first.ends();
    await isEchoed(second);
  });

  it('closes those who queue when it is the last failure', async () => {
    const { network, fails } = breakable();
    const options = { protocol: echo, maxConnections: 1, whenBusy: 'queue', restart: { max: 1 } } as const;
    await using s = await scenario(serverCore, options, { network });
    const clients = await s.clients('first', 'second', 'third');
    await fails(s);
    await s.advance(1_000);
    await expect(fails(s)).rejects.toMatchObject({ code: 'EBADF' });
    for (const client of clients) await client.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });

  it.each<[string, (s: Core) => Promise<unknown>]>([
    ['drained', (s) => s.shutsDown()],
    ['cut', (s) => s.send({ type: 'control.shutdownMicroprocess' })],
    [
      'stopped',
      async (s) => {
        s.server.stop();
        await s.settle();
      },
    ],
  ])('closes those who queue when it is %s', async (_, end) => {
    const { network, fails } = breakable();
    const options = { protocol: echo, maxConnections: 1, whenBusy: 'queue' } as const;
    await using s = await scenario(serverCore, options, { network });
    const clients = await s.clients('first', 'second');
    await fails(s);
    await end(s);
    for (const client of clients) await client.hasClosed();
    expect(s.leftovers()).toEqual([]);
  });

  it('listens again when the port is free again', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    await s.send({ type: 'control.suspend' });
    const other = await occupy(s.network);
    await s.send({ type: 'control.resume' });
    expect(s.server).toBeInState({ listening: 'restarting' });
    expect(s.emitted.at(-1)).toMatchObject({ type: 'server.restarting', error: { code: 'EADDRINUSE', port: 1601 } });
    await s.advance(1_000);
    expect(timesOf(s, 'server.restarting')).toBe(2);
    await other.close();
    await s.advance(1_000);
    expect(timesOf(s, 'server.listening')).toBe(2);
    await isEchoed(await s.client());
  });

  it('ends when the port is not to be had, with the error of the last time', async () => {
    await using s = await scenario(serverCore, { protocol: echo, restart: { max: 2 } });
    const client = await s.client();
    await s.send({ type: 'control.suspend' });
    await using other = await occupy(s.network);
    await s.send({ type: 'control.resume' });
    await s.advance(1_000);
    await isEchoed(client);
    await expect(s.advance(1_000)).rejects.toMatchObject({ name: 'ListenError', cause: { code: 'EADDRINUSE' } });
    await client.hasClosed();
    expect(timesOf(s, 'server.restarting')).toBe(2);
    expect(s.emitted.at(-1)).toEqual({ type: 'server.failed', error: s.error });
    expect(other.server).toBeInState({ listening: 'accepting' });
  });

  it('listens again when it was full and refused', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 1, whenBusy: 'refuse' });
    const first = await s.client('first');
    const other = await occupy(s.network);
    await first.ends();
    expect(s.server).toBeInState({ listening: 'restarting' });
    await other.close();
    await s.advance(1_000);
    await isEchoed(await s.client('second'));
  });

  it('waits for control.resume after control.suspend, whatever the delay', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(serverCore, { protocol: echo }, { network });
    await fails(s);
    await s.send({ type: 'control.resume' });
    expect(s.server).toBeInState({ listening: 'restarting' });
    await s.send({ type: 'control.suspend' });
    await s.advance(60_000);
    await isRefused(s);
    await s.send({ type: 'control.resume' });
    await isEchoed(await s.client());
  });

  it('stays suspended if whoever hears of it wants that', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(serverCore, { protocol: echo }, { network });
    s.server.on('server.restarting', () => {
      s.server.send({ type: 'control.suspend' });
    });
    await fails(s);
    await s.advance(60_000);
    expect(s.server).toBeInState({ listening: 'suspended' });
    await s.send({ type: 'control.resume' });
    await isEchoed(await s.client());
  });

  it('takes other limits meanwhile, and has them when it listens again', async () => {
    const { network, fails } = breakable();
    await using s = await scenario(serverCore, { protocol: echo }, { network });
    await s.client('first');
    await fails(s);
    await s.send({ type: 'control.configure', options: { maxConnections: 1 } });
    expect(s.server).toBeInState({ listening: 'restarting' });
    await s.advance(1_000);
    await (await s.client('second')).isRejected('atCapacity');
  });

  it('has no second chance with a descriptor, which it could not open again', async () => {
    const { network, fails } = breakable();
    // the network in memory has no descriptors, so there a port stands for the descriptor
    const listen = jest.spyOn(Object.getPrototypeOf(network.createServer({})) as Server, 'listen');
    listen.mockImplementationOnce(function (this: Server) {
      return this.listen({ host: '127.0.0.1', port: 1601 });
    });
    await using s = await scenario(serverCore, { protocol: echo, fd: 3 }, { network });
    await expect(fails(s)).rejects.toMatchObject({ code: 'EBADF', address: 'file descriptor 3' });
  });
});
