import { afterEach } from '@jest/globals';
import { once } from 'node:events';
import net, { type ListenOptions, type NetConnectOpts, type Server, type ServerOpts, type Socket } from 'node:net';
import type { Network } from '../../actors/socket/network';
import { memoryNetwork, SimulatedClock, type MemoryNetwork } from '../../server/testing/index';
import { turn } from './serving';

/** Each network that a conformance spec runs on: real TCP says what is right. */
export const networks: [name: string, make: () => Network][] = [
  ['real TCP', (): Network => net],
  ['memory', (): Network => memoryNetwork()],
  ['memory, cut elsewhere', (): Network => memoryNetwork({ seed: 2, window: 100_000 })],
];

/** Enough turns of the event loop that whatever is to happen on loopback has happened. */
export async function turns(count = 25): Promise<void> {
  for (let n = 0; n < count; n += 1) await turn();
}

/** So that what was called for a moment ago has been done, and nobody has heard of it. */
export const tick = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(() => {
      process.nextTick(resolve);
    });
  });

/** One end of a connection, and all that happens to it. */
export class Peer {
  readonly socket: Socket;
  /** The events but 'data', in order; an error by its call and code. */
  readonly log: string[] = [];
  readonly chunks: Buffer[] = [];
  /** The {@link log}, once the end has closed. */
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

  /** Reads until so many bytes have come. */
  async receives(length: number): Promise<string> {
    while (this.received.length < length) await once(this.socket, 'data');
    return this.received.toString();
  }

  /** Tells how the write went: 'written', or the error's code. */
  write(data: string | Uint8Array): Promise<string> {
    return new Promise((resolve) => {
      this.socket.write(data, (error) => {
        resolve((error as NodeJS.ErrnoException | null | undefined)?.code ?? 'written');
      });
    });
  }

  /** Waits for an event, unless it was there already. */
  async sees(event: string): Promise<void> {
    if (!this.log.includes(event)) await once(this.socket, event);
  }
}

/** One spec's servers and sockets on a network, gone after it. */
export class Net {
  readonly #make: () => Network;
  #network: Network;
  #clock: SimulatedClock | undefined;
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];

  /** Call it where one would call `afterEach`. */
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

  /** The network's clock; real TCP has none, so that there it is a clock for servers alone. */
  get clock(): SimulatedClock {
    this.#clock ??= (this.#network as Partial<MemoryNetwork>).clock ?? new SimulatedClock();
    return this.#clock;
  }

  /** Lets so many milliseconds pass, and all happen that is to happen in them. */
  async passes(ms: number): Promise<void> {
    await turns();
    await this.clock.advance(ms);
    await turns();
  }

  /** Calls up a server, which may fail to listen. Nothing of what it accepts is read. */
  open(options: ListenOptions = {}, settings: ServerOpts = {}): Server {
    const server = this.#network.createServer({ allowHalfOpen: true, pauseOnConnect: true, ...settings });
    this.#servers.push(server);
    server.on('connection', (socket) => {
      this.#sockets.push(socket);
      // it needs one by the time that the test looks
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

  /** A client that is connecting. */
  call(to: Server | NetConnectOpts, settings: Partial<NetConnectOpts> = {}): Peer {
    const where = 'listen' in to ? { host: '127.0.0.1', port: portOf(to) } : to;
    const socket = this.#network.createConnection({ allowHalfOpen: true, ...where, ...settings } as NetConnectOpts);
    this.#sockets.push(socket);
    return new Peer(socket);
  }

  /** A client of a server, and its other end. Neither reads. */
  async connect(server: Server, settings: Partial<NetConnectOpts> = {}): Promise<[client: Peer, accepted: Peer]> {
    const arrival = accepted(server);
    const client = this.call(server, settings);
    await client.sees('connect');
    return [client, await arrival];
  }

  /** A connection. Neither end reads. */
  async pair(settings: Partial<NetConnectOpts> = {}): Promise<[client: Peer, accepted: Peer]> {
    const pair = await this.connect(await this.listen(), settings);
    for (const { log } of pair) log.length = 0;
    return pair;
  }
}

/** The next connection that a server accepts. */
export const accepted = (server: Server): Promise<Peer> =>
  new Promise((resolve) => {
    server.once('connection', (socket) => {
      resolve(new Peer(socket));
    });
  });

export const portOf = (server: Server): number => (server.address() as net.AddressInfo).port;
