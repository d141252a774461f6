import type { Socket } from 'node:net';
import type { ProxyProtocol } from '../../../machines/options/admissionOptions';
import type { ConnectionInfo } from '../../../machines/vocabulary/connectionTypes';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { parseProxyHeader, type ProxyHeaderLimits } from './parseProxyHeader';
import { ProxyHeaderError } from './proxyHeaderError';

const nothing = Buffer.alloc(0);

/** Who hears what a connection began with: one of both, once. */
interface HeaderListener {
  /** What came behind the header waits in the socket, which is paused. */
  identified(header: ProxyHeader): void;
  failed(error: Error): void;
}

/** Gathers what a connection begins with until it is a PROXY header. */
export class HeaderReader {
  readonly #socket: Socket;
  readonly #limits: ProxyHeaderLimits;
  readonly #told: HeaderListener;
  #bytes: Buffer = nothing;

  /**
   * @param socket - whose bytes come by {@link read}
   * @param limits - of the header
   * @param told - what it says
   */
  constructor(socket: Socket, { maxHeaderBytes }: Partial<ProxyProtocol> = {}, told: HeaderListener) {
    this.#socket = socket;
    this.#limits = maxHeaderBytes === undefined ? {} : { maxBytes: maxHeaderBytes };
    this.#told = told;
  }

  /** Takes what has come. */
  read(data: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data]);
    let header: ProxyHeader | undefined;
    try {
      header = parseProxyHeader(this.#bytes, this.#limits);
    } catch (error) {
      this.#socket.pause();
      this.#told.failed(error as Error);
      return;
    }
    if (header === undefined) return;
    this.#socket.pause();
    const rest = this.#bytes.subarray(header.length);
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#told.identified(header);
  }

  /** Nothing more will come. */
  end(): void {
    const count = this.#bytes.length;
    this.#told.failed(
      new ProxyHeaderError(`the connection ended after ${String(count)} byte${count === 1 ? '' : 's'} of it`),
    );
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
