import { Client } from './client';

const clients: Client[] = [];

/** Connects a client of those that {@link destroyClients} ends. */
export async function connect(port: number): Promise<Client> {
  const client = await Client.connect({ port, host: '127.0.0.1', allowHalfOpen: false });
  clients.push(client);
  return client;
}

/** Ends all that {@link connect} has connected. */
export async function destroyClients(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.destroy()));
}

export async function echoes(client: Client, text: string): Promise<string> {
  await client.send(text);
  return client.receiveText(text);
}

/** Whether a client is served, or else how its connection ended. */
export async function fate(client: Client): Promise<string> {
  return Promise.race([client.closed, echoes(client, 'x').then((): Promise<string> | string => 'served')]).catch(
    () => client.closed,
  );
}
