import { afterEach } from '@jest/globals';
import { createActor, type Actor, type AnyActor } from 'xstate';
import { setNetwork, type Network } from '../../actors/socket/network';
import { ServerCore } from '../../server/createServerCore';
import { ServerHandle } from '../../server/serverHandle';
import {
  serverCore,
  singleServer,
  tcpClient,
  type ServerCoreOptions,
  type ServerEmitted,
  type SingleServer,
  type SingleServerOptions,
  type TcpClientOptions,
} from '../../server/index';
import { emitted } from './events';
import { Net, type Peer } from './networks';

type ClosedEvent = Extract<ServerEmitted, { type: 'connection.closed' }>;

/** A network with this package's servers and clients for one spec. All of them are stopped after the spec. */
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
    return this.#host(new ServerCore(serverCore, { port: 0, ...options }, { clock: this.clock }));
  }

  /** A ServerCore that listens. */
  async core(options: ServerCoreOptions): Promise<ServerCore> {
    const server = this.makeCore(options);
    await server.start();
    return server;
  }

  /** A SingleServer that has not started. */
  makeSingle(options: SingleServerOptions = {}): SingleServer {
    return this.#host(new ServerHandle(singleServer, { port: 0, ...options }, { clock: this.clock }));
  }

  /** A SingleServer that listens. */
  async single(options?: SingleServerOptions): Promise<SingleServer> {
    const server = this.makeSingle(options);
    await server.start();
    return server;
  }

  /** A tcpClient, started. */
  tcpClient(options: TcpClientOptions): Actor<typeof tcpClient> {
    return this.#host({ actor: createActor(tcpClient, { input: options, clock: this.clock }) }).actor;
  }

  #host<T extends { readonly actor: AnyActor }>(hosted: T): T {
    setNetwork(hosted.actor, this.network);
    this.#actors.push(hosted.actor);
    return hosted;
  }

  /** Connects a raw client, and waits until the server has opened its connection. The client doesn't read. */
  async visit(server: ServerCore | SingleServer): Promise<Peer> {
    const opened = emitted(server, 'connection.opened');
    const client = this.ring(server);
    await Promise.all([opened, client.sees('connect')]);
    client.log.length = 0;
    return client;
  }

  /** Makes a raw client that is still connecting. */
  ring(server: ServerCore | SingleServer): Peer {
    return this.call({ host: '127.0.0.1', port: server.address?.port ?? 0 });
  }
}

/** Waits for the end of a server's next connection. */
export const ended = (server: ServerCore | SingleServer): Promise<ClosedEvent> =>
  emitted<ClosedEvent>(server, 'connection.closed');
