import { describe, expect, it } from '@jest/globals';
import { createServerCore, echo, serverCore } from '../../server/index';
import { scenario } from '../../server/testing/index';
import { Client } from '../support/client';

describe('ServerCore', () => {
  it('echoes what a client sends, and tells how its connection ended', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const client = await s.client();
    await client.sends('hello');
    await client.receives('hello');
    await client.ends();
    await client.isEnded();
    expect(await client.isClosed('peerClosed')).toMatchObject({ id: 'connection:1', bytesIn: 5, bytesOut: 5 });
    await s.shutsDown();
    expect(s.leftovers()).toEqual([]);
  });

  it('does the same on TCP', async () => {
    await using server = createServerCore({ protocol: echo, port: 0 });
    const client = await Client.connect((await server.start()).port);
    await client.send('hello');
    expect(await client.receiveText(5)).toBe('hello');
    expect(await client.end().closed).toBe('clean');
    expect((await server.shutdown()).reasons).toEqual({ peerClosed: 1 });
  });
});
