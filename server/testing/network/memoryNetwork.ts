import type { NetConnectOpts, Server, ServerOpts, Socket, TcpNetConnectOpts } from 'node:net';
import type { AnyActor } from 'xstate';
import { check, type Check } from '../../../machines/options/optionChecks';
import { setNetwork, type Network } from '../../../actors/socket/network';
import { Faults, type FaultOptions } from './faults';
import { MemoryPorts } from './memoryPorts';
import { MemoryServer } from './memoryServer';
import { MemorySocket } from './memorySocket';
import { seededRandom } from './random';
import { anySeed, duration, share, wholeNumber } from '../optionChecks';
import { SimulatedClock } from '../simulatedClock';
import { TcpEnd } from './tcpEnd';
import type { EndAddress, NetworkState } from './networkState';

/** Options of a {@link memoryNetwork}. */
export interface MemoryNetworkOptions {
  /**
   * The clock that measures the latency. Give the same clock to the servers.
   * @defaultValue a new one
   */
  readonly clock?: SimulatedClock;
  /**
   * Milliseconds that a delivery takes from one end to the other.
   * @defaultValue 0: deliveries happen in the next turns of the event loop, and the clock needn't be advanced
   */
  readonly latency?: number;
  /**
   * Bytes that the network takes from a writer whose peer doesn't read, for each direction of each connection. One
   * half waits at the peer. The other half waits in the writer's system, where a reset destroys it. A write that
   * finds no room waits in the writer's process. (Linux begins with some 100 KiB, and grows to several MiB.)
   * @defaultValue 64 KiB
   */
  readonly window?: number;
  /**
   * The share of reads that take only a part of the bytes that have arrived, from 0 to 1. No protocol may rely on one
   * write being one read.
   * @defaultValue 0.5
   */
  readonly split?: number;
  /**
   * Decides where reads cut the stream of bytes. The same seed cuts the same conversation in the same places.
   * @defaultValue 1
   */
  readonly seed?: number;
}

/**
 * Makes a network without the kernel, for servers and clients of one process: with TCP's semantics, and a clock that
 * moves by hand. Its `createServer` and `createConnection` return objects with those methods and events of
 * `net.Server` and `net.Socket` that make sense there.
 *
 * The network has one host, whatever the addresses are called. Unix sockets are names, not files. A file descriptor
 * can't be listened on (EINVAL).
 *
 * @example
 * ```ts
 * const network = memoryNetwork();
 * const server = createActor(serverCore, { input: { protocol: echo, port: 0 }, clock: network.clock });
 * network.host(server).start();
 * ```
 *
 * @throws {@link InvalidOptionError}
 */
export const memoryNetwork = (options: MemoryNetworkOptions = {}): MemoryNetwork => new MemoryNetwork(options);

const checks: Readonly<Record<keyof Omit<MemoryNetworkOptions, 'clock'>, Check>> = {
  latency: duration,
  window: wholeNumber(1, 'a whole number of bytes, at least 1'),
  split: share,
  seed: anySeed,
};

/** A network in memory; {@link memoryNetwork} makes one. */
export class MemoryNetwork implements Network {
  readonly clock: SimulatedClock;
  readonly #state: NetworkState;
  readonly #seed: number;
  /** All faults that were set so far. */
  readonly #faults: Faults[] = [];
  readonly #ports = new MemoryPorts();

  /** @internal */
  constructor(options: MemoryNetworkOptions) {
    const { clock = new SimulatedClock(), ...numbers } = options;
    check(numbers, checks);
    const { latency = 0, window = 65_536, split = 0.5, seed = 1 } = numbers;
    this.clock = clock;
    this.#seed = seed;
    const random = seededRandom(seed);
    this.#state = {
      clock,
      latency,
      window,
      split,
      random,
      faults: new Faults({}, seed),
      ends: new Set(),
      descriptors: 0,
    };
  }

  /**
   * Lets an actor's whole system listen and connect here: all servers and clients that the system starts from now on.
   * @param actor - an actor of any kind, made with this network's {@link clock}, and not started yet
   * @returns the actor
   */
  host<TActor extends AnyActor>(actor: TActor): TActor {
    setNetwork(actor, this);
    return actor;
  }

  /**
   * Lets these faults happen from now on, in place of those before; `{}` ends all faults.
   * @throws {@link InvalidOptionError}
   */
  faults(options: FaultOptions): void {
    const faults = new Faults(options, this.#seed);
    this.#state.faults = faults;
    if (!faults.isNone) this.#faults.push(faults);
  }

  /** As `net.createServer`. */
  createServer(options: ServerOpts): Server {
    return new MemoryServer(this.#state, this.#ports, options) as unknown as Server;
  }

  /** As `net.createConnection`. */
  createConnection(options: NetConnectOpts): Socket {
    const remote = this.#ports.resolve(options);
    const local = this.#localOf(options, remote);
    const end = new TcpEnd(this.#state, local, remote);
    const socket = new MemorySocket(this.clock, end, options);
    // in a later tick, since Node looks the host up first
    process.nextTick(() => {
      end.transmit(() => {
        if (!end.isClosed) this.#connect(end);
      });
    });
    return socket as unknown as Socket;
  }

  /** A free port that a client can connect from. @internal */
  freePort(): number {
    return this.#ports.next();
  }

  /** The open servers and ends of connections, one line each. */
  leftovers(): string[] {
    const ends = [...this.#state.ends].map(({ local, remote }) => `connection ${nameOf(local)} to ${nameOf(remote)}`);
    return [...this.#ports.bound.map((address) => `server on ${nameOf(address)}`), ...ends];
  }

  /** The seeds that make the same happen again, in words. @internal */
  get replay(): string {
    const faults = this.#faults.length === 0 ? 'it had no faults' : `its faults were ${this.#faults.join(', then ')}`;
    return `The network's seed was ${String(this.#seed)}, ${faults}.`;
  }

  #localOf(options: NetConnectOpts, remote: EndAddress): EndAddress {
    if (remote.port === undefined) return { address: '', port: undefined };
    const { localAddress = remote.address, localPort = this.#ports.next() } = options as TcpNetConnectOpts;
    return { address: localAddress, port: localPort };
  }

  #connect(client: TcpEnd): void {
    const server = this.#ports.at(client.remote);
    if (server === undefined || this.#state.faults.refuses) client.refuse(server !== undefined);
    else server.knock(client);
  }
}

const nameOf = ({ address, port }: EndAddress): string =>
  port === undefined ? address || 'a unix socket' : `${address}:${String(port)}`;
