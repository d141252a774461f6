import { EventEmitter, once } from 'node:events';
import type { AddressInfo, DropArgument, ListenOptions, ServerOpts } from 'node:net';
import { addressInfo } from './addressInfo';
import { MemorySocket } from './memorySocket';
import { nodeError, systemError } from './errors';
import { TcpEnd } from './tcpEnd';
import type { EndAddress, Wire } from './wire';

/** The addresses of a network, each with the server that has it. */
export interface Ports {
  /**
   * Gives a server its address, or throws what the system would.
   * @throws EADDRINUSE; EINVAL for a file descriptor, which no network in memory has
   */
  bind(options: ListenOptions, server: MemoryServer): EndAddress;
  release(address: EndAddress): void;
}

type Listener = (error?: Error) => void;

/** What `listen` takes but options: a port or a path, what follows it, and a listener behind that. */
type ListenArguments = readonly (number | string | Listener | undefined)[];

/**
 * What `net.Server` is to the kernel, on a network in memory: its events, methods and properties, in the order and with the
 * errors that Node has.
 *
 * `ref` and `unref` do nothing: a network in memory keeps no process alive. What is missing: to listen on somebody else's
 * handle or until a signal aborts, and what Node has deprecated.
 */
export class MemoryServer extends EventEmitter {
  /** Who comes when there are so many connections is accepted, and closed at once; the server says 'drop'. */
  maxConnections: number | undefined;
  readonly #wire: Wire;
  readonly #ports: Ports;
  readonly #options: ServerOpts;
  #bound: EndAddress | undefined;
  /** Counts `listen` and `close`: who was closed before it listened doesn't listen. */
  #generation = 0;
  #backlog = 511;
  /** Connections that stand and are not accepted yet. */
  #established: TcpEnd[] = [];
  /** Clients that the backlog has no place for. */
  #waiting: TcpEnd[] = [];
  #connections = 0;

  constructor(wire: Wire, ports: Ports, options: ServerOpts) {
    super();
    this.#wire = wire;
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
    // Node looks the host up first
    process.nextTick(() => {
      if (generation === this.#generation) this.#open(options);
    });
    return this;
  }

  /**
   * Frees the address. Who stands in the backlog is reset; who was accepted stays, and 'close' waits for all of them.
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
      this.#wire.descriptors -= 1;
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

  /** A client asks for a connection. */
  knock(client: TcpEnd): void {
    // Linux has room for one more than it is told
    if (this.#established.length > this.#backlog) this.#waiting.push(client);
    else this.#establish(client);
  }

  #open(options: ListenOptions): void {
    try {
      if (this.#lacksDescriptor) throw systemError('EMFILE', 'listen');
      this.#bound = this.#ports.bind(options, this);
      this.#wire.descriptors += 1;
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
    const end = new TcpEnd(this.#wire, client.remote, client.local);
    end.join(client);
    this.#established.push(end);
    this.#wire.clock.defer(() => {
      this.#accept();
    });
  }

  #accept(): void {
    const end = this.#established.shift();
    if (end === undefined) return;
    // some have left meanwhile
    this.#waiting = this.#waiting.filter(({ isClosed }) => !isClosed);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#establish(next);
    // libuv closes it without a word to Node (uv__emfile_trick)
    if (this.#lacksDescriptor) {
      end.close();
      return;
    }
    // as from Node 22 on; before, 0 was no limit
    if (this.#connections >= (this.maxConnections ?? Infinity)) {
      this.emit('drop', addressesOf(end));
      end.close();
      return;
    }
    const { pauseOnConnect = false, ...options } = this.#options;
    this.#connections += 1;
    this.#wire.descriptors += 1;
    const onDestroy = (): void => {
      this.#connections -= 1;
      this.#wire.descriptors -= 1;
      this.#closeIfDrained();
    };
    const socket = new MemorySocket(this.#wire.clock, end, { ...options, onDestroy });
    if (pauseOnConnect) socket.pause();
    else socket.read(0);
    this.emit('connection', socket);
  }

  get #lacksDescriptor(): boolean {
    return this.#wire.descriptors >= this.#wire.faults.descriptors;
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

/** What 'drop' tells; of a unix socket, nothing. */
function addressesOf(end: TcpEnd): DropArgument | undefined {
  const [local, remote] = [addressInfo(end.local), addressInfo(end.remote)];
  if (local === undefined || remote === undefined) return undefined;
  return {
    ...{ localAddress: local.address, localPort: local.port, localFamily: local.family },
    ...{ remoteAddress: remote.address, remotePort: remote.port, remoteFamily: remote.family },
  };
}
