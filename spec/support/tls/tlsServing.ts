import { afterEach } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import net from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { TlsUpgrader, type TlsInfo } from '../../../actors/socket/tls/tlsUpgrader';
import type { TlsOptions } from '../../../machines/options/tlsOptions';
import type { Network } from '../../../actors/socket/network';
import { ca } from './certificates';

/** How an upgrade went: the arguments of the upgrader's callbacks. */
export interface Upgrade {
  readonly raw: Socket;
  readonly tls?: TLSSocket;
  readonly info?: TlsInfo;
  readonly error?: NodeJS.ErrnoException;
}

type BeforeUpgrade = (socket: Socket, upgrade: () => void) => void;

/** A server that only upgrades each socket to TLS. */
export class TlsServing {
  readonly upgrader: TlsUpgrader;
  /** One entry for each call of a callback. */
  readonly told: Upgrade[] = [];
  readonly #server: Server;
  readonly #network: Network;
  readonly #sockets: Socket[] = [];
  #changed: (() => void) | undefined;
  #taken = 0;

  private constructor(options: TlsOptions, before: BeforeUpgrade, network: Network) {
    this.upgrader = new TlsUpgrader(options);
    this.#network = network;
    this.#server = network.createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.push(socket);
      before(socket, () => {
        this.#upgrade(socket);
      });
    });
  }

  /**
   * @param before - called with each client; upgrades the client by calling `upgrade`
   * @param network - the network to listen on, instead of real TCP
   */
  static async start(
    options: TlsOptions,
    before: BeforeUpgrade = (_, upgrade) => {
      upgrade();
    },
    network: Network = net,
  ): Promise<TlsServing> {
    const serving = new TlsServing(options, before, network);
    open.push(serving);
    await once(serving.#server.listen(0, '127.0.0.1'), 'listening');
    return serving;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connects without TLS. */
  async connectRaw(): Promise<Socket> {
    const socket = this.#network.createConnection({ port: this.port, host: '127.0.0.1', allowHalfOpen: true });
    this.#sockets.push(socket);
    // specs that care about the end listen for it themselves
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** Speaks Node's TLS on a new connection, or on the given socket. A handshake that is refused closes the socket. */
  async connect(options: ConnectionOptions = {}, socket?: Socket): Promise<TLSSocket> {
    const raw = socket ?? (await this.connectRaw());
    const client = connect({ ca: ca.pem.cert, servername: 'a.test', ...options, socket: raw });
    client.on('error', () => undefined);
    return client;
  }

  /** Waits for the next upgrade that has ended. */
  async next(): Promise<Upgrade> {
    for (;;) {
      const upgrade = this.told[this.#taken];
      if (upgrade !== undefined) {
        this.#taken += 1;
        return upgrade;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Waits for the next upgrade, which must have worked. */
  async secured(): Promise<{ readonly raw: Socket; readonly tls: TLSSocket; readonly info: TlsInfo }> {
    const { raw, tls, info, error } = await this.next();
    if (tls === undefined || info === undefined) throw new Error('The handshake failed', { cause: error });
    return { raw, tls, info };
  }

  /** Waits for the next upgrade, which must have failed, and returns its error. */
  async failed(): Promise<NodeJS.ErrnoException> {
    const { raw, error } = await this.next();
    if (error === undefined) throw new Error('The handshake worked');
    if (!raw.destroyed) throw new Error('The raw socket is still open');
    return error;
  }

  /** Closes the server and all sockets, and waits until the sockets are closed. */
  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) {
      if (socket.closed) continue;
      socket.destroy();
      await once(socket, 'close');
    }
  }

  #upgrade(raw: Socket): void {
    const tell = (upgrade: Omit<Upgrade, 'raw'>): void => {
      this.told.push({ raw, ...upgrade });
      this.#changed?.();
    };
    this.upgrader.upgrade(raw, {
      secured: (tls, info) => {
        tell({ tls, info });
      },
      failed: (error) => {
        tell({ error });
      },
    });
  }
}

/** Reads all bytes until the end. Unlike Node's stream/consumers, this doesn't close the socket then. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (data: Buffer) => chunks.push(data)).resume();
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** Waits until the other side has ended or broken the connection. */
export async function isLeft(socket: Socket): Promise<void> {
  socket.resume();
  if (socket.readableEnded || socket.destroyed) return;
  await new Promise((resolve) => socket.on('end', resolve).on('close', resolve));
}

const open: TlsServing[] = [];

afterEach(async () => {
  for (const serving of open.splice(0)) await serving.stop();
});
