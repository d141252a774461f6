/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'expectNothingLeft'] }] */
import { describe, expect, it } from '@jest/globals';
import { createServerCore, echo } from '../server/index';
import { emitted, eventually } from './support/events';
import {
  attempt,
  connectClient,
  deaf,
  handler,
  openClient,
  polite,
  startServer,
  tooMuch,
  waiting,
} from './support/fixtures';
import { expectNothingLeft, timersOf } from './support/nothingLeft';
import { makeWorker } from './support/worker';

const patient = { shutdownTimeout: 1_000_000, writeTimeout: 1_000_000, lingerTimeout: 1_000_000 };

describe("The root actor's stop()", () => {
  it('while the server starts', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const start = server.start();
    await expectNothingLeft({ server });
    await expect(start).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
  });

  it('while it accepts, with clients that talk, that are silent and that have gone', async () => {
    const started = await startServer(patient);
    const [talking, silent, gone] = [
      await openClient(started),
      await openClient(started),
      await openClient(started),
    ] as const;
    await talking.send('hello');
    await talking.receiveText('hello');
    const closed = emitted(started.server, 'connection.closed');
    gone.end();
    await closed;
    await expectNothingLeft(started, [talking, silent, gone]);
  });

  it('while it is full and rejects', async () => {
    const started = await startServer({ ...patient, maxConnections: 1, busyReply: 'full' });
    const client = await openClient(started);
    const saidSo = emitted(started.server, 'connection.rejected');
    const rejected = await connectClient(started.port);
    await saidSo;
    await expectNothingLeft(started, [client, rejected]);
  });

  it('while it is full and does not listen', async () => {
    const started = await startServer({ ...patient, maxConnections: 1, whenBusy: 'refuse' });
    const client = await openClient(started);
    expect(await attempt(started.port)).toBe('ECONNREFUSED');
    await expectNothingLeft(started, [client]);
  });

  it('while it opens its port again', async () => {
    const started = await startServer(patient);
    const client = await openClient(started);
    started.server.send({ type: 'control.suspend' });
    expect(await attempt(started.port)).toBe('ECONNREFUSED');
    started.server.send({ type: 'control.resume' });
    await expectNothingLeft(started, [client]);
  });

  it('with clients in the queue', async () => {
    const started = await startServer({ ...patient, maxConnections: 1, whenBusy: 'queue' });
    const client = await openClient(started);
    const queued = [await connectClient(started.port), await connectClient(started.port)];
    await queued[0]?.send('hello');
    await eventually(() => started.server.actor.getSnapshot().context.queue.length === 2);
    await expectNothingLeft(started, [client, ...queued]);
  });

  it('with congested connections', async () => {
    const flooding = handler(({ receive, emit }) => {
      receive(({ type }) => {
        if (type === 'inbox') emit({ type: 'outbox', data: tooMuch });
      });
    });
    const started = await startServer({ ...patient, protocol: flooding });
    const client = await openClient(started, { reads: false });
    await client.send('go');
    // writeTimeout runs
    await eventually(() => timersOf(started.server).length === 1);
    await expectNothingLeft(started, [client]);
  });

  it('with handlers that wait for a timer, that work, and that hold what they cannot take', async () => {
    const { worker, begun } = makeWorker();
    const started = await startServer({
      ...patient,
      protocol: ({ id }) => (id === 'connection:1' ? waiting : (worker as never)),
    });
    const first = await openClient(started);
    const second = await openClient(started);
    await second.send('one');
    await eventually(() => begun.length === 1);
    await second.send('two');
    expect(timersOf(started.server)).toHaveLength(1);
    await expectNothingLeft(started, [first, second]);
    expect(begun).toEqual(['one']);
  });

  it('while it drains', async () => {
    const started = await startServer({ ...patient, protocol: deaf });
    const client = await openClient(started);
    started.server.send({ type: 'control.serverShutdown' });
    expect(timersOf(started.server)).toHaveLength(1);
    await expectNothingLeft(started, [client]);
  });

  it('while connections flush and linger', async () => {
    const started = await startServer({ ...patient, protocol: polite, allowHalfOpen: true });
    const client = await openClient(started);
    client.socket.allowHalfOpen = true;
    started.server.send({ type: 'control.serverShutdown' });
    await client.ended;
    // shutdownTimeout and lingerTimeout run
    await eventually(() => timersOf(started.server).length === 2);
    // the client ends its side only after the server has gone
    setImmediate(() => client.end());
    await expectNothingLeft(started, [client]);
  });

  it('after it has drained, and twice', async () => {
    const started = await startServer();
    await openClient(started);
    const summary = await started.server.shutdown();
    started.server.actor.stop();
    started.server.actor.stop();
    expect(started.server.actor.getSnapshot().status).toBe('done');
    expect(await started.server.closed).toBe(summary);
  });

  it('from within what the server emits', async () => {
    const started = await startServer({ protocol: polite });
    started.server.on('connection.opened', () => started.server.actor.stop());
    const client = await connectClient(started.port);
    expect(await client.closed).toMatch(/^(clean|ECONNRESET)$/);
    await expectNothingLeft(started, [client]);
  });

  it('runs the clean-up of a callback handler, and tells a machine handler nothing more', async () => {
    const cleanedUp: string[] = [];
    const started = await startServer({
      protocol: handler(
        ({ input }) =>
          () =>
            cleanedUp.push(input.id),
      ),
    });
    const clients = [await openClient(started), await openClient(started)];
    await expectNothingLeft(started, clients);
    expect(cleanedUp).toEqual(['connection:1', 'connection:2']);
  });
});
