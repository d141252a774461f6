import { afterEach } from '@jest/globals';
import { once } from 'node:events';
import net, { type ListenOptions, type NetConnectOpts, type Server, type ServerOpts, type Socket } from 'node:net';
import type { Network } from '../../actors/socket/network';
import { memoryNetwork, SimulatedClock, type MemoryNetwork } from '../../server/testing/index';
import { turn } from './serving';
import { inCi } from './thoroughness';

/** The networks that a conformance spec runs on. Real TCP is the reference for the others. */
export const networks: [name: string, make: () => Network][] = [
  ['real TCP', (): Network => net],
  ['memory', (): Network => memoryNetwork()],
  ['memory, cut elsewhere', (): Network => memoryNetwork({ seed: 2, window: 100_000 })],
];

/** The networks on which all paths of a chart are walked: only CI has time for the networks in memory, too. */
export const walkedNetworks = inCi(networks, networks.slice(0, 1));

/** Waits for so many turns of the event loop that everything under way on loopback has happened. */
export async function turns(count = 25): Promise<void> {
  for (let n = 0; n < count; n += 1) await turn();
}

/** Waits until a call made just now has taken effect, but before any event tells of it. */
export const tick = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(() => {
      process.nextTick(resolve);
    });
  });

/** One end of a connection, and a log of its events. */
export class Peer {
  readonly socket: Socket;
  /** The socket's events in order, without 'data'. An error appears as its system call and code. */
  readonly log: string[] = [];
  readonly chunks: Buffer[] = [];
  /** Resolves with the {@link log} when the socket has closed. */
  readonly closed: Promise<readonly string[]>;

  constructor(socket: Socket) {
    this.socket = socket;
    for (const event of ['connect', 'end', 'finish']) socket.on(event, () => this.log.push(event));
    socket.on('error', ({ syscall, code }: NodeJS.ErrnoException) => {
      this.log.push(syscall === undefined ? String(code) : `${syscall} ${String(code)}`);
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (hadError) => {
        this.log.push(hadError ? 'closed by error' : 'closed');
        resolve(this.log);
      });
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Reads from now on. */
  reads(): this {
    this.socket.on('data', (data: Buffer) => this.chunks.push(data)).resume();
    return this;
  }

  /** Waits until `length` bytes have arrived, and returns everything received as text. */
  async receives(length: number): Promise<string> {
    while (this.received.length < length) await once(this.socket, 'data');
    return this.received.toString();
  }

  /** Writes, and resolves with 'written' or the error's code. */
  write(data: string | Uint8Array): Promise<string> {
    return new Promise((resolve) => {
      this.socket.write(data, (error) => {
        resolve((error as NodeJS.ErrnoException | null | undefined)?.code ?? 'written');
      });
    });
  }

  /** Waits for an event, unless the log already has it. */
  async sees(event: string): Promise<void> {
    if (!this.log.includes(event)) await once(this.socket, event);
  }
}

/** A network with Node's servers and sockets for one spec. All of them are closed after the spec. */
export class Net {
  readonly #make: () => Network;
  #network: Network;
  #clock: SimulatedClock | undefined;
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];

  /** Registers an `afterEach`, so it must be called where `afterEach` can be called. */
  constructor(make: () => Network) {
    this.#make = make;
    this.#network = make();
    afterEach(async () => {
      const sockets = this.#sockets.splice(0);
      for (const server of this.#servers.splice(0)) server.close();
      for (const socket of sockets) socket.destroy();
      await turns();
      this.#network = this.#make();
      this.#clock = undefined;
    });
  }

  /** The network of this spec. */
  get network(): Network {
    return this.#network;
  }

  /** The network's clock. Real TCP has no clock: then it is a simulated clock that only the servers use. */
  get clock(): SimulatedClock {
    this.#clock ??= (this.#network as Partial<MemoryNetwork>).clock ?? new SimulatedClock();
    return this.#clock;
  }

  /** Moves the clock on by `ms` milliseconds, and waits until everything due in that time has happened. */
  async passes(ms: number): Promise<void> {
    await turns();
    await this.clock.advance(ms);
    await turns();
  }

  /** Makes a server that begins to listen, and may fail to. The sockets that it accepts aren't read. */
  open(options: ListenOptions = {}, settings: ServerOpts = {}): Server {
    const server = this.#network.createServer({ allowHalfOpen: true, pauseOnConnect: true, ...settings });
    this.#servers.push(server);
    server.on('connection', (socket) => {
      this.#sockets.push(socket);
      // an error that comes before the spec listens for it must not be thrown
      socket.on('error', () => undefined);
    });
    server.listen({ host: '127.0.0.1', port: 0, ...options });
    return server;
  }

  /** A server that listens. */
  async listen(options?: ListenOptions, settings?: ServerOpts): Promise<Server> {
    const server = this.open(options, settings);
    await once(server, 'listening');
    return server;
  }

  /** Makes a client that is still connecting. */
  call(to: Server | NetConnectOpts, settings: Partial<NetConnectOpts> = {}): Peer {
    const where = 'listen' in to ? { host: '127.0.0.1', port: portOf(to) } : to;
    const socket = this.#network.createConnection({ allowHalfOpen: true, ...where, ...settings } as NetConnectOpts);
    this.#sockets.push(socket);
    return new Peer(socket);
  }

  /** Connects a client to a server, and returns both ends. Neither end reads. */
  async connect(server: Server, settings: Partial<NetConnectOpts> = {}): Promise<[client: Peer, accepted: Peer]> {
    const arrival = accepted(server);
    const client = this.call(server, settings);
    await client.sees('connect');
    return [client, await arrival];
  }

  /** Opens a connection on a new server, and returns both ends, with empty logs. Neither end reads. */
  async pair(settings: Partial<NetConnectOpts> = {}): Promise<[client: Peer, accepted: Peer]> {
    const pair = await this.connect(await this.listen(), settings);
    for (const { log } of pair) log.length = 0;
    return pair;
  }
}

/** Resolves with the server's end of the next connection that a server accepts. */
export const accepted = (server: Server): Promise<Peer> =>
  new Promise((resolve) => {
    server.once('connection', (socket) => {
      resolve(new Peer(socket));
    });
  });

export const portOf = (server: Server): number => (server.address() as net.AddressInfo).port;
