import { describe, expect, it } from '@jest/globals';
import { SimulatedClock } from 'xstate';
import { createServerCore, createSingleServer, echo, serverCore, setupProtocol } from '../../server/index';
import { scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { emitted } from '../support/events';
import { connectClient, deaf, knock, openClient, polite, startServer } from '../support/fixtures';
import { floodOnDemand } from '../support/floods';

/** Waits for many turns of the event loop: everything that needs no clock has happened then. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe("With XState's SimulatedClock", () => {
  it('a drain ends at shutdownTimeout of that clock, and not before', async () => {
    const clock = new SimulatedClock();
    const started = await startServer({ protocol: deaf, clock, shutdownTimeout: 5_000 });
    const client = await openClient(started);
    const shutdown = started.server.shutdown();
    await settle();
    clock.increment(4_999);
    await settle();
    expect(started.server.actor.getSnapshot().value).toEqual({ draining: 'finishing' });
    expect(client.socket.destroyed).toBe(false);

    clock.increment(1);

    expect(started.server.actor.getSnapshot().status).toBe('done');
    expect((await shutdown).reasons).toEqual({ aborted: 1 });
    expect(await client.closed).toBe('clean');
  });

  it("shutdown's own timeout counts on it", async () => {
    const clock = new SimulatedClock();
    const started = await startServer({ protocol: deaf, clock });
    await openClient(started);
    const shutdown = started.server.shutdown({ timeout: 7 });
    clock.increment(6);
    expect(started.server.actor.getSnapshot().status).toBe('active');
    clock.increment(1);
    expect(started.server.actor.getSnapshot().status).toBe('done');
    expect((await shutdown).reasons).toEqual({ aborted: 1 });
  });

  it('a drain in which everybody finishes needs no clock', async () => {
    const started = await startServer({ protocol: polite, clock: new SimulatedClock() });
    await openClient(started);
    expect((await started.server.shutdown()).reasons).toEqual({ handlerFinished: 1 });
  });

  it('SingleServer drains on it, too', async () => {
    const clock = new SimulatedClock();
    const server = createSingleServer({ protocol: deaf, port: 0, clock, shutdownTimeout: 5_000 });
    const { port } = await server.start();
    const opened = emitted(server, 'connection.opened');
    await connectClient(port);
    await opened;
    server.send({ type: 'control.serverShutdown' });
    clock.increment(4_999);
    expect(server.actor.getSnapshot().status).toBe('active');
    clock.increment(1);
    expect(server.actor.getSnapshot().status).toBe('done');
    await server.closed;
  });

  it('stop() leaves none of its timers', async () => {
    const clock = new SimulatedClock();
    const server = createServerCore({ protocol: deaf, port: 0, clock });
    const { port } = await server.start();
    const client = await openClient({ server, port });
    server.send({ type: 'control.serverShutdown' });
    server.actor.stop();
    clock.increment(1_000_000);
    expect(server.actor.getSnapshot().status).toBe('stopped');
    expect(await client.closed).toBe('clean');
    expect(await knock(port)).toBe('ECONNREFUSED');
  });
});

describe('With a clock that has a now of its own', () => {
  it('takes it for no time when it is not a function', () => {
    const clock = { now: 5, setTimeout, clearTimeout };
    expect(() => createServerCore({ protocol: echo, clock })).not.toThrow();
  });
});

describe("On a scenario's clock", () => {
  it('writeTimeout runs', async () => {
    await using s = await scenario(serverCore, { protocol: floodOnDemand, writeTimeout: 1_000 });
    const client = await s.client();
    client.stopsReading();
    await client.sends('?');
    await s.advance(999);
    await client.isOpen();
    await s.advance(1);
    expect(await client.isClosed('slowConsumer')).toMatchObject({ bytesIn: 1, bytesOut: 65_536, durationMs: 1_000 });
  });

  it('lingerTimeout runs', async () => {
    await using s = await scenario(serverCore, { protocol: polite, lingerTimeout: 2_000, shutdownTimeout: 900_000 });
    const client = await s.client('client', { allowHalfOpen: true });
    await s.shutsDown();
    await client.isEnded();
    // the timers of shutdownTimeout, of lingerTimeout, and of the sweep over all connections' time limits
    expect(s.clock.pending).toBe(3);
    await s.advance(1_999);
    expect(s.server).toBeInState('draining');
    await s.advance(1);
    expect(s.server).toBeInState('shutdown');
    expect(await client.isClosed('handlerFinished')).toMatchObject({ durationMs: 2_000 });
    expect(s.clock.pending).toBe(0);
  });

  it('the time runs that a rejected client has to take busyReply', async () => {
    const options = { protocol: echo, maxConnections: 1, busyReply: 'busy', lingerTimeout: 20 };
    await using s = await scenario(serverCore, options);
    await s.client('first');
    const rejected = await s.client('rejected', { allowHalfOpen: true });
    await rejected.receives('busy');
    await rejected.isEnded();
    await s.advance(19);
    // a closed socket would answer the first write with a reset
    for (const text of ['x', 'x']) await rejected.sends(text);
    await s.advance(1);
    for (const text of ['x', 'x']) await rejected.sends(text);
    await rejected.hasFailed('EPIPE');
    expect(s).toHaveConnections(1);
  });

  it("a handler's own timers run", async () => {
    const alarm = setupProtocol().createMachine({
      initial: 'waiting',
      states: {
        waiting: { after: { 60_000: 'ringing' } },
        ringing: { entry: [{ type: 'reply', params: { data: 'ring' } }, 'finish'] },
      },
    });
    await using s = await scenario(serverCore, { protocol: alarm });
    const client = await s.client();
    await s.advance(59_999);
    await client.receivesNothing();
    await s.advance(1);
    await client.receives('ring');
    await client.hasClosed();
  });
});
