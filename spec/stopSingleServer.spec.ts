/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'expectNothingLeft'] }] */
import { describe, expect, it } from '@jest/globals';
import { createSingleServer } from '../server/index';
import { eventually } from './support/events';
import { connectClient, deaf, openClient, waiting, type Started } from './support/fixtures';
import { expectNothingLeft, timersOf } from './support/nothingLeft';

const patient = { shutdownTimeout: 1_000_000, writeTimeout: 1_000_000, lingerTimeout: 1_000_000 };

describe("The root actor's stop() of a SingleServer", () => {
  const single = async (options: Parameters<typeof createSingleServer>[0] = {}): Promise<Started> => {
    const server = createSingleServer({ ...patient, port: 0, ...options });
    const { port } = await server.start();
    return { server: server as unknown as Started['server'], port };
  };

  it('while it is idle, with bytes that wait', async () => {
    const started = await single();
    (started.server as unknown as ReturnType<typeof createSingleServer>).send({ type: 'inbox', data: 'hello' });
    await expectNothingLeft(started);
  });

  it('while it is connected, with a client in the queue', async () => {
    const started = await single({ whenBusy: 'queue', protocol: waiting });
    const client = await openClient(started);
    const queued = await connectClient(started.port);
    await eventually(() => started.server.actor.getSnapshot().context.queue.length === 1);
    expect(timersOf(started.server)).toHaveLength(1);
    await expectNothingLeft(started, [client, queued]);
  });

  it('while it refuses', async () => {
    const started = await single({ whenBusy: 'refuse' });
    const client = await openClient(started);
    await expectNothingLeft(started, [client]);
  });

  it('while it drains', async () => {
    const started = await single({ protocol: deaf });
    const client = await openClient(started);
    started.server.send({ type: 'control.serverShutdown' });
    await expectNothingLeft(started, [client]);
  });
});
