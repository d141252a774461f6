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
import type { EndAddress, Wire } from './wire';

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

/** See {@link memoryNetwork}. */
export class MemoryNetwork implements Network {
  readonly clock: SimulatedClock;
  readonly #wire: Wire;
  readonly #seed: number;
  /** All that there were. */
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
    this.#wire = {
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
    const faults = new Faults(options, this.#seed);
    this.#wire.faults = faults;
    if (!faults.isNone) this.#faults.push(faults);
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

  /** A port that nobody has listened on, for a client to connect from. @internal */
  freePort(): number {
    return this.#ports.next();
  }

  /** Ends of connections and servers that are open, one line each. */
  leftovers(): string[] {
    const ends = [...this.#wire.ends].map(({ local, remote }) => `connection ${nameOf(local)} to ${nameOf(remote)}`);
    return [...this.#ports.bound.map((address) => `server on ${nameOf(address)}`), ...ends];
  }

  /** What makes the same happen again, in words. @internal */
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
    if (server === undefined || this.#wire.faults.refuses) client.refuse(server !== undefined);
    else server.knock(client);
  }
}

const nameOf = ({ address, port }: EndAddress): string =>
  port === undefined ? address || 'a unix socket' : `${address}:${String(port)}`;
