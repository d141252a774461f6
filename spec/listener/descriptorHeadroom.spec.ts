import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, type ServerCoreOptions } from '../../server/index';
import { scenario, type Scenario, type TestPeer } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { capacityTold } from '../support/capacity';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, ...options });

const descriptors = { open: 49, limit: 64 };
/** The listener's reports on descriptors, which the spec sends itself: in memory, a socket takes no descriptor. */
const runShort = (s: Core): Promise<void> => s.send({ type: '_listener.descriptorsShort', descriptors });
const haveEnough = (s: Core): Promise<void> => s.send({ type: '_listener.descriptorsSpare', descriptors });

async function isEchoed(client: TestPeer): Promise<void> {
  await client.sends('echo?');
  await client.receives('echo?');
}

describe('ServerCore that is short of descriptors', () => {
  it('says so, with the figures, and closes the next clients at once, without busyReply', async () => {
    await using s = await start({ busyReply: 'busy' });
    const first = await s.client('first');
    await runShort(s);
    expect(s.emitted.at(-1)).toEqual({ type: 'server.full', reason: 'descriptors', connections: 1, descriptors });
    for (const client of await s.clients('second', 'third')) {
      await client.isRejected('descriptors');
      await client.receivesNothing();
      await client.hasClosed();
    }
    await isEchoed(first);
    expect(s.server).toBeInState({ listening: { full: 'sparing' } });
  });

  it('says when there are enough again, and serves the next client', async () => {
    await using s = await start();
    const first = await s.client('first');
    await runShort(s);
    await s.client();
    await haveEnough(s);
    await isEchoed(await s.client());
    await isEchoed(first);
    expect(capacityTold(s)).toEqual(['short of descriptors with 1', 'accepting with 1']);
  });

  it('is not deceived by places: those that come free are given to nobody until then', async () => {
    await using s = await start({ maxConnections: 2 });
    const [first] = await s.clients('first', 'second');
    await runShort(s);
    await first.ends();
    await (await s.client()).isRejected('descriptors');
    expect(capacityTold(s)).toEqual(['full with 2', 'short of descriptors with 2']);
    await haveEnough(s);
    expect(capacityTold(s).slice(2)).toEqual(['accepting with 1']);
  });

  it('is still full when all places are taken, and says that', async () => {
    await using s = await start({ maxConnections: 1 });
    const first = await s.client('first');
    await runShort(s);
    await haveEnough(s);
    await (await s.client()).isRejected('atCapacity');
    await first.ends();
    expect(capacityTold(s)).toEqual([
      ...['full with 1', 'short of descriptors with 1', 'full with 1', 'accepting with 0'],
    ]);
  });

  it('gives places to those who wait and have their descriptors already: else it might be short for ever', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
    const [first, second, third] = await s.clients('first', 'second', 'third');
    await runShort(s);
    await first.ends();
    await isEchoed(second);
    await s.send({ type: 'control.configure', options: { maxConnections: 2 } });
    await isEchoed(third);
    await (await s.client()).isRejected('descriptors');
    expect(s.server).toBeInState({ listening: { full: 'sparing' } });
  });

  it("keeps its port open with whenBusy 'refuse': only clients that come tell how many there are", async () => {
    await using s = await start({ maxConnections: 2, whenBusy: 'refuse' });
    await s.client();
    await runShort(s);
    await (await s.client()).isRejected('descriptors');
    await haveEnough(s);
    await isEchoed(await s.client());
    await (await s.client()).hasFailed('ECONNREFUSED');
    expect(s).toHaveConnections(2);
  });

  it('begins anew after a suspension, when the listener looks anew', async () => {
    await using s = await start();
    await runShort(s);
    await s.send({ type: 'control.suspend' });
    await runShort(s);
    expect(s.server).toBeInState({ listening: 'suspended' });
    await s.send({ type: 'control.resume' });
    await isEchoed(await s.client());
    expect(capacityTold(s)).toEqual(['short of descriptors with 0', 'accepting with 0']);
  });

  it('can be configured, suspended and drained as ever', async () => {
    await using s = await start();
    const first = await s.client('first', { allowHalfOpen: true });
    await runShort(s);
    await s.send({ type: 'control.configure', options: { maxConnections: 1 } });
    expect(s).toHaveEmitted({ type: 'server.configured' });
    await s.shutsDown();
    await haveEnough(s);
    expect(s.server).toBeInState('draining');
    await first.ends();
    expect(s.output).toMatchObject({ connections: 1, rejected: 0 });
  });
});

describe('ServerCore that has no descriptor left, because it left none', () => {
  it('hears nothing of the clients that the system closes, and serves the others', async () => {
    await using s = await start({ descriptorHeadroom: 0 });
    // the port takes one descriptor
    s.faults({ descriptors: 3 });
    const [first, second, third] = await s.clients('first', 'second', 'third');
    await third.hasClosed();
    expect(s.emitted.filter(({ type }) => type === 'connection.rejected')).toEqual([]);
    await isEchoed(second);
    await first.ends();
    await isEchoed(await s.client());
  });
});
