import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, type ServerCoreOptions, type WhenBusy } from '../../../server/index';
import { scenario, type Scenario } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { capacityTold } from '../../support/capacity';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, maxConnections: 2, ...options });

const everyWay: readonly WhenBusy[] = ['reject', 'queue', 'refuse'];

describe('server.full and server.accepting', () => {
  it.each(everyWay)("come once each, however many clients meet whenBusy '%s'", async (whenBusy) => {
    await using s = await start({ whenBusy, maxQueued: 0 });
    const [first, second] = await s.clients('first', 'second', 'third', 'fourth');
    expect(s).toHaveEmitted({ type: 'server.full', reason: 'maxConnections', connections: 2 });
    expect(capacityTold(s)).toEqual(['full with 2']);
    await first.ends();
    expect(s).toHaveEmitted({ type: 'server.accepting', connections: 1 });
    await second.ends();
    expect(capacityTold(s)).toEqual(['full with 2', 'accepting with 1']);
    await s.clients('fifth', 'sixth');
    expect(capacityTold(s)).toEqual(['full with 2', 'accepting with 1', 'full with 2']);
  });

  it('follow what filled the server, and what made room', async () => {
    await using s = await start({ maxConnections: 1 });
    const client = await s.client();
    await client.ends();
    expect(s.emitted.map(({ type }) => type)).toEqual([
      ...['server.listening', 'connection.opened', 'server.full', 'connection.closed', 'server.accepting'],
    ]);
  });

  it('do not come while the places go to those who wait', async () => {
    await using s = await start({ whenBusy: 'queue' });
    const clients = await s.clients('first', 'second', 'third', 'fourth');
    await clients[0].ends();
    await clients[1].ends();
    expect(capacityTold(s)).toEqual(['full with 2']);
    expect(s.server).toBeInState({ listening: { full: 'queueing' } });
    await clients[2].ends();
    expect(capacityTold(s)).toEqual(['full with 2', 'accepting with 1']);
  });

  describe('over a suspension', () => {
    it('say nothing when all is as it was before', async () => {
      await using s = await start();
      await s.clients('first', 'second');
      await s.send({ type: 'control.suspend' });
      await s.send({ type: 'control.resume' });
      expect(s.server).toBeInState({ listening: { full: 'rejecting' } });
      expect(capacityTold(s)).toEqual(['full with 2']);
    });

    it('tell of places that were given up meanwhile once there are any', async () => {
      await using s = await start();
      const [first] = await s.clients('first', 'second');
      await s.send({ type: 'control.suspend' });
      await first.ends();
      expect(capacityTold(s)).toEqual(['full with 2']);
      await s.send({ type: 'control.resume' });
      expect(capacityTold(s)).toEqual(['full with 2', 'accepting with 1']);
    });

    it('say nothing when those who waited took the places meanwhile', async () => {
      await using s = await start({ whenBusy: 'queue' });
      const [first, , third] = await s.clients('first', 'second', 'third');
      await s.send({ type: 'control.suspend' });
      await first.ends();
      await third.sends('served, though suspended');
      await third.receives('served, though suspended');
      await s.send({ type: 'control.resume' });
      expect(capacityTold(s)).toEqual(['full with 2']);
    });
  });

  it('say nothing of places that nobody is to have: the server drains', async () => {
    await using s = await start();
    await s.clients('first', 'second');
    await s.shutsDown();
    await s.advance(10_000);
    expect(capacityTold(s)).toEqual(['full with 2']);
  });

  it('tell of the place though its port can no longer be had, and not again once it can', async () => {
    await using s = await start({ port: 8080, whenBusy: 'refuse', restart: { delay: 100 } });
    const [first] = await s.clients('first', 'second');
    const thief = await scenario(serverCore, { protocol: echo, port: 8080 }, { network: s.network });
    await first.ends();
    expect(s.server).toBeInState({ listening: 'restarting' });
    await thief.close();
    await s.advance(100);
    expect(s.server).toBeInState({ listening: 'accepting' });
    await (await s.client()).isOpen();
    expect(capacityTold(s)).toEqual(['full with 2', 'accepting with 1', 'full with 2']);
  });
});
