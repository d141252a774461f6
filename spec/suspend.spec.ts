import { describe, expect, it } from '@jest/globals';
import { createServerCore, echo, type ServerCoreOptions } from '../server/index';
import { Client } from './support/client';
import { collect, emitted, eventually } from './support/events';
import { Hosting } from './support/hosting';
import { knock, leave, turnedAway } from './support/visitors';

async function isEchoed(client: Client): Promise<boolean> {
  await client.send('echo?');
  return (await client.receiveText('echo?')) === 'echo?';
}

describe('ServerCore, suspended by control.suspend', () => {
  const host = new Hosting((options: Partial<ServerCoreOptions>) =>
    createServerCore({ protocol: echo, port: 0, ...options }),
  );

  const suspend = (): void => {
    host.server.send({ type: 'control.suspend' });
  };

  /** Resumes, and waits until the port listens. */
  const resume = async (): Promise<unknown> => {
    const listening = emitted(host.server, 'server.listening');
    host.server.send({ type: 'control.resume' });
    return listening;
  };

  const state = (): unknown => host.server.actor.getSnapshot().value;

  const here = (): unknown => ({ type: 'server.listening', address: '127.0.0.1', port: host.port });

  it('does not listen until control.resume, and then on the same port, though it was 0', async () => {
    await host.start({});
    for (let n = 0; n < 5; n += 1) {
      suspend();
      expect(state()).toEqual({ listening: 'suspended' });
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      expect(await resume()).toEqual(here());
      expect(state()).toEqual({ listening: 'accepting' });
      expect(await isEchoed(await host.connect())).toBe(true);
    }
  });

  it('goes on with open connections, which may end meanwhile', async () => {
    await host.start({});
    const [leaving, staying] = [await host.connect(), await host.connect()];
    suspend();
    expect(await isEchoed(leaving)).toBe(true);
    const closed = emitted(host.server, 'connection.closed');
    await leave(leaving);
    expect(await closed).toMatchObject({ id: 'connection:1', reason: 'peerClosed', bytesOut: 5 });
    expect(await isEchoed(staying)).toBe(true);
    await resume();
    expect(await isEchoed(staying)).toBe(true);
    expect(await isEchoed(await host.connect())).toBe(true);
  });

  it('takes no harm from being told twice', async () => {
    await host.start({});
    const listening = collect(host.server, 'server.listening');
    host.server.send({ type: 'control.resume' });
    suspend();
    suspend();
    expect(await knock(host.port)).toBe('ECONNREFUSED');
    expect(await resume()).toEqual(here());
    host.server.send({ type: 'control.resume' });
    expect(await knock(host.port)).toBe('connected');
    expect(listening).toHaveLength(1);
  });

  it('ends up as the last word says, however fast they follow each other', async () => {
    await host.start({});
    for (let n = 0; n < 20; n += 1) {
      suspend();
      host.server.send({ type: 'control.resume' });
    }
    suspend();
    expect(await knock(host.port)).toBe('ECONNREFUSED');
    expect(await resume()).toEqual(here());
    expect(await isEchoed(await host.connect())).toBe(true);
  });

  it('is suspended from the start when it is told so while the port is being opened', async () => {
    host.server = createServerCore({ protocol: echo, port: 0 });
    const starting = host.server.start();
    suspend();
    expect(state()).toEqual({ listening: 'suspended' });
    expect(host.server.address).toBeUndefined();
    host.server.send({ type: 'control.resume' });
    const { port } = await starting;
    expect(state()).toEqual({ listening: 'accepting' });
    const client = await Client.connect(port);
    expect(await isEchoed(client)).toBe(true);
    await client.destroy();
  });

  describe('while it was full', () => {
    it('is full again after control.resume', async () => {
      await host.start({ maxConnections: 1 });
      const first = await host.connect();
      suspend();
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      expect(await resume()).toEqual(here());
      expect(state()).toEqual({ listening: { full: 'rejecting' } });
      expect(await turnedAway(await host.visit())).toEqual({ told: '', ending: 'clean' });
      expect(await isEchoed(first)).toBe(true);
    });

    it('has a place after control.resume when one has left meanwhile', async () => {
      await host.start({ maxConnections: 1 });
      const first = await host.connect();
      suspend();
      const closed = emitted(host.server, 'connection.closed');
      await leave(first);
      await closed;
      expect(state()).toEqual({ listening: 'suspended' });
      await resume();
      expect(state()).toEqual({ listening: 'accepting' });
      expect(await isEchoed(await host.connect())).toBe(true);
    });

    it('goes on to serve those that queue', async () => {
      await host.start({ maxConnections: 1, whenBusy: 'queue' });
      const first = await host.connect();
      const queued = [await host.visit(), await host.visit()];
      await eventually(() => host.server.actor.getSnapshot().context.queue.length === 2);
      suspend();
      await leave(first);
      for (const client of queued) {
        expect(await isEchoed(client)).toBe(true);
        expect(await knock(host.port)).toBe('ECONNREFUSED');
        if (client === queued[0]) await leave(client);
      }
      await resume();
      expect(state()).toEqual({ listening: { full: 'queueing' } });
    });

    it("stays closed after control.resume with whenBusy 'refuse', until a place is free", async () => {
      await host.start({ maxConnections: 1, whenBusy: 'refuse' });
      const first = await host.connect();
      suspend();
      host.server.send({ type: 'control.resume' });
      expect(state()).toEqual({ listening: { full: 'refusing' } });
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      const listening = emitted(host.server, 'server.listening');
      await leave(first);
      expect(await listening).toEqual(here());
      expect(await isEchoed(await host.connect())).toBe(true);
    });

    it("does not open by itself with whenBusy 'refuse' when the last has left", async () => {
      await host.start({ maxConnections: 1, whenBusy: 'refuse' });
      const first = await host.connect();
      suspend();
      const closed = emitted(host.server, 'connection.closed');
      await leave(first);
      await closed;
      expect(await knock(host.port)).toBe('ECONNREFUSED');
      expect(await resume()).toEqual(here());
      expect(await knock(host.port)).toBe('connected');
    });
  });

  it('can be shut down, and the port stays free', async () => {
    await host.start({});
    const client = await host.connect();
    suspend();
    const summary = host.server.shutdown();
    await client.ended;
    await leave(client);
    expect(await summary).toMatchObject({ connections: 1, drained: [{ id: 'connection:1' }] });
    expect(await knock(host.port)).toBe('ECONNREFUSED');
  });

  it('ends in a ListenError when somebody else has taken the port meanwhile, and closes what is open', async () => {
    await host.start({});
    const client = await host.connect();
    suspend();
    const thief = createServerCore({ protocol: echo, port: host.port });
    try {
      await thief.start();
      host.server.send({ type: 'control.resume' });
      await expect(host.server.closed).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE' });
      await client.ended;
      await leave(client);
    } finally {
      await thief.shutdown({ timeout: 0 });
    }
  });
});
