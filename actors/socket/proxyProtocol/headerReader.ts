import type { Socket } from 'node:net';
import type { ProxyProtocol } from '../../../machines/options/admissionOptions';
import type { ConnectionInfo } from '../../../machines/vocabulary/connectionTypes';
import type { ProxyHeader } from '../../../machines/vocabulary/proxyHeader';
import { parseProxyHeader, type ProxyHeaderLimits } from './parseProxyHeader';
import { ProxyHeaderError } from './proxyHeaderError';

const nothing = Buffer.alloc(0);

/** Hears how the reading ended: exactly one of the two methods is called, once. */
interface HeaderListener {
  /** The header is complete. The bytes behind the header wait in the socket, which is paused. */
  identified(header: ProxyHeader): void;
  /** The connection doesn't begin with a header. */
  failed(error: Error): void;
}

/** Gathers the first bytes of a connection until they are a PROXY header. */
export class HeaderReader {
  readonly #socket: Socket;
  readonly #limits: ProxyHeaderLimits;
  readonly #listener: HeaderListener;
  #bytes: Buffer = nothing;

  /**
   * @param socket - the connection's socket; its owner passes the bytes to {@link read}
   * @param limits - how long the header may be
   * @param listener - hears how the reading ended
   */
  constructor(socket: Socket, { maxHeaderBytes }: Partial<ProxyProtocol> = {}, listener: HeaderListener) {
    this.#socket = socket;
    this.#limits = maxHeaderBytes === undefined ? {} : { maxBytes: maxHeaderBytes };
    this.#listener = listener;
  }

  /** Takes bytes that have come. */
  read(data: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data]);
    let header: ProxyHeader | undefined;
    try {
      header = parseProxyHeader(this.#bytes, this.#limits);
    } catch (error) {
      this.#socket.pause();
      this.#listener.failed(error as Error);
      return;
    }
    if (header === undefined) return;
    this.#socket.pause();
    const rest = this.#bytes.subarray(header.length);
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#listener.identified(header);
  }

  /** The peer has ended its side: no more bytes will come. */
  end(): void {
    const count = this.#bytes.length;
    this.#listener.failed(
      new ProxyHeaderError(`the connection ended after ${String(count)} byte${count === 1 ? '' : 's'} of the header`),
    );
  }
}

/** The {@link ConnectionInfo} of a connection whose proxy has said, in its header, who the client is. */
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
