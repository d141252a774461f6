import type { ListenOptions, NetConnectOpts, Server, ServerOpts, Socket } from 'node:net';
import type { AnyActor } from 'xstate';
import { setNetwork, type Network } from '../../actors/network';
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
   * Bytes that may be under way to a process or wait there unread, for each direction of each connection. A write that
   * finds no more room waits in the writer's process. What Linux has grows from some 100 KiB to several MiB.
   * @defaultValue 64 KiB
   */
  readonly window?: number;
  /**
   * Decides where the stream of bytes is cut: the same seed cuts the same conversation in the same places.
   * @defaultValue 1
   */
  readonly seed?: number;
}

/** A network of this process alone; its clock moves by hand. */
export interface MemoryNetwork extends Network {
  readonly clock: SimulatedClock;
  /**
   * Has an actor's whole system listen and connect here: servers and clients that it starts from now on.
   * @param actor - of any kind, with this network's {@link clock}, and not started yet
   * @returns the actor
   */
  host<TActor extends AnyActor>(actor: TActor): TActor;
}

/**
 * A network without the kernel: servers and clients of one process, with TCP's semantics. What `createServer` and
 * `createConnection` return has the methods and events of `net.Server` and `net.Socket` that this library uses, and no
 * others.
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
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const { clock = new SimulatedClock(), latency = 0, window = 65_536, seed = 1 } = options;
  const wire: Wire = { clock, latency, window, random: seededRandom(seed) };
  const ports = new MemoryPorts();
  const network: MemoryNetwork = {
    clock,
    host: (actor) => {
      setNetwork(actor, network);
      return actor;
    },
    createServer: (given: ServerOpts) => new MemoryServer(wire, ports, given) as unknown as Server,
    createConnection: (given: NetConnectOpts) => {
      const remote = ports.resolve(given);
      const local = remote.port === undefined ? { address: '', port: undefined } : { ...remote, port: ports.next() };
      const end = new TcpEnd(wire, local, remote);
      const socket = new MemorySocket(clock, end, given.allowHalfOpen);
      // Node looks the host up first
      process.nextTick(() => {
        end.transmit(() => {
          if (!end.isClosed) ports.connect(end);
        });
      });
      return socket as unknown as Socket;
    },
  };
  return network;
}

class MemoryPorts implements Ports {
  readonly #servers = new Map<string, MemoryServer>();
  #last = 32_767;

  /** A port that no server has: the next of those that Linux takes them from. */
  next(): number {
    do this.#last = this.#last === 60_999 ? 32_768 : this.#last + 1;
    while (this.#servers.has(String(this.#last)));
    return this.#last;
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
    if (this.#servers.has(keyOf(bound))) throw systemError('EADDRINUSE', 'listen', bound);
    this.#servers.set(keyOf(bound), server);
    return bound;
  }

  release(address: EndAddress): void {
    this.#servers.delete(keyOf(address));
  }

  connect(client: TcpEnd): void {
    const server = this.#servers.get(keyOf(client.remote));
    if (server === undefined) client.refuse();
    else server.knock(client);
  }
}

/** One host has each port once, whatever the address. */
const keyOf = ({ address, port }: EndAddress): string => (port === undefined ? address : String(port));
