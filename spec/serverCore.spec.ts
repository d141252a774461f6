import { afterEach, describe, expect, it } from '@jest/globals';
import { createServerCore, echo, type ServerCore, type ServerCoreOptions, type ServerEmitted } from '../server/index';
import { Client } from './support/client';
import { emitted } from './support/events';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

describe('ServerCore', () => {
  let server: ServerCore;

  const start = async (options: Partial<ServerCoreOptions> = {}): Promise<number> => {
    server = createServerCore({ protocol: echo, port: 0, ...options });
    return (await server.start()).port;
  };

  afterEach(async () => {
    await server.shutdown({ timeout: 0 });
  });

  it('echoes what a client sends, and tells how its connection ended', async () => {
    const port = await start();
    const closed = emitted<Closed>(server, 'connection.closed');
    const client = await Client.connect(port);
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    client.end();
    expect(await client.closed).toBe('clean');
    expect(await closed).toMatchObject({ id: 'connection:1', reason: 'peerClosed', bytesIn: 5, bytesOut: 5 });
  });
});
