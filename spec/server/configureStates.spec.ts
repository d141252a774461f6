import { describe, expect, it } from '@jest/globals';
import type { ConfigurableOptions } from '../../machines/options/configure';
import { createServerCore, echo, serverCore, type ServerCoreOptions } from '../../server/index';
import { scenario, type Scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { capacityTold } from '../support/capacity';
import { collect } from '../support/events';
import { connectClient, polite, started, startServer } from '../support/fixtures';

type Core = Scenario<typeof serverCore>;

const start = (options: Partial<ServerCoreOptions> = {}): Promise<Core> =>
  scenario(serverCore, { protocol: echo, ...options });

const configure = (s: Core, options: ConfigurableOptions): Promise<void> =>
  s.send({ type: 'control.configure', options });

describe('control.configure in each state of a server', () => {
  it('suspended: it stays so, and those who wait are served', async () => {
    await using s = await start({ maxConnections: 1, whenBusy: 'queue' });
    const [, second] = await s.clients('first', 'second', 'third');
    await s.send({ type: 'control.suspend' });
    await configure(s, { maxConnections: 2 });
    expect(s.server).toBeInState({ listening: 'suspended' });
    await second.sends('served');
    await second.receives('served');
    expect(s).toHaveConnections(2);
    await configure(s, { maxConnections: 5 });
    await s.send({ type: 'control.resume' });
    expect(s.server).toBeInState({ listening: 'accepting' });
    expect(capacityTold(s)).toEqual(['full with 1', 'accepting with 3']);
  });

  it('suspended: a limit that is reached by it counts from the resumption on', async () => {
    await using s = await start();
    await s.clients('first', 'second');
    await s.send({ type: 'control.suspend' });
    await configure(s, { maxConnections: 2 });
    expect(capacityTold(s)).toEqual([]);
    await s.send({ type: 'control.resume' });
    expect(capacityTold(s)).toEqual(['full with 2']);
    await (await s.client()).isRejected('atCapacity');
  });

  it('restarting: it goes on to wait for its next try', async () => {
    await using s = await start({ port: 8080, restart: { delay: 1_000 } });
    const first = await s.client();
    await s.send({ type: 'control.suspend' });
    const thief = await scenario(serverCore, { protocol: echo, port: 8080 }, { network: s.network });
    await s.send({ type: 'control.resume' });
    await thief.close();
    await configure(s, { maxConnections: 1 });
    await s.advance(999);
    expect(s.server).toBeInState({ listening: 'restarting' });
    await s.advance(1);
    expect(s.server).toBeInState({ listening: { full: 'rejecting' } });
    await first.isOpen();
  });

  it('draining: it changes nothing about the drain', async () => {
    await using s = await start({ protocol: polite, shutdownTimeout: 1_000 });
    const client = await s.client('client', { allowHalfOpen: true });
    await s.shutsDown();
    await configure(s, { shutdownTimeout: 60_000, maxConnections: 1 });
    expect(s).toHaveEmitted({ type: 'server.configured' });
    expect(s.server).toBeInState('draining');
    await s.advance(1_000);
    await client.isClosed();
    expect(s.output).toMatchObject({ connections: 1 });
  });

  it('draining: a bad value is told as ever', async () => {
    await using s = await start();
    await s.client('client', { allowHalfOpen: true });
    await s.shutsDown();
    await configure(s, { maxConnections: 0 });
    expect(s).toHaveEmitted({ type: 'server.configureFailed' });
  });
});

describe("A ServerCore's handle, configured", () => {
  it('throws for a bad value at once, and asks the server nothing', async () => {
    const { server } = await startServer({ maxConnections: 9 });
    const said = collect(server);
    expect(() => {
      server.configure({ maxConnections: 5, maxQueued: -1 });
    }).toThrow(expect.objectContaining({ name: 'InvalidOptionError', option: 'maxQueued', value: -1 }));
    expect(said).toEqual([]);
    expect(server.actor.getSnapshot().context.options.maxConnections).toBe(9);
  });

  it('changes what the next client meets', async () => {
    const { server, port } = await startServer({ maxConnections: 9 });
    const said = collect<{ type: string }>(server, 'server.configured');
    server.configure({ allow: [], busyReply: 'not told to those who are not let in' });
    expect(said).toHaveLength(1);
    const client = await connectClient(port);
    expect(await client.receiveAll()).toEqual(Buffer.alloc(0));
  });

  it("throws for whenBusy 'refuse' with fd, which can't be opened again", () => {
    const server = createServerCore({ protocol: echo, fd: 3 });
    expect(() => {
      server.configure({ whenBusy: 'refuse' });
    }).toThrow(expect.objectContaining({ option: 'whenBusy' }));
  });

  it.each([
    ['before its start', false],
    ['while it starts', true],
  ])('counts from the start on when it is told %s', async (_, isStarting) => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const listening = isStarting ? started(server) : undefined;
    server.configure({ maxConnections: 1, busyReply: 'busy' });
    const { port } = await (listening ?? started(server));
    await connectClient(port);
    expect((await (await connectClient(port)).receiveAll()).toString()).toBe('busy');
  });

  it('does nothing after its end', async () => {
    const { server } = await startServer();
    const said = collect<{ type: string }>(server, 'server.configured');
    await server.shutdown();
    server.configure({ maxConnections: 1 });
    expect(said).toEqual([]);
  });
});
