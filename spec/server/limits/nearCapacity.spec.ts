import { describe, expect, it } from '@jest/globals';
import { serverCore, type ServerCoreOptions, type WhenBusy } from '../../../server/index';
import { scenario, type Scenario, type TestPeer } from '../../../server/testing/index';
import '../../../server/testing/matchers/jestGlobals';
import { capacityTold, exemptible } from '../../support/capacity';

type Core = Scenario<typeof serverCore>;

/** A server that is near its capacity from 8 of 10 connections on, until there are fewer than 5. */
const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> => {
  const { protocol } = exemptible();
  return scenario(serverCore, { protocol, maxConnections: 10, nearCapacity: { from: 0.8, until: 0.5 }, ...options });
};

/** Connects clients. */
async function come(s: Core, count: number): Promise<TestPeer[]> {
  const clients: TestPeer[] = [];
  for (let n = 0; n < count; n += 1) clients.push(await s.client());
  return clients;
}

/** Disconnects this many clients, the oldest first. */
async function leave(clients: TestPeer[], count: number): Promise<void> {
  for (const client of clients.splice(0, count)) await client.ends();
}

const everyWay: readonly WhenBusy[] = ['reject', 'queue', 'refuse'];

describe('server.nearCapacity', () => {
  it('comes at from exactly, and is taken back below until exactly', async () => {
    await using s = await start();
    const clients = await come(s, 7);
    expect(capacityTold(s)).toEqual([]);
    clients.push(...(await come(s, 1)));
    expect(s).toHaveEmitted({ type: 'server.nearCapacity', isNear: true, connections: 8, maxConnections: 10 });
    expect(s.server).toBeInState({ listening: 'crowded' });
    await leave(clients, 3);
    expect(capacityTold(s)).toEqual(['near with 8 of 10']);
    await leave(clients, 1);
    expect(capacityTold(s)).toEqual(['near with 8 of 10', 'far with 4 of 10']);
    expect(s.server).toBeInState({ listening: 'accepting' });
  });

  it('says nothing of those who come and go between the two', async () => {
    await using s = await start();
    const clients = await come(s, 8);
    for (let n = 0; n < 5; n += 1) {
      await leave(clients, 3);
      clients.push(...(await come(s, 3)));
    }
    await leave(clients, 4);
    for (let n = 0; n < 5; n += 1) {
      clients.push(...(await come(s, 3)));
      await leave(clients, 3);
    }
    expect(capacityTold(s)).toEqual(['near with 8 of 10', 'far with 4 of 10']);
  });

  it('comes at the same count on both ways when from and until are one', async () => {
    await using s = await start({ nearCapacity: { from: 0.5, until: 0.5 } });
    const clients = await come(s, 5);
    await leave(clients, 1);
    await come(s, 1);
    expect(capacityTold(s)).toEqual(['near with 5 of 10', 'far with 4 of 10', 'near with 5 of 10']);
  });

  it.each(everyWay)(
    "is told before it is taken back, though it begins with the last place (whenBusy '%s')",
    async (whenBusy) => {
      await using s = await start({ maxConnections: 2, nearCapacity: { from: 1, until: 1 }, whenBusy });
      const clients = await come(s, 2);
      await leave(clients, 1);
      expect(capacityTold(s)).toEqual(['full with 2', 'near with 2 of 2', 'accepting with 1', 'far with 1 of 2']);
    },
  );

  it.each(everyWay)("is not told anew when the last place comes and goes (whenBusy '%s')", async (whenBusy) => {
    await using s = await start({ whenBusy });
    const clients = await come(s, 10);
    for (let n = 0; n < 3; n += 1) {
      await leave(clients, 1);
      expect(s.server).toBeInState({ listening: 'crowded' });
      clients.push(...(await come(s, 1)));
    }
    expect(capacityTold(s).filter((said) => said.startsWith('near'))).toEqual(['near with 8 of 10']);
  });

  it('counts those who have a place, not those who wait for one', async () => {
    await using s = await start({ maxConnections: 4, whenBusy: 'queue' });
    const clients = await come(s, 9);
    await leave(clients, 5);
    // queued clients took the places at once
    expect(capacityTold(s)).toEqual(['full with 4', 'near with 4 of 4']);
    await leave(clients, 2);
    expect(capacityTold(s).slice(2)).toEqual(['accepting with 3']);
    await leave(clients, 1);
    expect(capacityTold(s).slice(3)).toEqual(['far with 1 of 4']);
  });

  it('goes on while the server is suspended, and says nothing twice when it resumes', async () => {
    await using s = await start();
    const clients = await come(s, 8);
    await s.send({ type: 'control.suspend' });
    await leave(clients, 4);
    expect(capacityTold(s)).toEqual(['near with 8 of 10', 'far with 4 of 10']);
    await s.send({ type: 'control.resume' });
    expect(s.server).toBeInState({ listening: 'accepting' });
    await come(s, 4);
    expect(capacityTold(s)).toEqual(['near with 8 of 10', 'far with 4 of 10', 'near with 8 of 10']);
    await s.send({ type: 'control.suspend' });
    await s.send({ type: 'control.resume' });
    expect(s.server).toBeInState({ listening: 'crowded' });
    expect(capacityTold(s)).toHaveLength(3);
  });

  it('is taken back when connections become exempt', async () => {
    await using s = await start({ maxConnections: 4, nearCapacity: { from: 0.75, until: 0.75 } });
    const [first] = await s.clients('first', 'second', 'third');
    await first.sends('!');
    expect(capacityTold(s)).toEqual(['near with 3 of 4', 'far with 2 of 4']);
  });

  it('says nothing while the server drains', async () => {
    await using s = await start();
    await come(s, 8);
    await s.shutsDown();
    await s.advance(10_000);
    expect(capacityTold(s)).toEqual(['near with 8 of 10']);
  });

  describe('by control.configure', () => {
    const configure = (s: Core, options: Partial<ServerCoreOptions>): Promise<void> =>
      s.send({ type: 'control.configure', options });

    it('comes when maxConnections is lowered, and is taken back when it is raised', async () => {
      await using s = await start();
      await come(s, 6);
      await configure(s, { maxConnections: 7 });
      expect(capacityTold(s)).toEqual(['near with 6 of 7']);
      await configure(s, { maxConnections: 12 });
      expect(capacityTold(s)).toHaveLength(1);
      await configure(s, { maxConnections: 13 });
      expect(capacityTold(s)).toEqual(['near with 6 of 7', 'far with 6 of 13']);
    });

    it('is taken back by maxConnections: Infinity', async () => {
      await using s = await start({ maxConnections: 1 });
      await come(s, 1);
      await configure(s, { maxConnections: Infinity });
      expect(capacityTold(s).slice(2)).toEqual(['accepting with 1', 'far with 1 of Infinity']);
    });

    it('comes by other thresholds', async () => {
      await using s = await start();
      await come(s, 3);
      await configure(s, { nearCapacity: { from: 0.3, until: 0.1 } });
      expect(capacityTold(s)).toEqual(['near with 3 of 10']);
      await configure(s, { nearCapacity: { from: 0.5, until: 0.4 } });
      expect(capacityTold(s)).toEqual(['near with 3 of 10', 'far with 3 of 10']);
    });

    it('comes though the server is suspended', async () => {
      await using s = await start();
      await come(s, 6);
      await s.send({ type: 'control.suspend' });
      await configure(s, { maxConnections: 7 });
      expect(capacityTold(s)).toEqual(['near with 6 of 7']);
    });
  });
});
