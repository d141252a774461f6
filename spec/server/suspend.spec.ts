import { describe, expect, it } from '@jest/globals';
import { createServerCore, echo, serverCore, type ServerCoreOptions } from '../../server/index';
import { scenario, type Scenario, type TestPeer } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emitted } from '../support/events';
import { connectClient, knock, startServer } from '../support/fixtures';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, port: 0, ...options });

const suspend = (s: Core): Promise<void> => s.send({ type: 'control.suspend' });
const resume = (s: Core): Promise<void> => s.send({ type: 'control.resume' });

const isRefused = async (s: Core): Promise<void> => (await s.client('refused')).hasFailed('ECONNREFUSED');

async function isEchoed(client: TestPeer): Promise<void> {
  await client.sends('echo?');
  await client.receives('echo?');
}

/** How often the server has emitted `server.listening`. Expects the same port each time. */
function timesListening(s: Core): number {
  const said = s.emitted.filter(({ type }) => type === 'server.listening');
  const { address } = s.server.getSnapshot().context;
  expect(said).toEqual(Array(said.length).fill({ type: 'server.listening', ...address }));
  return said.length;
}

describe('ServerCore, suspended by control.suspend', () => {
  it('does not listen until control.resume, and then on the same port, though it was 0', async () => {
    await using s = await start();
    for (let n = 0; n < 5; n += 1) {
      await suspend(s);
      expect(s.server).toBeInState({ listening: 'suspended' });
      await isRefused(s);
      await resume(s);
      expect(s.server).toBeInState({ listening: 'accepting' });
      await isEchoed(await s.client());
    }
    expect(timesListening(s)).toBe(6);
  });

  it('goes on with open connections, which may end meanwhile', async () => {
    await using s = await start();
    const [leaving, staying] = await s.clients('leaving', 'staying');
    await suspend(s);
    await isEchoed(leaving);
    await leaving.ends();
    expect(await leaving.isClosed('peerClosed')).toMatchObject({ id: 'connection:1', bytesOut: 5 });
    await isEchoed(staying);
    await resume(s);
    await isEchoed(staying);
    await isEchoed(await s.client('next'));
    expect(s).toHaveConnections(2);
  });

  it('takes no harm from being told twice', async () => {
    await using s = await start();
    await resume(s);
    await suspend(s);
    await suspend(s);
    await isRefused(s);
    await resume(s);
    await resume(s);
    await isEchoed(await s.client());
    expect(timesListening(s)).toBe(2);
  });

  it('ends up as the last word says, however fast they follow each other', async () => {
    const { server, port } = await startServer();
    for (let n = 0; n < 20; n += 1) {
      server.send({ type: 'control.suspend' });
      server.send({ type: 'control.resume' });
    }
    server.send({ type: 'control.suspend' });
    expect(await knock(port)).toBe('ECONNREFUSED');
    const listening = emitted(server, 'server.listening');
    server.send({ type: 'control.resume' });
    expect(await listening).toEqual({ type: 'server.listening', address: '127.0.0.1', port });
    const client = await connectClient(port);
    await client.send('echo?');
    expect(await client.receiveText('echo?')).toBe('echo?');
  });

  it('is suspended from the start when it is told so while the port is being opened', async () => {
    await using server = createServerCore({ protocol: echo, port: 0 });
    const starting = server.start();
    server.send({ type: 'control.suspend' });
    expect(server.actor.getSnapshot().value).toEqual({ listening: 'suspended' });
    expect(server.address).toBeUndefined();
    server.send({ type: 'control.resume' });
    const { port } = await starting;
    expect(server.actor.getSnapshot().value).toEqual({ listening: 'accepting' });
    const client = await connectClient(port);
    await client.send('echo?');
    expect(await client.receiveText('echo?')).toBe('echo?');
  });

  describe('while it was full', () => {
    it('is full again after control.resume', async () => {
      await using s = await start({ maxConnections: 1 });
      const first = await s.client('first');
      await suspend(s);
      await isRefused(s);
      await resume(s);
      expect(s.server).toBeInState({ listening: { full: 'rejecting' } });
      const second = await s.client('second');
      await second.isRejected('atCapacity');
      await second.receivesNothing();
      await second.hasClosed();
      await isEchoed(first);
    });

    it('has a place after control.resume when one has left meanwhile', async () => {
      await using s = await start({ maxConnections: 1 });
      const first = await s.client('first');
      await suspend(s);
      await first.ends();
      expect(s.server).toBeInState({ listening: 'suspended' });
      await resume(s);
      expect(s.server).toBeInState({ listening: 'accepting' });
      await isEchoed(await s.client('second'));
    });

    it('goes on to serve those that queue', async () => {
      await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
      const [first, second, third] = await s.clients('first', 'second', 'third');
      await suspend(s);
      await first.ends();
      await isEchoed(second);
      expect(third.id).toBeUndefined();
      await isRefused(s);
      await second.ends();
      await isEchoed(third);
      await isRefused(s);
      await resume(s);
      expect(s.server).toBeInState({ listening: { full: 'queueing' } });
    });

    it("stays closed after control.resume with whenBusy 'refuse', until a place is free", async () => {
      await using s = await start({ maxConnections: 1, whenBusy: 'refuse' });
      const first = await s.client('first');
      await suspend(s);
      await resume(s);
      expect(s.server).toBeInState({ listening: { full: 'refusing' } });
      await isRefused(s);
      expect(timesListening(s)).toBe(1);
      await first.ends();
      expect(timesListening(s)).toBe(2);
      await isEchoed(await s.client('second'));
    });

    it("does not open by itself with whenBusy 'refuse' when the last has left", async () => {
      await using s = await start({ maxConnections: 1, whenBusy: 'refuse' });
      const first = await s.client('first');
      await suspend(s);
      await first.ends();
      await isRefused(s);
      expect(timesListening(s)).toBe(1);
      await resume(s);
      expect(timesListening(s)).toBe(2);
      await isEchoed(await s.client('second'));
    });
  });

  it('can be shut down, and the port stays free', async () => {
    await using s = await start();
    const client = await s.client();
    await suspend(s);
    await s.shutsDown();
    await client.hasClosed();
    expect(s.output).toMatchObject({ connections: 1, drained: [{ id: 'connection:1' }] });
    expect(s.leftovers()).toEqual([]);
    await isRefused(s);
  });

  it('ends in a ListenError when somebody else has taken the port meanwhile, and closes what is open', async () => {
    await using s = await start({ port: 8080, restart: { max: 0 } });
    const client = await s.client();
    await suspend(s);
    await using thief = await scenario(serverCore, { protocol: echo, port: 8080 }, { network: s.network });
    await expect(resume(s)).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE', port: 8080 });
    await client.hasClosed();
    expect(thief.server).toBeInState({ listening: 'accepting' });
  });
});
