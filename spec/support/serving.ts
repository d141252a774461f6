import { afterEach } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createServerCore,
  type Protocol,
  type ServerCore,
  type ServerCoreOptions,
  type ServerEmitted,
} from '../../server/index';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import { Client } from './client';
import { collect, emitted } from './events';

export type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

type Live = ReadonlyMap<string, { readonly CSA: ConnectedSocketAdapter }>;

/** One ServerCore per spec with its clients, and what it emitted. */
export class Serving {
  #server: ServerCore | undefined;
  #clients: Client[] = [];
  /** All that the server has emitted, in order. */
  events: ServerEmitted[] = [];

  get server(): ServerCore {
    if (this.#server === undefined) throw new Error('Call start() first');
    return this.#server;
  }

  /** How connections ended so far. */
  get closed(): Closed[] {
    return this.events.filter((event) => event.type === 'connection.closed');
  }

  async start(protocol: Protocol, options: Partial<ServerCoreOptions> = {}): Promise<void> {
    this.#server = createServerCore({ protocol, port: 0, ...options });
    this.events = collect<ServerEmitted>(this.#server);
    await this.#server.start();
  }

  /** Connects a client, which is closed after the spec. */
  async connect(): Promise<Client> {
    const client = await Client.connect(this.server.address?.port ?? 0);
    this.#clients.push(client);
    return client;
  }

  /** Starts a server and connects its first client. */
  async first(protocol: Protocol, options: Partial<ServerCoreOptions> = {}): Promise<Client> {
    await this.start(protocol, options);
    return this.connect();
  }

  /** Waits for the end of a connection. */
  async ended(id = 'connection:1'): Promise<Closed> {
    const isIt = (event: Closed): boolean => event.id === id;
    return this.closed.find(isIt) ?? emitted<Closed>(this.server, 'connection.closed', isIt);
  }

  /** The server's side of a live connection's socket. */
  socketOf(id = 'connection:1'): ConnectedSocketAdapter | undefined {
    const { connections } = this.server.actor.getSnapshot().children;
    return (connections?.getSnapshot() as { live: Live } | undefined)?.live.get(id)?.CSA;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) await client.destroy();
    await this.#server?.shutdown({ timeout: 0 });
    this.#clients = [];
    this.#server = undefined;
  }
}

/** Gives each spec of a file its own server, and ends it afterwards. */
export function serving(): Serving {
  const made = new Serving();
  afterEach(() => made.stop());
  return made;
}

/** A turn of the event loop: all microtasks, and what is ready to be read. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Work that takes a while, inside a handler under test. */
export const working = (ms: number): Promise<void> => delay(ms);

/** A door that the spec opens: for a handler that is to stay busy until then. */
export class Gate {
  readonly opened: Promise<void>;
  open!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

/** Waits for the server's end of the connection, ends ours, and returns all that came. */
export async function receiveToEnd(client: Client): Promise<string> {
  await Promise.race([client.ended, client.closed]);
  client.end();
  return (await client.receiveAll()).toString();
}
