import { describe, expect, it } from '@jest/globals';
import { SimulatedClock } from 'xstate';
import { createServerCore, createSingleServer, setupProtocol } from '../server/index';
import { Client } from './support/client';
import { collect, emitted, eventually } from './support/events';
import {
  atEnd,
  attempt,
  connectClient,
  deaf,
  handler,
  openClient,
  polite,
  startServer,
  tooMuch,
  type Emitted,
} from './support/fixtures';

/** Many turns of the event loop: what is going to happen without the clock has happened. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

const flooding = handler(({ receive, emit }) => {
  receive(({ type }) => {
    if (type === 'inbox') emit({ type: 'outbox', data: tooMuch });
  });
});

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

  it('writeTimeout runs on it', async () => {
    const clock = new SimulatedClock();
    const started = await startServer({ protocol: flooding, clock, writeTimeout: 1_000 });
    const client = await openClient(started, { reads: false });
    const closed = collect<Emitted<'connection.closed'>>(started.server, 'connection.closed');
    await client.send('go');
    await eventually(() => Object.keys(started.server.actor.system.getSnapshot()._scheduledEvents).length === 1);
    // once what the kernel takes has left, nothing does
    await settle();
    clock.increment(999);
    await settle();
    expect(closed).toEqual([]);
    // looked at once in writeTimeout: at the second look at the latest
    clock.increment(1);
    clock.increment(1_000);
    expect(closed).toMatchObject([{ id: 'connection:1', reason: 'slowConsumer', bytesIn: 2 }]);
  });

  it('lingerTimeout runs on it', async () => {
    const clock = new SimulatedClock();
    const started = await startServer({ protocol: polite, clock, lingerTimeout: 2_000, shutdownTimeout: 900_000 });
    const opened = emitted(started.server, 'connection.opened');
    const client = await Client.connect(started.port);
    atEnd(() => client.destroy());
    await opened;
    started.server.send({ type: 'control.serverShutdown' });
    await client.ended;
    await eventually(() => Object.keys(started.server.actor.system.getSnapshot()._scheduledEvents).length === 2);
    clock.increment(1_999);
    expect(started.server.actor.getSnapshot().status).toBe('active');
    clock.increment(1);
    expect(started.server.actor.getSnapshot().status).toBe('done');
    expect((await started.server.closed).reasons).toEqual({ handlerFinished: 1 });
  });

  it('the time that a rejected client has to take busyReply runs on it', async () => {
    const clock = new SimulatedClock();
    const started = await startServer({ maxConnections: 1, busyReply: 'busy', lingerTimeout: 20, clock });
    await openClient(started);
    const rejected = await Client.connect(started.port);
    atEnd(() => rejected.destroy());
    expect(await rejected.receiveText('busy')).toBe('busy');
    await rejected.ended;
    // longer than lingerTimeout on the wall's clock; a server whose time stands still waits on
    await new Promise((resolve) => setTimeout(resolve, 60));
    // were it closed, the first one would be answered with a reset
    await rejected.send('x');
    await settle();
    await expect(rejected.send('x')).resolves.toBeUndefined();
  });

  it("a handler's own timers run on it", async () => {
    const clock = new SimulatedClock();
    const alarm = setupProtocol().createMachine({
      initial: 'waiting',
      states: {
        waiting: { after: { 60_000: 'ringing' } },
        ringing: { entry: [{ type: 'reply', params: { data: 'ring' } }, 'finish'] },
      },
    });
    const started = await startServer({ protocol: alarm, clock });
    const client = await openClient(started);
    clock.increment(59_999);
    await settle();
    expect(client.received.toString()).toBe('');
    clock.increment(1);
    expect((await client.receiveAll()).toString()).toBe('ring');
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
    expect(await attempt(port)).toBe('ECONNREFUSED');
  });
});
