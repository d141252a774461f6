import { describe, expect, it } from '@jest/globals';
import { createServerCore, echo } from '../../server/index';
import { emitted } from '../support/events';

describe('A server whose actor was started by itself', () => {
  it('has a start() that tells where it listens', async () => {
    await using server = createServerCore({ protocol: echo, port: 0 });
    const listening = emitted<{ port: number }>(server, 'server.listening');
    server.actor.start();
    const { port } = await listening;
    expect(await server.start()).toEqual({ address: '127.0.0.1', port });
  });

  it('is drained by a shutdown() that comes before it listens', async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    server.actor.start();
    const summary = await server.shutdown();
    expect(summary.connections).toBe(0);
    expect(server.actor.getSnapshot().status).toBe('done');
  });
});
