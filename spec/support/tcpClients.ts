import { afterEach } from '@jest/globals';
import { createServer, type Server, type Socket } from 'node:net';
import { createActor, toPromise, type Actor } from 'xstate';
import { tcpClient, type ConnectionSummary, type TcpClientOptions } from '../../server/index';

/** A running tcpClient, with a promise of its end. */
export interface RunningClient {
  readonly actor: Actor<typeof tcpClient>;
  /** The client's output; rejects with its error. */
  readonly ended: Promise<ConnectionSummary | undefined>;
}

/** Returns a function that starts tcpClients. An `afterEach` stops the clients that a spec leaves running. */
export function tcpClients(): (options: TcpClientOptions) => RunningClient {
  const running: Actor<typeof tcpClient>[] = [];
  afterEach(() => {
    for (const actor of running.splice(0)) actor.stop();
  });
  return (options) => {
    const actor = createActor(tcpClient, { input: options });
    running.push(actor);
    const ended = toPromise(actor) as Promise<ConnectionSummary | undefined>;
    ended.catch(() => undefined);
    actor.start();
    return { actor, ended };
  };
}

/** A server of plain `node:net`, for behaviour that the servers of this package never show. */
export class RawServer implements AsyncDisposable {
  readonly port: number;
  /** The first client's socket. */
  readonly socket: Promise<Socket>;
  readonly #server: Server;
  readonly #sockets: readonly Socket[];

  private constructor(server: Server) {
    this.#server = server;
    const sockets: Socket[] = [];
    this.#sockets = sockets;
    this.port = (server.address() as { port: number }).port;
    this.socket = new Promise((resolve) => {
      server.on('connection', (socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });
  }

  static async listen(): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RawServer(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
