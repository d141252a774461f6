import type { ProxyProtocol } from '../../machines/admissionOptions';
import type { ConnectionInfo } from '../../machines/connectionTypes';
import { parseProxyHeader, type ProxyHeaderLimits } from './parseProxyHeader';
import type { ProxyHeader } from '../../machines/proxyHeader';
import { ProxyHeaderError } from './proxyHeaderError';

const nothing = Buffer.alloc(0);

/** A header, and what came in one chunk with its end. */
interface HeaderAndRest {
  readonly header: ProxyHeader;
  readonly rest: Buffer;
}

/** Gathers what a connection begins with until it is a PROXY header. */
export class HeaderReader {
  readonly #limits: ProxyHeaderLimits;
  #bytes: Buffer = nothing;

  constructor({ maxHeaderBytes }: Partial<ProxyProtocol> = {}) {
    this.#limits = maxHeaderBytes === undefined ? {} : { maxBytes: maxHeaderBytes };
  }

  /**
   * Takes what has come.
   * @returns the header, once it is complete
   * @throws {@link ProxyHeaderError} when it can't become one
   */
  read(data: Buffer): HeaderAndRest | undefined {
    this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data]);
    const header = parseProxyHeader(this.#bytes, this.#limits);
    return header && { header, rest: this.#bytes.subarray(header.length) };
  }

  /** What is wrong when nothing more will come. */
  endedEarly(): ProxyHeaderError {
    const count = this.#bytes.length;
    return new ProxyHeaderError(`the connection ended after ${String(count)} byte${count === 1 ? '' : 's'} of it`);
  }
}

/** What a handler is told of a connection whose proxy has said who the client is. */
export function behindProxy(
  info: ConnectionInfo,
  { version, command, source, destination, tlvs }: ProxyHeader,
): ConnectionInfo {
  const proxy = { address: info.peer, port: info.peerport, version, isLocal: command === 'LOCAL', tlvs };
  return {
    ...info,
    proxy,
    ...(source && { peer: source.address, peerport: source.port }),
    ...(destination && { localip: destination.address, localport: destination.port }),
  };
}
