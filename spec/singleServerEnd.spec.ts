import { describe, expect, it } from '@jest/globals';
import { createSingleServer } from '../server/index';
import { Client } from './support/client';
import { collect } from './support/events';

describe('SingleServer with an end behind what waits', () => {
  it('emits _CSA_signal.producerFinished when it tells the client', async () => {
    await using server = createSingleServer({ port: 0 });
    server.send({ type: 'inbox', data: 'hi' });
    server.send({ type: 'control.producerFinished' });
    const { port } = await server.start();
    const signals = collect(server, '_CSA_signal.producerFinished');
    const client = await Client.connect(port);
    await client.ended;
    expect(client.received.toString()).toBe('hi');
    expect(signals).toEqual([{ type: '_CSA_signal.producerFinished' }]);
    await client.destroy();
  });
});
