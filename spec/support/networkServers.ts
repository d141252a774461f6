import { afterEach } from '@jest/globals';
import { createActor, type Actor } from 'xstate';
import { connectorOn, tcpListenerOn, type Network } from '../../server/testing/index';
import { ServerHandle } from '../../server/serverHandle';
import {
  serverCore,
  singleServer,
  tcpClient,
  type ServerCore,
  type ServerCoreOptions,
  type ServerEmitted,
  type SingleServer,
  type SingleServerOptions,
  type TcpClientOptions,
} from '../../server/index';
import { emitted } from './events';
import { Net, type Peer } from './networks';

type Closed = Extract<ServerEmitted, { type: 'connection.closed' }>;

/** One spec's servers of ours on a network, and their clients, gone after it. */
export class NetServers extends Net {
  readonly #actors: { stop(): unknown }[] = [];

  constructor(make: () => Network) {
    super(make);
    afterEach(() => {
      for (const actor of this.#actors.splice(0)) actor.stop();
    });
  }

  /** A ServerCore that has not started. */
  makeCore(options: ServerCoreOptions): ServerCore {
    const logic = serverCore.provide({ actors: { listener: tcpListenerOn(this.network) } });
    const server: ServerCore = new ServerHandle(logic, { port: 0, ...options }, { clock: this.clock });
    this.#actors.push(server.actor);
    return server;
  }

  /** A ServerCore that listens. */
  async core(options: ServerCoreOptions): Promise<ServerCore> {
    const server = this.makeCore(options);
    await server.start();
    return server;
  }

  /** A SingleServer that listens. */
  async single(options: SingleServerOptions = {}): Promise<SingleServer> {
    const logic = singleServer.provide({ actors: { listener: tcpListenerOn(this.network) } });
    const server: SingleServer = new ServerHandle(logic, { port: 0, ...options }, { clock: this.clock });
    this.#actors.push(server.actor);
    await server.start();
    return server;
  }

  /** A tcpClient, started. */
  tcpClient(options: TcpClientOptions): Actor<typeof tcpClient> {
    const logic = tcpClient.provide({ actors: { connector: connectorOn(this.network) } });
    const actor = createActor(logic, { input: options, clock: this.clock });
    this.#actors.push(actor);
    return actor;
  }

  /** A raw client that the server has opened a connection for. It doesn't read. */
  async visit(server: ServerCore | SingleServer): Promise<Peer> {
    const opened = emitted(server, 'connection.opened');
    const client = this.ring(server);
    await Promise.all([opened, client.sees('connect')]);
    client.log.length = 0;
    return client;
  }

  /** A raw client that is connecting. */
  ring(server: ServerCore | SingleServer): Peer {
    return this.call({ host: '127.0.0.1', port: server.address?.port ?? 0 });
  }
}

/** Waits for the end of a server's next connection. */
export const ended = (server: ServerCore | SingleServer): Promise<Closed> =>
  emitted<Closed>(server, 'connection.closed');
