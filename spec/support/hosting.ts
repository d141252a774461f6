import { afterEach } from '@jest/globals';
import type { NetConnectOpts } from 'node:net';
import type { ServerCore, SingleServer } from '../../server/index';
import { Client } from './client';
import { emitted } from './events';

/** A server for each test, and its clients. All of them are gone at the test's end, also when it fails. */
export class Hosting<TServer extends SingleServer | ServerCore, TOptions> {
  server!: TServer;
  port = 0;
  readonly #create: (options: TOptions) => TServer;
  readonly #clients: Client[] = [];

  /** Call it where one would call `afterEach`. */
  constructor(create: (options: TOptions) => TServer) {
    this.#create = create;
    afterEach(async () => {
      // no server when the test's options were not even valid
      await (this.server as TServer | undefined)?.shutdown({ timeout: 0 }).catch(() => undefined);
      await Promise.all(this.#clients.splice(0).map((client) => client.destroy()));
    });
  }

  async start(options: TOptions): Promise<void> {
    this.server = this.#create(options);
    ({ port: this.port } = await this.server.start());
  }

  /** A client whose connection stands; the server may not have seen it yet. */
  async visit(to: number | NetConnectOpts = this.port): Promise<Client> {
    const client = await Client.connect(to);
    this.#clients.push(client);
    return client;
  }

  /** Ends the side of every client that has not ended it yet, and waits for their closes. */
  async leaveAll(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().closed));
  }

  /** A client that is being served. */
  async connect(to: number | NetConnectOpts = this.port): Promise<Client> {
    const opened = emitted(this.server, 'connection.opened');
    const client = await this.visit(to);
    await opened;
    return client;
  }
}
