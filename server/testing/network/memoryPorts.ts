import type { ListenOptions, NetConnectOpts } from 'node:net';
import { systemError } from './errors';
import type { MemoryServer, Ports } from './memoryServer';
import type { EndAddress } from './networkState';

/** The addresses of a network's one host, with the servers that listen on them. */
export class MemoryPorts implements Ports {
  readonly #servers = new Map<string, readonly [EndAddress, MemoryServer]>();
  #lastPort = 32_767;

  /** A port that no server has, out of the range that Linux takes them from. */
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
    return bound;
  }

  release(address: EndAddress): void {
    this.#servers.delete(keyOf(address));
  }
}

/** The key of an address. The one host has each port once, so the port alone is the key. */
const keyOf = ({ address, port }: EndAddress): string => (port === undefined ? address : String(port));
