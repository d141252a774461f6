import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { echo, ListenError, serverCore, singleServer } from '../../server/index';
import { scenario, type MemoryNetwork, type Scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { collect } from '../support/events';
import { atEnd, openClient, startServer } from '../support/fixtures';

/** Starts another server on the port that a server has listened on. */
const occupy = (network: MemoryNetwork): Promise<Scenario<typeof serverCore>> =>
  scenario(serverCore, { protocol: echo }, { network });

describe('A server that opens its port again, and has no second chance', () => {
  const restart = { max: 0 };

  it('fails when somebody has taken it during a suspension, and closes its connections', async () => {
    const started = await startServer({ restart });
    const clients = [await openClient(started), await openClient(started)];
    started.server.send({ type: 'control.suspend' });
    const other = createServer().listen(started.port, '127.0.0.1');
    atEnd(async () => {
      other.close();
      await once(other, 'close');
    });
    await once(other, 'listening');
    const events = collect<{ type: string }>(started.server);

    started.server.send({ type: 'control.resume' });

    const error: unknown = await started.server.closed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.1', port: started.port });
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(['clean', 'clean']);
    expect(events).toContainEqual({ type: 'server.failed', error });
    await expect(started.server.shutdown()).rejects.toBe(error);
  });

  it('fails, and closes the clients that queue, too', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 1, whenBusy: 'queue', restart });
    const clients = await s.clients('served', 'queued');
    await s.send({ type: 'control.suspend' });
    await using other = await occupy(s.network);
    await expect(s.send({ type: 'control.resume' })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(s).toHaveEmitted({ type: 'server.failed', error: s.error });
    for (const client of clients) await client.hasClosed();
    await other.close();
    expect(s.leftovers()).toEqual([]);
  });

  it('fails when somebody has taken it while it was full and refused', async () => {
    await using s = await scenario(serverCore, { protocol: echo, maxConnections: 2, whenBusy: 'refuse', restart });
    const [leaving, staying] = await s.clients('leaving', 'staying');
    expect(s.server).toBeInState({ listening: { full: 'refusing' } });
    await using other = await occupy(s.network);
    await expect(leaving.ends()).rejects.toMatchObject({ code: 'EADDRINUSE', port: 1601 });
    for (const client of [leaving, staying]) await client.hasClosed();
    await other.close();
    expect(s.leftovers()).toEqual([]);
  });

  it('fails as a SingleServer, too', async () => {
    await using s = await scenario(singleServer, { whenBusy: 'refuse', restart });
    const client = await s.client();
    await using other = await occupy(s.network);
    await expect(client.ends()).rejects.toMatchObject({ code: 'EADDRINUSE', port: 1601 });
    await client.hasClosed();
    await other.close();
    expect(s.leftovers()).toEqual([]);
  });
});
