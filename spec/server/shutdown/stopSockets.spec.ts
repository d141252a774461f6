/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'expectNothingLeft'] }] */
import { describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { createServerCore, echo } from '../../../server/index';
import { emitted, eventually } from '../../support/events';
import { connectClient, handler, knock, openClient, startServer, tooMuch } from '../../support/fixtures';
import { expectNothingLeft } from '../../support/nothingLeft';

/** Expects that the process has no more sockets and timers than before. */
describe("The root actor's stop(), seen from the process", () => {
  it('while the server starts', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const start = server.start();
    await expectNothingLeft({ server });
    await expect(start).rejects.toMatchObject({ code: 'ERR_SERVER_CLOSED' });
  });

  it('while it accepts, with clients that talk, that are silent and that have gone', async () => {
    const started = await startServer();
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

  it('while it opens its port again', async () => {
    const started = await startServer();
    const client = await openClient(started);
    started.server.send({ type: 'control.suspend' });
    expect(await knock(started.port)).toBe('ECONNREFUSED');
    started.server.send({ type: 'control.resume' });
    await expectNothingLeft(started, [client]);
  });

  it('with clients in the queue', async () => {
    const started = await startServer({ maxConnections: 1, whenBusy: 'queue' });
    const client = await openClient(started);
    const queued = [await connectClient(started.port), await connectClient(started.port)];
    await queued[0]?.send('hello');
    await eventually(() => started.server.actor.getSnapshot().context.queue.length === 2);
    await expectNothingLeft(started, [client, ...queued]);
  });

  it('with congested connections', async () => {
    const told = new EventEmitter();
    const flooding = handler(({ receive, emit }) => {
      receive(({ type }) => {
        if (type === 'inbox') emit({ type: 'outbox', data: tooMuch });
        // stopped while the connection enters the state `congested`
        if (type === 'control.noSpaceInBox') told.emit('congested');
      });
    });
    const congested = once(told, 'congested');
    const started = await startServer({ protocol: flooding });
    const client = await openClient(started, { reads: false });
    await client.send('go');
    await congested;
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
});
