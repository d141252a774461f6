import { describe, expect, it } from '@jest/globals';
import { fromCallback } from 'xstate';
import {
  serverCore,
  singleServer,
  type ConnectionInfo,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCoreOptions,
} from '../../server/index';
import { scenario, type Scenario, type TestPeer } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { capacityTold, exemptible } from '../support/capacity';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> => {
  const { protocol } = exemptible();
  return scenario(serverCore, { protocol, ...options });
};

async function isEchoed(client: TestPeer): Promise<void> {
  await client.sends('echo?');
  await client.receives('echo?');
}

const exemptIn = (s: Core): string[] => [...s.server.getSnapshot().context.exempt];

describe('serversignal.exempt', () => {
  it('gives the place to the next client', async () => {
    await using s = await start({ maxConnections: 1 });
    const admin = await s.client('admin');
    await (await s.client()).isRejected('atCapacity');
    await admin.sends('!');
    expect(capacityTold(s)).toEqual(['full with 1', 'accepting with 0']);
    await isEchoed(await s.client());
    await (await s.client()).isRejected('atCapacity');
    await isEchoed(admin);
    expect(s).toHaveConnections(2);
  });

  it('gives it to who has waited longest, and the server stays full', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
    const [admin, second, third] = await s.clients('admin', 'second', 'third');
    await admin.sends('!');
    await isEchoed(second);
    expect(third.id).toBeUndefined();
    expect(capacityTold(s)).toEqual(['full with 1']);
  });

  it('gives it to who waits while the server is suspended, too', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
    const [admin, second] = await s.clients('admin', 'second');
    await s.send({ type: 'control.suspend' });
    await admin.sends('!');
    await isEchoed(second);
    expect(s.server).toBeInState({ listening: 'suspended' });
  });

  it("opens the port again that whenBusy 'refuse' has closed", async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'refuse' });
    const admin = await s.client('admin');
    await (await s.client()).hasFailed('ECONNREFUSED');
    await admin.sends('!');
    await isEchoed(await s.client());
    expect(s).toHaveConnections(2);
  });

  it('frees no second place when the connection ends', async () => {
    await using s = await start({ maxConnections: 1 });
    const [admin] = await s.clients('admin');
    await admin.sends('!');
    await s.client();
    await admin.ends();
    expect(exemptIn(s)).toEqual([]);
    await (await s.client()).isRejected('atCapacity');
    expect(capacityTold(s)).toEqual(['full with 1', 'accepting with 0', 'full with 1']);
  });

  it('counts once, however often it is said', async () => {
    await using s = await start({ maxConnections: 2 });
    const [admin] = await s.clients('admin', 'second');
    await admin.sends('!');
    await admin.sends('!');
    await isEchoed(await s.client());
    await (await s.client()).isRejected('atCapacity');
    expect(exemptIn(s)).toEqual(['connection:1']);
  });

  it('is not heard from a handler whose connection is over', async () => {
    const recorder = exemptible();
    await using s = await scenario(serverCore, { protocol: recorder.protocol, maxConnections: 1 });
    const gone = await s.client();
    await gone.resets();
    await gone.isClosed('reset');
    recorder.first.emit({ type: 'serversignal.exempt' });
    await s.client();
    await (await s.client()).isRejected('atCapacity');
    expect(exemptIn(s)).toEqual([]);
  });

  it('may be said by a handler that ends with it', async () => {
    const protocol = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit }) => {
      emit({ type: 'serversignal.exempt' });
      emit({ type: 'signal.shutdownMicroprocess' });
    });
    await using s = await scenario(serverCore, { protocol, maxConnections: 1 });
    for (let n = 0; n < 3; n += 1) await (await s.client()).isClosed('aborted');
    expect(exemptIn(s)).toEqual([]);
    expect(s.server).toBeInState({ listening: 'accepting' });
  });

  it('lets any number in when all say so', async () => {
    await using s = await start({ maxConnections: 1 });
    for (let n = 0; n < 20; n += 1) await (await s.client()).sends('!');
    expect(s).toHaveConnections(20);
    expect(s.server).toBeInState({ listening: 'accepting' });
  });

  it("leaves the connection one of its peer's: maxConnectionsPerPeer counts it", async () => {
    await using s = await start({ maxConnectionsPerPeer: 1 });
    const admin = await s.client('admin');
    await admin.sends('!');
    await (await s.client()).isRejected('peerLimit');
    await admin.ends();
    await isEchoed(await s.client());
    expect(s.server.getSnapshot().context.admission.peers.size).toBe(1);
  });

  it('leaves it a connection that a drain waits for', async () => {
    await using s = await start({ maxConnections: 1, shutdownTimeout: 1_000 });
    const admin = await s.client('admin', { allowHalfOpen: true });
    await admin.sends('!');
    await s.shutsDown();
    await s.advance(999);
    expect(s.server).toBeInState('draining');
    await s.advance(1_001);
    expect(s.output).toMatchObject({ connections: 1, drained: [expect.objectContaining({ id: 'connection:1' })] });
  });

  it('means nothing to SingleServer, which has one place', async () => {
    const { protocol } = exemptible();
    await using s = await scenario(singleServer, { protocol });
    const client = await s.client();
    await client.sends('!');
    await isEchoed(client);
    await (await s.client()).isRejected('atCapacity');
    expect(s.server).toBeInState({ connected: 'rejecting' });
  });
});
