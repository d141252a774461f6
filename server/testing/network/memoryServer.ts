import { EventEmitter, once } from 'node:events';
import type { AddressInfo, DropArgument, ListenOptions, ServerOpts } from 'node:net';
import { addressInfo } from './addressInfo';
import { MemorySocket } from './memorySocket';
import { nodeError, systemError } from './errors';
import { TcpEnd } from './tcpEnd';
import type { EndAddress, NetworkState } from './networkState';

/** The addresses of a network, each with the server that listens on it. */
export interface Ports {
  /**
   * Gives a server its address.
   * @throws EADDRINUSE; EINVAL for a file descriptor: a network in memory has none
   */
  bind(options: ListenOptions, server: MemoryServer): EndAddress;
  /** Frees a server's address. */
  release(address: EndAddress): void;
}

type Listener = (error?: Error) => void;

/** The arguments of `listen` when they aren't options: a port or a path, then host and backlog, then a listener. */
type ListenArguments = readonly (number | string | Listener | undefined)[];

/**
 * The `net.Server` of a network in memory: its events, methods and properties, in Node's order and with Node's errors.
 *
 * `ref` and `unref` do nothing, since a network in memory keeps no process alive. Missing are: to listen on another
 * server's handle, or until a signal aborts, and all that Node has deprecated.
 */
export class MemoryServer extends EventEmitter {
  /** With so many connections, the next client is accepted and closed at once, and the server emits 'drop'. */
  maxConnections: number | undefined;
  readonly #network: NetworkState;
  readonly #ports: Ports;
  readonly #options: ServerOpts;
  #bound: EndAddress | undefined;
  /** Counts `listen` and `close`: a server that is closed before it listens must not listen then. */
  #generation = 0;
  #backlog = 511;
  /** The backlog: connections that stand, and that the server has not accepted yet. */
  #established: TcpEnd[] = [];
  /** Clients that wait for a place in the backlog. */
  #waiting: TcpEnd[] = [];
  #connections = 0;

  constructor(network: NetworkState, ports: Ports, options: ServerOpts) {
    super();
    this.#network = network;
    this.#ports = ports;
    this.#options = options;
  }

  get listening(): boolean {
    return this.#bound !== undefined;
  }

  address(): AddressInfo | string | null {
    if (this.#bound === undefined) return null;
    return addressInfo(this.#bound) ?? this.#bound.address;
  }

  /** @throws ERR_SERVER_ALREADY_LISTEN */
  listen(first?: ListenOptions | ListenArguments[number], ...rest: ListenArguments): this {
    if (this.listening) {
      const message = 'Listen method has been called more than once without closing.';
      throw nodeError('ERR_SERVER_ALREADY_LISTEN', message);
    }
    const options = typeof first === 'object' ? first : optionsOf([first, ...rest]);
    const listener = [first, ...rest].find((each) => typeof each === 'function');
    if (listener !== undefined) this.once('listening', listener);
    this.#generation += 1;
    const generation = this.#generation;
    // in a later tick, since Node looks the host up first
    process.nextTick(() => {
      if (generation === this.#generation) this.#open(options);
    });
    return this;
  }

  /**
   * Frees the address. Connections in the backlog are reset. Accepted ones stay, and 'close' comes after the last of
   * them.
   * @param done - called on 'close', with ERR_SERVER_NOT_RUNNING when the server didn't listen
   */
  close(done?: Listener): this {
    if (done !== undefined) {
      const error = this.listening ? undefined : nodeError('ERR_SERVER_NOT_RUNNING', 'Server is not running.');
      this.once('close', () => {
        done(error);
      });
    }
    this.#generation += 1;
    if (this.#bound !== undefined) {
      this.#ports.release(this.#bound);
      this.#network.descriptors -= 1;
    }
    this.#bound = undefined;
    for (const end of this.#established.splice(0)) end.reset();
    for (const client of this.#waiting.splice(0)) client.refuse(true);
    this.#closeIfDrained();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.listening) await once(this.close(), 'close');
  }

  getConnections(tell: (error: Error | null, count: number) => void): this {
    process.nextTick(tell, null, this.#connections);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Takes a client that asks for a connection. */
  knock(client: TcpEnd): void {
    // Linux has room for one more than the backlog says
    if (this.#established.length > this.#backlog) this.#waiting.push(client);
    else this.#establish(client);
  }

  #open(options: ListenOptions): void {
    try {
      if (this.#lacksDescriptor) throw systemError('EMFILE', 'listen');
      this.#bound = this.#ports.bind(options, this);
      this.#network.descriptors += 1;
    } catch (error) {
      process.nextTick(() => this.emit('error', error));
      return;
    }
    this.#backlog = options.backlog ?? 511;
    process.nextTick(() => {
      if (this.listening) this.emit('listening');
    });
  }

  #establish(client: TcpEnd): void {
    const end = new TcpEnd(this.#network, client.remote, client.local);
    end.join(client);
    this.#established.push(end);
    this.#network.clock.defer(() => {
      this.#accept();
    });
  }

  #accept(): void {
    const end = this.#established.shift();
    if (end === undefined) return;
    // clients may have left while they waited
    this.#waiting = this.#waiting.filter(({ isClosed }) => !isClosed);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#establish(next);
    // libuv closes the connection, and Node hears nothing (uv__emfile_trick)
    if (this.#lacksDescriptor) {
      end.close();
      return;
    }
    // as from Node 22 on; in earlier versions 0 was no limit
    if (this.#connections >= (this.maxConnections ?? Infinity)) {
      this.emit('drop', addressesOf(end));
      end.close();
      return;
    }
    const { pauseOnConnect = false, ...options } = this.#options;
    this.#connections += 1;
    this.#network.descriptors += 1;
    const onDestroy = (): void => {
      this.#connections -= 1;
      this.#network.descriptors -= 1;
      this.#closeIfDrained();
    };
    const socket = new MemorySocket(this.#network.clock, end, { ...options, onDestroy });
    if (pauseOnConnect) socket.pause();
    else socket.read(0);
    this.emit('connection', socket);
  }

  get #lacksDescriptor(): boolean {
    return this.#network.descriptors >= this.#network.faults.descriptors;
  }

  #closeIfDrained(): void {
    if (this.#bound !== undefined || this.#connections > 0) return;
    process.nextTick(() => this.emit('close'));
  }
}

function optionsOf(given: ListenArguments): ListenOptions {
  const [where, ...rest] = given.filter((each) => typeof each !== 'function');
  const backlog = rest.find((each) => typeof each === 'number');
  if (typeof where === 'string') return { path: where, backlog };
  return { port: where ?? 0, host: rest.find((each) => typeof each === 'string'), backlog };
}

/** The argument of 'drop'; undefined for a unix socket. */
function addressesOf(end: TcpEnd): DropArgument | undefined {
  const [local, remote] = [addressInfo(end.local), addressInfo(end.remote)];
  if (local === undefined || remote === undefined) return undefined;
  return {
    ...{ localAddress: local.address, localPort: local.port, localFamily: local.family },
    ...{ remoteAddress: remote.address, remotePort: remote.port, remoteFamily: remote.family },
  };
}
