import { afterEach } from '@jest/globals';
import type { NetConnectOpts } from 'node:net';
import { Client, type Ending } from './client';

/** Connects clients, and closes those that a test leaves open. Call it where one would call `afterEach`. */
export function visitors(): (to: number | NetConnectOpts) => Promise<Client> {
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.destroy()));
  });
  return async (to) => {
    const client = await Client.connect(to);
    clients.push(client);
    return client;
  };
}

/** Ends a client's side and waits for its close: how a polite client leaves. */
export function leave(client: Client): Promise<Ending> {
  return client.end().closed;
}

/** What a rejected client meets: everything that it was told until the server's FIN, and how its connection closed. */
export async function turnedAway(client: Client): Promise<{ told: string; ending: Ending }> {
  await client.ended;
  return { ending: await leave(client), told: client.received.toString() };
}

/** The error code that connecting ends in, or `'connected'`. */
export async function knock(to: number | NetConnectOpts): Promise<string> {
  try {
    await (await Client.connect(to)).destroy();
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
