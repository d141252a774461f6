/**
 * Every event of every box, with its type, under Kamaelia's names.
 *
 * An inbox is an event type that an actor accepts. An outbox is an event type that an actor emits. An event is named
 * `box` when the box carries one kind of message, else `box.message`. A leading underscore marks a box that only our
 * own actors use.
 */
import type { AnyActorRef } from 'xstate';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import type { ProtocolEmitted } from './protocolEvents';
import type {
  Bytes,
  ClosedConnection,
  CloseReason,
  ConnectionInfo,
  ConnectionSummary,
  ListenAddress,
} from './vocabulary/connectionTypes';
import type { ConfigurableOptions } from './options/configure';
import type { ConnectionOptions } from './options/connectionOptions';
import type { InvalidOptionError, ListenError } from './vocabulary/errors';
import type { TlsOptions } from './options/tlsOptions';

/** The file descriptors of this process. */
export interface Descriptors {
  readonly open: number;
  /** How many descriptors the process may have open (`ulimit -n`). */
  readonly limit: number;
}

/**
 * Why a client was turned away before it had a handler:
 *
 * - `atCapacity`: every place is taken (`maxConnections`), and `whenBusy` says to reject;
 * - `queueFull`: every place is taken, and `maxQueued` clients wait already;
 * - `gone`: the client has reset the connection already, so its address can't be found out, and `proxyProtocol`,
 *   `allow` or `deny` depend on the address. HAProxy's health checks reset in this way;
 * - `denied`: the client's address is in `deny`, or not in `allow`;
 * - `untrustedProxy`: the client is none of the proxies that `proxyProtocol` trusts;
 * - `peerLimit`: the client's address has `maxConnectionsPerPeer` connections already;
 * - `rateLimited`: clients came faster than `acceptRate`;
 * - `descriptors`: this process has few file descriptors left (`descriptorHeadroom`);
 * - `serverShutdown`: the client came, or waited, while the server drained;
 * - `acceptFailed`: the system could not accept the client.
 */
export type RejectReason =
  | 'atCapacity'
  | 'queueFull'
  | 'gone'
  | 'denied'
  | 'untrustedProxy'
  | 'peerLimit'
  | 'rateLimited'
  | 'descriptors'
  | 'serverShutdown'
  | 'acceptFailed';

/**
 * The commands of a connection's chart to its socket. The socket is no actor: the chart calls its methods. Inspectors
 * and traces show each call as one of these events, to `socket`.
 */
export type SocketControl =
  /** The connection owns the socket from now on. */
  | { readonly type: '_socketControl.claim' }
  /** Read a PROXY header, and no byte more. */
  | { readonly type: '_socketControl.readProxyHeader' }
  /** Go over to TLS. */
  | { readonly type: '_socketControl.startTls' }
  /** Read what the peer sends. */
  | { readonly type: '_socketControl.resumeReading' }
  /** Read no further. */
  | { readonly type: '_socketControl.pauseReading' }
  /** Flush what was written, then send our FIN. */
  | { readonly type: '_socketControl.end' }
  /** Close the descriptor. */
  | { readonly type: '_socketControl.destroy' };

/** The events that a connection gets from its socket. Kamaelia's TCPClient has this box for the same purpose. */
export type SocketFeedback =
  /** The handler has taken every byte and waits for more, but no more will come. `reason` says why. */
  | { readonly type: '_socketFeedback.inboxEnded'; readonly reason: 'peerClosed' | 'serverShutdown' }
  /** Everything that was written has left, and our FIN behind it. */
  | { readonly type: '_socketFeedback.flushed' }
  /** The descriptor is closed. */
  | { readonly type: '_socketFeedback.closed' }
  /** The socket broke. */
  | { readonly type: '_socketFeedback.failed'; readonly error: Error }
  /** The handler emitted something that isn't bytes. */
  | { readonly type: '_socketFeedback.refused'; readonly error: Error }
  /** The kernel takes no more bytes for now: they wait in this process. */
  | { readonly type: '_socketFeedback.noSpaceInBox' }
  /** All bytes that waited in this process have left. */
  | { readonly type: '_socketFeedback.spaceInBox' }
  /** More than `maxBufferedBytes` wait in this process. */
  | { readonly type: '_socketFeedback.overflowed' }
  /** The PROXY header has come: `info` is about the real client now. */
  | { readonly type: '_socketFeedback.identified' }
  /** The peer's first bytes are no PROXY header. */
  | { readonly type: '_socketFeedback.proxyFailed'; readonly error: Error }
  /** The TLS handshake is done. */
  | { readonly type: '_socketFeedback.secured' }
  /** The TLS handshake failed, or could not begin. */
  | { readonly type: '_socketFeedback.tlsFailed'; readonly error: Error };

/**
 * The events that a connection gets when a time limit is up. Each one is named after the option that sets the limit.
 */
export type TimeoutEvent =
  /** The PROXY header and the TLS handshake took too long. */
  | { readonly type: '_timeouts.openTimeout' }
  /** Since its start the handler has neither taken nor written bytes, and does not wait for bytes. */
  | { readonly type: '_timeouts.handlerStartTimeout'; readonly error: Error }
  /** The peer has sent no byte. */
  | { readonly type: '_timeouts.idleTimeout' }
  /** The peer has sent bytes, but too few. */
  | { readonly type: '_timeouts.minReceiveRate' }
  /** The peer takes none of the bytes that wait for it. */
  | { readonly type: '_timeouts.writeTimeout' }
  /** The connection has been open for as long as it may. */
  | { readonly type: '_timeouts.maxConnectionDuration' };

/** The events that a connection actor accepts. */
export type ConnectionEvent =
  | SocketFeedback
  | TimeoutEvent
  /** The handler's outboxes, for handlers that send to their parent instead of emitting. */
  | ProtocolEmitted
  /** Tell the handler that the server drains. */
  | { readonly type: 'control.serverShutdown' }
  /** Cut the connection now. */
  | { readonly type: 'control.shutdownMicroprocess' }
  /** The server takes the client that the PROXY header named. */
  | { readonly type: 'control.admit' }
  /** The server doesn't take that client. */
  | { readonly type: 'control.reject' };

/** The events that a server gets from its listener. */
type ListenerFeedback =
  /** The port is open. */
  | { readonly type: '_listener.listening'; readonly address: ListenAddress }
  /** The listener has closed for good: the port is free. */
  | { readonly type: '_listener.closed' }
  /**
   * The listener could not listen on the port, or the listening socket has broken. Right after this event the
   * listener ends in this error, whatever it is told meanwhile. `at` is the time of the failure, in milliseconds of
   * the clock.
   */
  | { readonly type: '_listener.failed'; readonly error: ListenError; readonly at: number }
  /** This process has few descriptors left (`descriptorHeadroom`). */
  | { readonly type: '_listener.descriptorsShort'; readonly descriptors: Descriptors }
  /** This process has enough descriptors again. */
  | { readonly type: '_listener.descriptorsSpare'; readonly descriptors: Descriptors }
  /** New handshakes use the new TLS options. */
  | { readonly type: '_listener.tlsReloaded'; readonly options: TlsOptions }
  /** The listener could not use the new TLS options. Nothing has changed. */
  | { readonly type: '_listener.tlsReloadFailed'; readonly error: Error }
  /**
   * One client could not be accepted; the listener goes on. The listener can't tell when the process has no
   * descriptor left: libuv then closes the client itself, and Node does not report it.
   */
  | { readonly type: '_listener.acceptFailed'; readonly error: Error };

/** The events that a listener accepts. */
export type ListenerEvent =
  | TlsReload
  /** Close for good. */
  | { readonly type: '_serversignal.serverShutdown' }
  /** Close, but remember the port. */
  | { readonly type: 'control.suspend' }
  /** Listen again, on the same port. */
  | { readonly type: 'control.resume' };

/** The events that the connections registry accepts. */
export type ConnectionsEvent =
  /** Give an accepted client a connection actor. */
  | { readonly type: 'spawnConnection'; readonly CSA: ConnectedSocketAdapter; readonly options: ConnectionOptions }
  /** Tell a connection that the server takes the client behind the proxy, or that the server refuses it. */
  | { readonly type: 'control.admit'; readonly id: string }
  | { readonly type: 'control.reject'; readonly id: string }
  /** Tell every handler that the server drains. The messages are spread over `stagger` milliseconds. */
  | { readonly type: 'control.serverShutdown'; readonly stagger: number }
  /** Cut every connection. */
  | { readonly type: 'control.shutdownMicroprocess' };

/** The control box of both servers. */
export type ServerControl =
  /** Drain: stop accepting, let the connections finish, then end. `timeout` (ms) overrides `shutdownTimeout`. */
  | { readonly type: 'control.serverShutdown'; readonly timeout?: number }
  /** End at once: every connection is cut. */
  | { readonly type: 'control.shutdownMicroprocess' }
  | TlsReload;

/**
 * Use other TLS options for the handshakes that begin from now on. Open connections keep theirs. When the new options
 * are bad, nothing changes. `server.tlsReloaded` or `server.tlsReloadFailed` tells the result.
 */
export interface TlsReload {
  readonly type: 'control.tlsReload';
  readonly options: TlsOptions;
}

/** The events that ServerCore accepts. */
export type ServerCoreEvent =
  | ServerControl
  | ListenerFeedback
  | OpeningReport
  /**
   * Change limits while the server runs: all given options or, when one of them is bad, none. `server.configured` or
   * `server.configureFailed` tells the result. Open connections keep their time limits, and none is closed.
   */
  | { readonly type: 'control.configure'; readonly options: ConfigurableOptions }
  /**
   * Stop listening until `control.resume`: clients get ECONNREFUSED, open connections go on. Ignored with `fd`, which
   * can't be opened again.
   */
  | { readonly type: 'control.suspend' }
  /** Listen again, on the same port. */
  | { readonly type: 'control.resume' }
  /** A client was accepted. */
  | { readonly type: '_socketactivity.newCSA'; readonly CSA: ConnectedSocketAdapter }
  /** A handler failed; `_socketactivity.shutdownCSA` follows. */
  | { readonly type: '_socketactivity.handlerFailed'; readonly id: string; readonly error: unknown }
  /** A connection ended. */
  | ({ readonly type: '_socketactivity.shutdownCSA'; readonly CSA: ConnectedSocketAdapter } & ClosedConnection);

/** The events that a server gets from a connection. */
type OpeningReport =
  /** The connection is open: its handler starts. */
  | { readonly type: '_CSA.opened'; readonly CSA: ConnectedSocketAdapter }
  /** The PROXY header has named the client. The connection waits for `control.admit` or `control.reject`. */
  | { readonly type: '_CSA.identified'; readonly CSA: ConnectedSocketAdapter }
  /** The handler wants its connection not to count for `maxConnections`. */
  | { readonly type: '_CSA.exempt'; readonly CSA: ConnectedSocketAdapter };

/** The events that SingleServer accepts. */
export type SingleServerEvent =
  | ServerControl
  | ListenerFeedback
  | OpeningReport
  /** Bytes for the client. Without a client they wait for the next one, at most `maxPendingBytes`. */
  | { readonly type: 'inbox'; readonly data: Bytes }
  /**
   * Flush, then end the client's connection; the server goes on. Behind bytes that still wait for a client, this
   * waits too, and ends that client's connection after them.
   */
  | { readonly type: 'control.producerFinished' }
  /** A client was accepted. */
  | { readonly type: '_oobinfo.newCSA'; readonly CSA: ConnectedSocketAdapter }
  /** The client's connection ended. */
  | ({ readonly type: '_oobinfo.shutdownCSA'; readonly CSA: ConnectedSocketAdapter } & ClosedConnection)
  | ConnectionReport;

/** The events that a connection without a handler sends to its parent. */
export type ConnectionReport =
  /** Bytes from the peer. */
  | { readonly type: '_CSA.outbox'; readonly data: Buffer }
  /** The peer reads slower than the parent writes: bytes wait in this process. */
  | { readonly type: '_CSA.noSpaceInBox' }
  /** All bytes that waited have left. */
  | { readonly type: '_CSA.spaceInBox' }
  /** The peer has ended its side; the parent may still write (`allowHalfOpen`). */
  | { readonly type: '_CSA.peerEnded' };

/** The events that both servers emit. */
export type ServerEmitted =
  /** The server accepts connections. Emitted at the start, and each time that the server listens again. */
  | ({ readonly type: 'server.listening' } & ListenAddress)
  /** A drain has begun. */
  | { readonly type: 'server.draining'; readonly connections: number }
  /** The server has ended. */
  | ({ readonly type: 'server.shutdown' } & ServerSummary)
  /**
   * The listener could not listen on the port, or its socket has broken, and `restart` allows no further failure. The
   * server ends in this error.
   */
  | { readonly type: 'server.failed'; readonly error: ListenError }
  /**
   * The listener has failed, and a new one tries again after `restart.delay`. `server.listening` tells when it
   * listens.
   */
  | { readonly type: 'server.restarting'; readonly error: ListenError }
  /**
   * The server takes no more clients for now: `maxConnections` are open, or few descriptors are left. Emitted once
   * until `server.accepting`, or until the reason changes.
   */
  | {
      readonly type: 'server.full';
      readonly reason: 'maxConnections' | 'descriptors';
      readonly connections: number;
      /** Present with the reason `descriptors`. */
      readonly descriptors?: Descriptors;
    }
  /** The server has places for clients again. */
  | { readonly type: 'server.accepting'; readonly connections: number }
  /** Few places are left (`isNear`), or no longer few, by the shares that the option `nearCapacity` sets. */
  | {
      readonly type: 'server.nearCapacity';
      readonly isNear: boolean;
      readonly connections: number;
      readonly maxConnections: number;
    }
  /** `control.configure` was done. */
  | { readonly type: 'server.configured'; readonly options: ConfigurableOptions }
  /** `control.configure` was not done: nothing has changed. */
  | { readonly type: 'server.configureFailed'; readonly error: InvalidOptionError }
  /** `control.tlsReload` was done. */
  | { readonly type: 'server.tlsReloaded' }
  /** `control.tlsReload` was not done: nothing has changed. */
  | { readonly type: 'server.tlsReloadFailed'; readonly error: Error }
  /** A client was taken, and has yet to send its PROXY header or to do its TLS handshake. */
  | ({ readonly type: 'connection.opening' } & ConnectionInfo)
  /** A client has its handler. */
  | ({ readonly type: 'connection.opened' } & ConnectionInfo)
  /** A connection ended. */
  | ({ readonly type: 'connection.closed' } & ClosedConnection)
  /** A handler failed; `connection.closed` with reason `handlerFailed` follows. */
  | { readonly type: 'connection.failed'; readonly id: string; readonly error: unknown }
  /** A client was turned away. */
  | {
      readonly type: 'connection.rejected';
      readonly reason: RejectReason;
      /** The client. Missing when the client could not be accepted (`acceptFailed`). */
      readonly info?: ConnectionInfo;
      readonly error?: Error;
    }
  /** The server has sent this event to its listener. */
  | { readonly type: '_serversignal.serverShutdown' };

/** The events that tcpClient accepts. */
export type TcpClientEvent =
  | ConnectionReport
  /** Bytes for the server. They wait until the connection is open, at most `maxPendingBytes`. */
  | { readonly type: 'inbox'; readonly data: Bytes }
  /** Flush, then close. */
  | { readonly type: 'control.producerFinished' }
  /** Close now. */
  | { readonly type: 'control.shutdownMicroprocess' };

/** The events that tcpClient emits. */
export type TcpClientEmitted =
  /** The connection is open. */
  | ({ readonly type: 'connection.opened' } & ConnectionInfo)
  /** Bytes from the server. */
  | { readonly type: 'outbox'; readonly data: Buffer }
  /** The connection has ended. */
  | ({ readonly type: 'signal.producerFinished' } & ConnectionSummary)
  /** This and the next two mean the same as those of SingleServer. */
  | { readonly type: 'signal.noSpaceInBox'; readonly refused?: Bytes }
  | { readonly type: 'signal.spaceInBox' }
  | { readonly type: 'signal.peerEnded' };

/** The events that SingleServer emits: those of {@link ServerEmitted}, and its own. */
export type SingleServerEmitted =
  | ServerEmitted
  /** Bytes from the client. */
  | { readonly type: 'outbox'; readonly data: Buffer }
  /** The client's connection ended. */
  | ({ readonly type: 'signal.producerFinished' } & ClosedConnection)
  /**
   * There is no room for more bytes. Without `refused`: the client reads slower than the owner of the server sends.
   * With `refused`: the bytes in it were not taken, because too many wait for a client already (`maxPendingBytes`),
   * because no client takes bytes any more, or because the value is neither bytes nor a string.
   */
  | { readonly type: 'signal.noSpaceInBox'; readonly refused?: Bytes }
  /** There is room for more bytes again. */
  | { readonly type: 'signal.spaceInBox' }
  /**
   * The client has ended its side; the owner of the server may still write, and ends the connection with
   * `control.producerFinished` (`allowHalfOpen`).
   */
  | { readonly type: 'signal.peerEnded' }
  /** The server has sent this event, or the next one, to its connection. */
  | { readonly type: '_CSA_signal.producerFinished' }
  | { readonly type: '_CSA_signal.shutdownMicroprocess' };

/** What a server has served: the output of both servers. */
export interface ServerSummary {
  /** How many connections the server took. Those whose PROXY header or TLS handshake failed are among them. */
  readonly connections: number;
  /**
   * How many clients the server accepted and turned away at once. A client that was turned away only after its PROXY
   * header counts in `connections` and in `reasons.rejected` instead. A client that could not be accepted
   * (`acceptFailed`) counts nowhere.
   */
  readonly rejected: number;
  /** Bytes read from the connections that have ended. */
  readonly bytesIn: number;
  /** Bytes sent on the connections that have ended. */
  readonly bytesOut: number;
  /** Milliseconds from the creation of the server to its end. */
  readonly durationMs: number;
  /** How many connections ended for each reason; a reason that never came up is absent. */
  readonly reasons: Readonly<Partial<Record<CloseReason, number>>>;
  /** How each connection ended that was open when the drain began. */
  readonly drained: readonly ClosedConnection[];
}

/** The actor that owns a connection, and gets the events that the connection sends to its server. */
export type Supervisor = AnyActorRef;
