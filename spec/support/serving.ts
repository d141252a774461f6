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

export type ClosedEvent = Extract<ServerEmitted, { type: 'connection.closed' }>;

type Live = ReadonlyMap<string, { readonly CSA: ConnectedSocketAdapter }>;

/** One ServerCore for each spec, with its clients and the events that it emitted. */
export class Serving {
  #server: ServerCore | undefined;
  #clients: Client[] = [];
  /** All that the server has emitted, in order. */
  events: ServerEmitted[] = [];

  get server(): ServerCore {
    if (this.#server === undefined) throw new Error('Call start() first');
    return this.#server;
  }

  /** The `connection.closed` events so far. */
  get closed(): ClosedEvent[] {
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
  async ended(id = 'connection:1'): Promise<ClosedEvent> {
    const isIt = (event: ClosedEvent): boolean => event.id === id;
    return this.closed.find(isIt) ?? emitted<ClosedEvent>(this.server, 'connection.closed', isIt);
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

/** Gives each spec of a file its own server, and ends the server after the spec. */
export function serving(): Serving {
  const made = new Serving();
  afterEach(() => made.stop());
  return made;
}

/** Waits for one turn of the event loop: all microtasks run, and sockets that are ready are read. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Stands for a handler's work that takes `ms` milliseconds of real time. */
export const working = (ms: number): Promise<void> => delay(ms);

/** A gate that the spec opens. A handler that waits for it stays busy until then. */
export class Gate {
  readonly opened: Promise<void>;
  open!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

/** Waits until the server has ended its side, ends the client's side, and returns everything received as text. */
export async function receiveToEnd(client: Client): Promise<string> {
  await Promise.race([client.ended, client.closed]);
  client.end();
  return (await client.receiveAll()).toString();
}
