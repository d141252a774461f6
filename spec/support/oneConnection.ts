import { afterEach, expect } from '@jest/globals';
import {
  createServerCore,
  type CloseReason,
  type Protocol,
  type ProtocolEvent,
  type ServerCore,
  type ServerCoreOptions,
  type ServerEmitted,
} from '../../server/index';
import { Client } from './client';
import { collect, emitted, eventually } from './events';
import { Recorder } from './recorder';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

/** What every first connection's close has in it. */
export const common = { type: 'connection.closed', id: 'connection:1', durationMs: expect.any(Number) } as const;

/** A handler that echoes, and crashes when told to. */
export const echoOrCrash = (): Recorder =>
  new Recorder((event, { write }) => {
    if (event.type !== 'inbox') return;
    if (event.data.toString() === 'crash') throw new Error('crash');
    write(event.data);
  });

/** A server with one client, whose end is looked at. */
export class OneConnection {
  server!: ServerCore;
  client!: Client;
  /** All that the server emitted. */
  events: ServerEmitted[] = [];

  async serve(protocol: Protocol, options: Partial<ServerCoreOptions> = {}): Promise<Client> {
    this.server = createServerCore({ protocol, port: 0, ...options });
    this.events = collect<ServerEmitted>(this.server);
    const { port } = await this.server.start();
    const opened = emitted(this.server, 'connection.opened');
    this.client = await Client.connect(port);
    await opened;
    return this.client;
  }

  /** The one close, once the whole server has ended: no second one can come any more. */
  async ended(): Promise<Closed | undefined> {
    await eventually(() => this.events.some(({ type }) => type === 'connection.closed'));
    await this.server.shutdown({ timeout: 0 });
    const all = this.events.filter((event) => event.type === 'connection.closed');
    if (all.length > 1) throw new Error(`One connection was closed ${String(all.length)} times`);
    return all[0];
  }

  async stop(): Promise<void> {
    await this.client.destroy();
    await this.server.shutdown({ timeout: 0 });
  }
}

/** Gives each spec of a file its own server and client. */
export function oneConnection(): OneConnection {
  const made = new OneConnection();
  afterEach(() => made.stop());
  return made;
}

/** Expects that a handler was told of its end once, and of nothing after that. */
export function expectTold(told: readonly ProtocolEvent[], reason: CloseReason, error?: unknown): void {
  const last = { type: 'control.socketShutdown', reason, ...(error === undefined ? {} : { error }) };
  expect(told.filter(({ type }) => type === 'control.socketShutdown')).toStrictEqual([last]);
  expect(told.at(-1)).toStrictEqual(last);
}
