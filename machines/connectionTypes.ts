/** What there is to know of one connection: who it is, and how it ended. */

/** Bytes as a protocol may write them. A string is sent as UTF-8. */
export type Bytes = Uint8Array | string;

/**
 * What a protocol handler is told about its connection: its `input`.
 *
 * `peer`, `peerport`, `localip` and `localport` are Kamaelia's four names.
 */
export interface ConnectionInfo {
  /** Unique within its server: `connection:7` was the seventh that the listener accepted. */
  readonly id: string;
  /**
   * The address of the other end: the client's, or for tcpClient the server's. `'0.0.0.0'` when the client was gone before it could be asked (as Kamaelia answers);
   * `''` on a unix socket, where clients have none.
   */
  readonly peer: string;
  /** The client's port; 0 on a unix socket or when the client was gone before it could be asked. */
  readonly peerport: number;
  /** The address that the client connected to; the path of a unix socket. */
  readonly localip: string;
  /** The port that the client connected to; 0 on a unix socket. */
  readonly localport: number;
  /** Whether the bytes travel over TLS. */
  readonly encrypted: boolean;
}

/**
 * Why a connection ended. Each has exactly one reason:
 *
 * - `peerClosed`: the peer ended its side and, unless half-open connections are allowed, we ended ours;
 * - `handlerFinished`: the handler said `signal.producerFinished` or came to its own end;
 * - `handlerFailed`: the handler threw; the close carries the `error`;
 * - `serverShutdown`: ended by a drain after its bytes were flushed;
 * - `slowConsumer`: the peer let more than `maxBufferedBytes` pile up, or took nothing for `writeTimeout`;
 * - `reset`: the peer or the network broke the connection; the close carries the `error`;
 * - `aborted`: cut without flushing (or the connection's own actor crashed; the close then carries the `error`), by `signal.shutdownMicroprocess`, `control.shutdownMicroprocess` or at
 *   `shutdownTimeout`;
 * - `idleTimeout`, `openTimeout`, `tlsFailed`: reserved for the timeouts and for TLS.
 */
export type CloseReason =
  | 'peerClosed'
  | 'handlerFinished'
  | 'handlerFailed'
  | 'serverShutdown'
  | 'idleTimeout'
  | 'openTimeout'
  | 'slowConsumer'
  | 'reset'
  | 'tlsFailed'
  | 'aborted';

/** How a connection ended: the output of its actor. */
export interface ConnectionSummary {
  readonly reason: CloseReason;
  /** What was thrown (`handlerFailed`) or what the socket reported (`reset`). */
  readonly error?: unknown;
  /** Bytes read from the socket. */
  readonly bytesIn: number;
  /** Bytes that the kernel took from us. What still waited when a connection was cut doesn't count. */
  readonly bytesOut: number;
  /** From the accept to the close, in milliseconds. */
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
