import { Client } from './client';

const clients: Client[] = [];

/** Connects a client, which {@link destroyClients} ends. */
export async function connect(port: number): Promise<Client> {
  const client = await Client.connect({ port, host: '127.0.0.1', allowHalfOpen: false });
  clients.push(client);
  return client;
}

/** Ends all clients that {@link connect} has connected. */
export async function destroyClients(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.destroy()));
}

export async function echoes(client: Client, text: string): Promise<string> {
  await client.send(text);
  return client.receiveText(text);
}

/** Resolves with `served` when a client gets its echo, and else with how its connection ended. */
export async function fate(client: Client): Promise<string> {
  return Promise.race([client.closed, echoes(client, 'x').then((): Promise<string> | string => 'served')]).catch(
    () => client.closed,
  );
}
