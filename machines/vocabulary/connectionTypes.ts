/** What is known of a connection: the two ends of it, and how it ended. */
import type { PeerCertificate } from 'node:tls';
import type { ProxyTlvs } from './proxyHeader';

/** Bytes as a protocol may write them. A string is sent as UTF-8. */
export type Bytes = Uint8Array | string;

/**
 * The input of a protocol handler: what is known of its connection.
 *
 * `peer`, `peerport`, `localip` and `localport` are Kamaelia's four names.
 */
export interface ConnectionInfo {
  /** Unique within its server: `connection:7` is the seventh connection that the listener accepted. */
  readonly id: string;
  /**
   * The address of the other end: the client's, or for tcpClient the server's. `'0.0.0.0'` when the client was gone
   * before its address could be read (as in Kamaelia); `''` on a unix socket, where clients have no address.
   */
  readonly peer: string;
  /** The port of the other end. 0 on a unix socket, or when the client was gone before its port could be read. */
  readonly peerport: number;
  /** The address that the client connected to; for tcpClient, its own. On a unix socket, the socket's path. */
  readonly localip: string;
  /** The port that the client connected to; for tcpClient, its own. 0 on a unix socket. */
  readonly localport: number;
  /** Whether the bytes travel over TLS. */
  readonly encrypted: boolean;
  /** The protocol on which both sides agreed in the TLS handshake (ALPN); missing when there is none. */
  readonly alpn?: string;
  /** The host name that the client asked for in the TLS handshake (SNI); missing when the client asked for none. */
  readonly servername?: string;
  /** The client's certificate; missing when the client showed none (`tls.requestCert`). */
  readonly peerCertificate?: PeerCertificate;
  /**
   * Whether the client's certificate is valid and from an authority of `tls.ca`. False only with
   * `tls.rejectUnauthorized: false`.
   */
  readonly authorized?: boolean;
  /**
   * What the proxy's PROXY header says (`proxyProtocol`). `peer` and `peerport` are those of the client behind the
   * proxy then.
   */
  readonly proxy?: ProxyInfo;
}

/** A proxy in front of the server, and what its PROXY header says beside the addresses. */
export interface ProxyInfo {
  /** The proxy's own address. */
  readonly address: string;
  readonly port: number;
  /** The version of the PROXY header. */
  readonly version: 1 | 2;
  /** Whether the proxy speaks for itself, as for a health check. Then `peer` is the proxy. */
  readonly isLocal: boolean;
  /** The additions that a header of version 2 may have. */
  readonly tlvs: ProxyTlvs;
}

/**
 * Why a connection ended. Each has exactly one reason:
 *
 * - `peerClosed`: the peer ended its side, and the handler, once it had dealt with all that came, doesn't write on;
 * - `handlerFinished`: the handler said `signal.producerFinished` or came to its own end;
 * - `handlerFailed`: the handler or its factory threw, its promise rejected, it emitted what isn't bytes, or it did nothing
 *   for `handlerStartTimeout`; the close carries the `error`;
 * - `serverShutdown`: ended by a drain: after its bytes were flushed, or before it had a handler;
 * - `slowConsumer`: the peer let more than `maxBufferedBytes` pile up, or took nothing for `writeTimeout`;
 * - `reset`: the peer or the network broke the connection; the close carries the `error`, if the system told one;
 * - `aborted`: cut without flushing, by `signal.shutdownMicroprocess`, by `control.shutdownMicroprocess` or at
 *   `shutdownTimeout`; or the connection's own actor crashed, and the close carries the `error`;
 * - `openTimeout`: the PROXY header and the TLS handshake took longer than `openTimeout`;
 * - `idleTimeout`: not a byte came from the peer for `idleTimeout`;
 * - `slowSender`: the peer sent slower than `minReceiveRate`;
 * - `maxDuration`: it was open for `maxConnectionDuration`;
 * - `proxyFailed`: what came was no PROXY header; the close carries the `error`;
 * - `rejected`: the client that the PROXY header told of was turned away (see `connection.rejected`);
 * - `tlsFailed`: the TLS handshake failed, or was not possible; the close carries the `error`, unless it was that an upgrade
 *   (`makessl`) took longer than `openTimeout`.
 */
export type CloseReason =
  | 'peerClosed'
  | 'handlerFinished'
  | 'handlerFailed'
  | 'serverShutdown'
  | 'openTimeout'
  | 'idleTimeout'
  | 'slowSender'
  | 'maxDuration'
  | 'slowConsumer'
  | 'reset'
  | 'proxyFailed'
  | 'rejected'
  | 'tlsFailed'
  | 'aborted';

/** How a connection ended: the output of its actor. */
export interface ConnectionSummary {
  readonly reason: CloseReason;
  /**
   * What went wrong, for the reasons that have an error: what was thrown or rejected with (`handlerFailed`), what the socket
   * reported (`reset`), why there is no TLS (`tlsFailed`) or no PROXY header (`proxyFailed`), or what the connection's own actor
   * crashed with (`aborted`).
   */
  readonly error?: unknown;
  /** Bytes read from the socket. Over TLS these are the encrypted bytes, those of the handshake included. */
  readonly bytesIn: number;
  /**
   * Bytes that the kernel took from this process. Over TLS these are the encrypted bytes. Bytes that still waited
   * when the connection was cut don't count.
   */
  readonly bytesOut: number;
  /** Milliseconds from the accept to the close. */
  readonly durationMs: number;
}

/** A connection that ended, with its id. */
export interface ClosedConnection extends ConnectionSummary {
  readonly id: string;
}

/** Where a server listens. */
export interface ListenAddress {
  /** The IP address, or the path of a unix socket. */
  readonly address: string;
  /** The port; 0 on a unix socket. */
  readonly port: number;
}
