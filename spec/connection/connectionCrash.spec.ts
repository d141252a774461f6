import { describe, expect, it } from '@jest/globals';
import { echo, serverCore, singleServer, tcpClient } from '../../server/index';
import { scenario, type Scenario } from '../../server/testing/index';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';

/** Makes a connection's own actor throw at its end, not the handler. */
function sabotage(s: Pick<Scenario<never>, 'actor'>, connection: string): void {
  const { context } = s.actor(connection).getSnapshot() as { context: { CSA: ConnectedSocketAdapter } };
  const CSA: { destroy?: () => void } = context.CSA;
  CSA.destroy = () => {
    delete CSA.destroy;
    throw new Error('under test');
  };
}

/** The actors that still run of a connection and its handler. */
const left = (s: Pick<Scenario<never>, 'leftovers'>): string[] =>
  s.leftovers().filter((line) => line.includes('connection'));

describe('A connection that crashes itself', () => {
  it('leaves nothing of its handler in a ServerCore, which goes on', async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const client = await s.client();
    sabotage(s, 'connection:1');
    await client.ends();
    expect(await client.isClosed('aborted')).toMatchObject({ error: new Error('under test') });
    expect(left(s)).toEqual(['actor connections']);
  });

  it('leaves nothing of its handler in a SingleServer, which serves the next', async () => {
    await using s = await scenario(singleServer, { protocol: echo });
    const client = await s.client();
    sabotage(s, 'connection');
    await client.ends();
    expect(await client.isClosed('aborted')).toMatchObject({ error: new Error('under test') });
    expect(left(s)).toEqual([]);
    const next = await s.client();
    await next.sends('hello');
    await next.receives('hello');
  });

  it('ends a tcpClient in its error, and leaves nothing of its handler', async () => {
    await using s = await scenario(tcpClient, { protocol: echo, port: 8080 }, { listeners: { server: 8080 } });
    const server = await s.listener('server').accepts();
    sabotage(s, 'connection');
    await expect(server.ends()).rejects.toThrow('under test');
    expect(s.leftovers()).toEqual(['server on 127.0.0.1:8080']);
  });
});
