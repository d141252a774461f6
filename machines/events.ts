/**
 * Every event of every box, typed, under Kamaelia's names.
 *
 * An inbox is an event type that an actor accepts, an outbox one that it emits. An event is named `box` when the box
 * carries one kind of message, else `box.message`. A leading underscore marks a box that only our own actors use.
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
  /** How many it may have (`ulimit -n`). */
  readonly limit: number;
}

/**
 * Why a connection was turned away before it had a handler:
 *
 * - `atCapacity`: every place is taken (`maxConnections`), and `whenBusy` says to reject;
 * - `queueFull`: every place is taken, and as many as `maxQueued` wait already;
 * - `gone`: it has reset the connection already, so that its address is not to be had, on which `proxyProtocol`, `allow` or
 *   `deny` depend. HAProxy's health checks do that;
 * - `denied`: its address is in `deny`, or not in `allow`;
 * - `untrustedProxy`: it isn't one of the proxies that `proxyProtocol` trusts;
 * - `peerLimit`: its address has `maxConnectionsPerPeer` already;
 * - `rateLimited`: it came faster than `acceptRate`;
 * - `descriptors`: this process has hardly a descriptor left (`descriptorHeadroom`);
 * - `serverShutdown`: it came or waited while the server drains;
 * - `acceptFailed`: the system could not hand it over.
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
 * What a connection's chart commands its socket. The socket is no actor: the chart calls it. Inspectors and traces see each
 * call as one of these events, to `socket`.
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

/** What a connection hears from its socket. Kamaelia's TCPClient has this box for the same purpose. */
export type SocketFeedback =
  /** The handler has taken every byte and waits for more, but there will be none: why is in `reason`. */
  | { readonly type: '_socketFeedback.inboxEnded'; readonly reason: 'peerClosed' | 'serverShutdown' }
  /** What was written has left, and our FIN behind it. */
  | { readonly type: '_socketFeedback.flushed' }
  /** The descriptor is closed. */
  | { readonly type: '_socketFeedback.closed' }
  /** The socket broke. */
  | { readonly type: '_socketFeedback.failed'; readonly error: Error }
  /** The handler emitted something that isn't bytes. */
  | { readonly type: '_socketFeedback.refused'; readonly error: Error }
  /** The kernel takes no more for now: bytes are piling up in this process. */
  | { readonly type: '_socketFeedback.noSpaceInBox' }
  /** All that had piled up has left. */
  | { readonly type: '_socketFeedback.spaceInBox' }
  /** More than `maxBufferedBytes` piled up. */
  | { readonly type: '_socketFeedback.overflowed' }
  /** The PROXY header has come: `info` is about the real client now. */
  | { readonly type: '_socketFeedback.identified' }
  /** What should have been a PROXY header isn't one. */
  | { readonly type: '_socketFeedback.proxyFailed'; readonly error: Error }
  /** The TLS handshake is done. */
  | { readonly type: '_socketFeedback.secured' }
  /** There is no TLS to be had with this peer. */
  | { readonly type: '_socketFeedback.tlsFailed'; readonly error: Error };

/** What a connection hears when one of its time limits is up: the option that says how long it is. */
export type TimeoutEvent =
  /** The PROXY header and the TLS handshake have taken too long. */
  | { readonly type: '_timeouts.openTimeout' }
  /** The handler has neither read nor written anything since it was started. */
  | { readonly type: '_timeouts.handlerStartTimeout'; readonly error: Error }
  /** Not a byte has come. */
  | { readonly type: '_timeouts.idleTimeout' }
  /** Bytes have come, but too few. */
  | { readonly type: '_timeouts.minReceiveRate' }
  /** The peer takes nothing of what waits for it. */
  | { readonly type: '_timeouts.writeTimeout' }
  /** The connection is old enough. */
  | { readonly type: '_timeouts.maxConnectionDuration' };

/** What the connection actor accepts, beside its socket's feedback. */
export type ConnectionEvent =
  | SocketFeedback
  | TimeoutEvent
  /** The handler's outboxes, for handlers that send to their parent instead of emitting. */
  | ProtocolEmitted
  /** Tell the handler that the server drains. */
  | { readonly type: 'control.serverShutdown' }
  /** Cut the connection now. */
  | { readonly type: 'control.shutdownMicroprocess' }
  /** The server takes the client that the PROXY header told of. */
  | { readonly type: 'control.admit' }
  /** The server doesn't take that client. */
  | { readonly type: 'control.reject' };

/** What a server hears from its listener. */
type ListenerFeedback =
  | { readonly type: '_listener.listening'; readonly address: ListenAddress }
  /** The port is free, and stays so: the listener has closed for good. */
  | { readonly type: '_listener.closed' }
  /**
   * The port could not be had, or the listening socket has broken. The listener ends in this error right after, whatever it
   * is told. `at` is the time of the failure, in milliseconds of the clock.
   */
  | { readonly type: '_listener.failed'; readonly error: ListenError; readonly at: number }
  /** Hardly a descriptor is left to this process. */
  | { readonly type: '_listener.descriptorsShort'; readonly descriptors: Descriptors }
  /** There are enough again. */
  | { readonly type: '_listener.descriptorsSpare'; readonly descriptors: Descriptors }
  /** New handshakes use the new TLS options. */
  | { readonly type: '_listener.tlsReloaded'; readonly options: TlsOptions }
  /** The new TLS options are no good, and nothing has changed. */
  | { readonly type: '_listener.tlsReloadFailed'; readonly error: Error }
  /**
   * One client could not be accepted; the listener goes on. Not told when the process has no descriptor left: libuv then
   * closes the client itself, and Node hears nothing of it.
   */
  | { readonly type: '_listener.acceptFailed'; readonly error: Error };

/** What a listener accepts. */
export type ListenerEvent =
  | TlsReload
  /** Close for good. */
  | { readonly type: '_serversignal.serverShutdown' }
  /** Close, but remember the port. */
  | { readonly type: 'control.suspend' }
  /** Listen again, on the same port. */
  | { readonly type: 'control.resume' };

/** What the connections registry accepts. */
export type ConnectionsEvent =
  /** Give an accepted client its connection actor. */
  | { readonly type: 'spawnConnection'; readonly CSA: ConnectedSocketAdapter; readonly options: ConnectionOptions }
  /** Tell one connection that the server takes the client behind its proxy, or that it doesn't. */
  | { readonly type: 'control.admit'; readonly id: string }
  | { readonly type: 'control.reject'; readonly id: string }
  /** Tell every handler that the server drains, spread over `stagger` milliseconds. */
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
 * Use other TLS options for the handshakes that begin from now on; connections that stand keep theirs. When the new options
 * are bad nothing changes: `server.tlsReloaded` or `server.tlsReloadFailed` tells.
 */
export interface TlsReload {
  readonly type: 'control.tlsReload';
  readonly options: TlsOptions;
}

/** What ServerCore accepts. */
export type ServerCoreEvent =
  | ServerControl
  | ListenerFeedback
  | OpeningReport
  /**
   * Change limits while the server runs: all of the given ones or, when one of them is bad, none. `server.configured` or
   * `server.configureFailed` tells. Connections that are open keep their time limits, and nobody is thrown out.
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
  /** A handler threw; `_socketactivity.shutdownCSA` follows. */
  | { readonly type: '_socketactivity.handlerFailed'; readonly id: string; readonly error: unknown }
  /** A connection ended. */
  | ({ readonly type: '_socketactivity.shutdownCSA'; readonly CSA: ConnectedSocketAdapter } & ClosedConnection);

/** What a server hears of a connection that had to be opened first. */
type OpeningReport =
  /** The connection is open: its handler starts. */
  | { readonly type: '_CSA.opened'; readonly CSA: ConnectedSocketAdapter }
  /** The PROXY header has told which client this is; the connection waits for `control.admit` or `control.reject`. */
  | { readonly type: '_CSA.identified'; readonly CSA: ConnectedSocketAdapter }
  /** The handler wants its connection not to count for `maxConnections`. */
  | { readonly type: '_CSA.exempt'; readonly CSA: ConnectedSocketAdapter };

/** What SingleServer accepts. */
export type SingleServerEvent =
  | ServerControl
  | ListenerFeedback
  | OpeningReport
  /** Bytes for the client. While there is none they wait for the next one, at most `maxPendingBytes`. */
  | { readonly type: 'inbox'; readonly data: Bytes }
  /** Flush and end the client, not the server. Behind bytes that still wait for a client, it waits with them. */
  | { readonly type: 'control.producerFinished' }
  /** A client was accepted. */
  | { readonly type: '_oobinfo.newCSA'; readonly CSA: ConnectedSocketAdapter }
  /** The client's connection ended. */
  | ({ readonly type: '_oobinfo.shutdownCSA'; readonly CSA: ConnectedSocketAdapter } & ClosedConnection)
  | ConnectionReport;

/** What the actor above a connection hears of it when the connection has no handler of its own. */
export type ConnectionReport =
  /** Bytes from the peer. */
  | { readonly type: '_CSA.outbox'; readonly data: Buffer }
  | { readonly type: '_CSA.noSpaceInBox' }
  | { readonly type: '_CSA.spaceInBox' }
  /** The peer has ended its side; one may still write (`allowHalfOpen`). */
  | { readonly type: '_CSA.peerEnded' };

/** What both servers emit. */
export type ServerEmitted =
  /** The server accepts connections; again after each suspension. */
  | ({ readonly type: 'server.listening' } & ListenAddress)
  /** A drain has begun. */
  | { readonly type: 'server.draining'; readonly connections: number }
  /** The server has ended. */
  | ({ readonly type: 'server.shutdown' } & ServerSummary)
  /** The port could not be had, or the listening socket has broken once too often: the server ends in this error. */
  | { readonly type: 'server.failed'; readonly error: ListenError }
  /**
   * The listener failed, and is given another chance after `restart.delay`: `server.listening` tells when it listens again.
   */
  | { readonly type: 'server.restarting'; readonly error: ListenError }
  /**
   * No more clients for now: as many as `maxConnections` are open, or hardly a descriptor is left. Once until
   * `server.accepting`, or until the reason is the other one.
   */
  | {
      readonly type: 'server.full';
      readonly reason: 'maxConnections' | 'descriptors';
      readonly connections: number;
      /** With reason `descriptors`. */
      readonly descriptors?: Descriptors;
    }
  /** There are places again. */
  | { readonly type: 'server.accepting'; readonly connections: number }
  /** `nearCapacity`: few places are left (`isNear`), or no longer few. */
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
  /** A client was accepted; the PROXY header and the TLS handshake come first. */
  | ({ readonly type: 'connection.opening' } & ConnectionInfo)
  /** A client has its handler. */
  | ({ readonly type: 'connection.opened' } & ConnectionInfo)
  /** A connection ended. */
  | ({ readonly type: 'connection.closed' } & ClosedConnection)
  /** A handler threw; `connection.closed` with reason `handlerFailed` follows. */
  | { readonly type: 'connection.failed'; readonly id: string; readonly error: unknown }
  /** A client was turned away. */
  | {
      readonly type: 'connection.rejected';
      readonly reason: RejectReason;
      /** The client, unless not even its address could be had. */
      readonly info?: ConnectionInfo;
      readonly error?: Error;
    }
  /** What the server told its listener. */
  | { readonly type: '_serversignal.serverShutdown' };

/** What tcpClient accepts. */
export type TcpClientEvent =
  | ConnectionReport
  /** Bytes for the server. Before the connection stands they wait, at most `maxPendingBytes`. */
  | { readonly type: 'inbox'; readonly data: Bytes }
  /** Flush, then close. */
  | { readonly type: 'control.producerFinished' }
  /** Close now. */
  | { readonly type: 'control.shutdownMicroprocess' };

/** What tcpClient emits. */
export type TcpClientEmitted =
  /** The connection stands. */
  | ({ readonly type: 'connection.opened' } & ConnectionInfo)
  /** Bytes from the server. */
  | { readonly type: 'outbox'; readonly data: Buffer }
  /** The connection has ended. */
  | ({ readonly type: 'signal.producerFinished' } & ConnectionSummary)
  /** As SingleServer's. */
  | { readonly type: 'signal.noSpaceInBox'; readonly refused?: Bytes }
  | { readonly type: 'signal.spaceInBox' }
  | { readonly type: 'signal.peerEnded' };

/** What SingleServer emits beyond {@link ServerEmitted}. */
export type SingleServerEmitted =
  | ServerEmitted
  /** Bytes from the client. */
  | { readonly type: 'outbox'; readonly data: Buffer }
  /** The client's connection ended. */
  | ({ readonly type: 'signal.producerFinished' } & ClosedConnection)
  /**
   * There is no room: the client reads slower than one sends, or (with `refused`) more than `maxPendingBytes` wait for
   * a client, and `refused` was not taken.
   */
  | { readonly type: 'signal.noSpaceInBox'; readonly refused?: Bytes }
  /** There is room again. */
  | { readonly type: 'signal.spaceInBox' }
  /** The client has ended its side; one may still write, and `control.producerFinished` ends it (`allowHalfOpen`). */
  | { readonly type: 'signal.peerEnded' }
  /** What the server told its connection. */
  | { readonly type: '_CSA_signal.producerFinished' }
  | { readonly type: '_CSA_signal.shutdownMicroprocess' };

/** What was served: the output of both servers' final state. */
export interface ServerSummary {
  /** Connections that were taken; those whose PROXY header or TLS handshake failed are among them. */
  readonly connections: number;
  /**
   * Clients that were accepted, and turned away at once. One that was taken before its PROXY header told who it is
   * (`reasons.rejected`) is among `connections` instead, and one that couldn't be accepted (`acceptFailed`) is in neither.
   */
  readonly rejected: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** From the making of the server to its end, in milliseconds. */
  readonly durationMs: number;
  /** How many connections ended for each reason; a reason that never came up is absent. */
  readonly reasons: Readonly<Partial<Record<CloseReason, number>>>;
  /** How each connection ended that was still open when the shutdown began. */
  readonly drained: readonly ClosedConnection[];
}

/** An actor that hears what a connection has to say to the server that owns it. */
export type Supervisor = AnyActorRef;
