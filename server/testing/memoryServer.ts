import { EventEmitter } from 'node:events';
import type { AddressInfo, ListenOptions, ServerOpts } from 'node:net';
import { MemorySocket } from './memorySocket';
import { TcpEnd, type EndAddress, type Wire } from './tcpEnd';

/** The addresses of a network, each with the server that has it. */
export interface Ports {
  /**
   * Gives a server its address, or throws what the system would.
   * @throws EADDRINUSE; EINVAL for a file descriptor, which no network in memory has
   */
  bind(options: ListenOptions, server: MemoryServer): EndAddress;
  release(address: EndAddress): void;
}

/**
 * What `net.Server` is to the kernel, on a network in memory: as far as this library uses it, with the order of events and
 * the errors that Node has.
 */
export class MemoryServer extends EventEmitter {
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
    const { address, port } = this.#bound;
    return port === undefined ? address : { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' };
  }

  listen(options: ListenOptions): this {
    this.#generation += 1;
    const generation = this.#generation;
    // Node looks the host up first
    process.nextTick(() => {
      if (generation === this.#generation) this.#open(options);
    });
    return this;
  }

  /** Frees the address. Who stands in the backlog is reset; who was accepted stays, and 'close' waits for all of them. */
  close(): this {
    this.#generation += 1;
    if (this.#bound !== undefined) this.#ports.release(this.#bound);
    this.#bound = undefined;
    for (const end of this.#established.splice(0)) end.reset();
    for (const client of this.#waiting.splice(0)) client.refuse(true);
    this.#closeIfDrained();
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
      this.#bound = this.#ports.bind(options, this);
    } catch (error) {
      process.nextTick(() => this.emit('error', error));
      return;
    }
    this.#backlog = options.backlog ?? this.#backlog;
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
    const next = this.#waiting.shift();
    if (next !== undefined) this.#establish(next);
    const { allowHalfOpen, pauseOnConnect = false } = this.#options;
    const socket = new MemorySocket(this.#wire.clock, end, allowHalfOpen);
    this.#connections += 1;
    socket.once('close', () => {
      this.#connections -= 1;
      this.#closeIfDrained();
    });
    if (pauseOnConnect) socket.pause();
    else socket.read(0);
    this.emit('connection', socket);
  }

  #closeIfDrained(): void {
    if (this.#bound !== undefined || this.#connections > 0) return;
    process.nextTick(() => this.emit('close'));
  }
}
