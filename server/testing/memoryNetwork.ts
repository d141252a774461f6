import type { ListenOptions, NetConnectOpts, Server, ServerOpts, Socket, TcpNetConnectOpts } from 'node:net';
import type { AnyActor } from 'xstate';
import { setNetwork, type Network } from '../../actors/network';
import { Faults, type FaultOptions } from './faults';
import { MemoryServer, type Ports } from './memoryServer';
import { MemorySocket } from './memorySocket';
import { seededRandom } from './random';
import { SimulatedClock } from './simulatedClock';
import { systemError } from './systemError';
import { TcpEnd, type EndAddress, type Wire } from './tcpEnd';

/** How a {@link memoryNetwork} is to be. */
export interface MemoryNetworkOptions {
  /**
   * The clock that the latency runs on; give it to the servers too.
   * @defaultValue a new one
   */
  readonly clock?: SimulatedClock;
  /**
   * Milliseconds that anything takes from one end to the other.
   * @defaultValue 0: it happens in the next turns of the event loop, without the clock being advanced
   */
  readonly latency?: number;
  /**
   * Bytes that the network takes from a writer whose peer doesn't read, for each direction of each connection: one half
   * waits at the peer, the other half in the writer's system, where a reset destroys it. A write that finds no more room
   * waits in the writer's process. What Linux has grows from some 100 KiB to several MiB.
   * @defaultValue 64 KiB
   */
  readonly window?: number;
  /**
   * The share of reads that take only a part of what is there, from 0 to 1: that one write is one read is what no protocol
   * may count on.
   * @defaultValue 0.5
   */
  readonly split?: number;
  /**
   * Decides where the stream of bytes is cut: the same seed cuts the same conversation in the same places.
   * @defaultValue 1
   */
  readonly seed?: number;
}

/**
 * A network without the kernel: servers and clients of one process, with TCP's semantics, and a clock that moves by hand.
 * What `createServer` and `createConnection` return has the methods and events of `net.Server` and `net.Socket` that make
 * sense there.
 *
 * It has one host, whatever the addresses are called; unix sockets are names, not files; a file descriptor can't be
 * listened on (EINVAL).
 *
 * @example
 * ```ts
 * const network = memoryNetwork();
 * const server = createActor(serverCore, { input: { protocol: echo, port: 0 }, clock: network.clock });
 * network.host(server).start();
 * ```
 */
export const memoryNetwork = (options: MemoryNetworkOptions = {}): MemoryNetwork => new MemoryNetwork(options);

/** See {@link memoryNetwork}. */
export class MemoryNetwork implements Network {
  readonly clock: SimulatedClock;
  readonly #wire: Wire;
  readonly #seed: number;
  readonly #ports = new MemoryPorts();

  /** @internal */
  constructor(options: MemoryNetworkOptions) {
    const { clock = new SimulatedClock(), latency = 0, window = 65_536, split = 0.5, seed = 1 } = options;
    this.clock = clock;
    this.#seed = seed;
    const random = seededRandom(seed);
    this.#wire = { clock, latency, window, split, random, faults: new Faults({}), ends: new Set(), descriptors: 0 };
  }

  /**
   * Has an actor's whole system listen and connect here: servers and clients that it starts from now on.
   * @param actor - of any kind, with this network's {@link clock}, and not started yet
   * @returns the actor
   */
  host<TActor extends AnyActor>(actor: TActor): TActor {
    setNetwork(actor, this);
    return actor;
  }

  /**
   * Has things go wrong from now on; with `{}` no more.
   * @throws {@link InvalidOptionError}
   */
  faults(options: FaultOptions): void {
    this.#wire.faults = new Faults(options);
  }

  /** As `net.createServer`. */
  createServer(options: ServerOpts): Server {
    return new MemoryServer(this.#wire, this.#ports, options) as unknown as Server;
  }

  /** As `net.createConnection`. */
  createConnection(options: NetConnectOpts): Socket {
    const remote = this.#ports.resolve(options);
    const local = this.#localOf(options, remote);
    const end = new TcpEnd(this.#wire, local, remote);
    const socket = new MemorySocket(this.clock, end, options);
    // Node looks the host up first
    process.nextTick(() => {
      end.transmit(() => {
        if (!end.isClosed) this.#connect(end);
      });
    });
    return socket as unknown as Socket;
  }

  /** A port that nobody has listened on, for a client to connect from. */
  freePort(): number {
    return this.#ports.next();
  }

  /** The address that was listened on last, as `createConnection` takes it. */
  get lastListening(): NetConnectOpts | undefined {
    const { last } = this.#ports;
    if (last === undefined) return undefined;
    const { address, port } = last;
    return port === undefined ? { path: address } : { host: address, port };
  }

  /** Ends of connections and servers that are open, one line each. */
  leftovers(): string[] {
    const ends = [...this.#wire.ends].map(({ local, remote }) => `connection ${nameOf(local)} to ${nameOf(remote)}`);
    return [...this.#ports.bound.map((address) => `server on ${nameOf(address)}`), ...ends];
  }

  /** What makes the same happen again, in words. */
  get replay(): string {
    return `The network's seed was ${String(this.#seed)}, its faults ${this.#wire.faults.toString()}.`;
  }

  #localOf(options: NetConnectOpts, remote: EndAddress): EndAddress {
    if (remote.port === undefined) return { address: '', port: undefined };
    const { localAddress = remote.address, localPort = this.#ports.next() } = options as TcpNetConnectOpts;
    return { address: localAddress, port: localPort };
  }

  #connect(client: TcpEnd): void {
    const server = this.#ports.at(client.remote);
    if (server === undefined || this.#wire.faults.refuses) client.refuse(server !== undefined);
    else server.knock(client);
  }
}

class MemoryPorts implements Ports {
  readonly #servers = new Map<string, readonly [EndAddress, MemoryServer]>();
  /** Where somebody listened last. */
  last: EndAddress | undefined;
  #lastPort = 32_767;

  /** A port that no server has: the next of those that Linux takes them from. */
  next(): number {
    do this.#lastPort = this.#lastPort === 60_999 ? 32_768 : this.#lastPort + 1;
    while (this.#servers.has(String(this.#lastPort)));
    return this.#lastPort;
  }

  get bound(): EndAddress[] {
    return [...this.#servers.values()].map(([address]) => address);
  }

  at(address: EndAddress): MemoryServer | undefined {
    return this.#servers.get(keyOf(address))?.[1];
  }

  resolve(options: NetConnectOpts | ListenOptions): EndAddress {
    if ('path' in options && options.path !== undefined) return { address: options.path, port: undefined };
    const { host = 'localhost', port = 0 } = options as { host?: string; port?: number };
    return { address: host === 'localhost' ? '127.0.0.1' : host, port };
  }

  bind(options: ListenOptions, server: MemoryServer): EndAddress {
    if ((options as { fd?: number }).fd !== undefined) throw systemError('EINVAL', 'listen');
    const asked = this.resolve(options);
    const bound = asked.port === 0 ? { ...asked, port: this.next() } : asked;
    if (this.at(bound) !== undefined) throw systemError('EADDRINUSE', 'listen', bound);
    this.#servers.set(keyOf(bound), [bound, server]);
    this.last = bound;
    return bound;
  }

  release(address: EndAddress): void {
    this.#servers.delete(keyOf(address));
  }
}

/** One host has each port once, whatever the address. */
const keyOf = ({ address, port }: EndAddress): string => (port === undefined ? address : String(port));

const nameOf = ({ address, port }: EndAddress): string =>
  port === undefined ? address || 'a unix socket' : `${address}:${String(port)}`;
