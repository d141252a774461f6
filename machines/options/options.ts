/** The options of servers and clients. Their defaults and checks are in `resolveOptions.ts`. */
import type { AnyActorLogic } from 'xstate';
import type { Bytes, ConnectionInfo } from '../vocabulary/connectionTypes';
import type { AdmissionOptions } from './admissionOptions';
import type { Restart } from './restart';
import type { TimeLimits } from './timeLimits';
import type { TlsOptions } from './tlsOptions';

/**
 * What handles a connection: actor logic of any kind whose input is a {@link ConnectionInfo}, or a function that
 * returns such logic for each connection (Kamaelia's protocol factory).
 */
export type Protocol = AnyActorLogic | ((info: ConnectionInfo) => AnyActorLogic);

/** What the next client meets while every place is taken. See {@link ServerOptions.whenBusy}. */
export type WhenBusy = 'reject' | 'queue' | 'refuse';

/** Where to listen, and how connections behave: the options that both servers have. */
export interface ServerOptions extends TimeLimits, Omit<AdmissionOptions, 'maxConnectionsPerPeer'> {
  /**
   * The TCP port, from 0 to 65535. 0 takes any free port, and `start()` and `server.listening` tell which.
   * @defaultValue 1601, Kamaelia's
   */
  readonly port?: number;
  /**
   * The address to listen on.
   * @defaultValue `'127.0.0.1'`: only programs on this machine reach the server. Others reach it with `'0.0.0.0'` or
   * `'::'`
   */
  readonly host?: string;
  /** The path of a unix socket (or Windows pipe) to listen on instead of a port. Node removes the file on close. */
  readonly path?: string;
  /** An inherited file descriptor to listen on instead of a port, as systemd's socket activation passes one. */
  readonly fd?: number;
  /**
   * How many connections the kernel may hold before the server accepts them.
   * @defaultValue 511, Node's. The system caps it (`net.core.somaxconn` on Linux)
   */
  readonly backlog?: number;
  /**
   * Whether a handler may go on writing after the peer has ended its side.
   *
   * If so, the handler gets `control.producerFinished` and ends the connection itself. If not, the connection is
   * flushed and closed. Either happens once the handler waits for more bytes, so that the handler can answer those
   * that came before. A machine whose present state names `control.producerFinished` is told at once.
   *
   * A handler that isn't a machine always counts as waiting. When such a handler answers later than it is asked, it
   * needs this option. Without a protocol, the server emits `signal.peerEnded`, and its owner ends the connection
   * with `control.producerFinished`.
   * @defaultValue false
   */
  readonly allowHalfOpen?: boolean;
  /**
   * Whether to send small writes at once (TCP_NODELAY).
   * @defaultValue true
   */
  readonly noDelay?: boolean;
  /**
   * Whether the kernel probes silent peers: `true`, or the milliseconds of silence before the first probe.
   * @defaultValue false
   */
  readonly keepAlive?: boolean | number;
  /**
   * What the next client meets while every place is taken:
   * - `'reject'`: the client is accepted, gets `busyReply` if there is one, and is closed;
   * - `'queue'`: the client is accepted, and is not read until a place is free. When `maxQueued` clients wait
   *   already, the next one is rejected. A client that leaves while it waits keeps its turn, because nobody reads its
   *   end;
   * - `'refuse'`: the port stops listening while every place is taken, so the client gets ECONNREFUSED (ENOENT on a
   *   unix socket; ECONNRESET when it already waited in the kernel). Not with `fd`, which can't be opened again.
   * @defaultValue `'reject'`
   */
  readonly whenBusy?: WhenBusy;
  /**
   * What a rejected client gets before it is closed. Allowed with `tls` only together with `starttls`: other clients
   * of a server with `tls` wait for a handshake, which costs too much for a client that is turned away, so they are
   * closed without a word.
   * @defaultValue nothing
   */
  readonly busyReply?: Bytes;
  /**
   * How many clients may wait with `whenBusy: 'queue'`. The next one is rejected (`queueFull`).
   * @defaultValue 100
   */
  readonly maxQueued?: number;
  /**
   * How many bytes may wait in this process for one peer. A write that finds more bytes waiting ends the connection
   * with `slowConsumer`. So one message may be larger than the limit, but a second one then ends the connection. Well
   * before, as soon as the kernel takes no more, the handler gets `control.noSpaceInBox` and its peer is no longer
   * read.
   * @defaultValue 16 MiB
   */
  readonly maxBufferedBytes?: number;
  /**
   * The options for TLS; with them the server speaks TLS. The handshake comes before the handler, within
   * `openTimeout`. A handshake that fails ends the connection with `tlsFailed`. `control.tlsReload` changes these
   * options while the server runs.
   * @defaultValue none: plain text
   */
  readonly tls?: TlsOptions;
  /**
   * Whether connections begin with plain text, and change to TLS when the handler emits `makessl`. Needs `tls`.
   * @defaultValue false
   */
  readonly starttls?: boolean;
  /**
   * How often the server survives a failure of its listener, once it has listened. Connections are never restarted.
   * @defaultValue 5 failures within 60 000 ms, and 1 000 ms to the next try
   */
  readonly restart?: Restart;
  /**
   * Milliseconds that a drain may take. Connections that are still open then are cut (`aborted`).
   * @defaultValue 5 000: container runtimes kill after 10 000
   */
  readonly shutdownTimeout?: number;
  /**
   * Milliseconds for which the server, after its own end of a connection, goes on to read (and throw away) what the
   * peer still sends. Closing at once would make the kernel answer those bytes with a reset, which can destroy our
   * last reply on its way.
   * @defaultValue 2 000
   */
  readonly lingerTimeout?: number;
}

/**
 * When few places are left: two thresholds, the second below the first. So a few clients that come and go don't cause
 * a stream of events.
 */
export interface NearCapacity {
  /** Few places are left from this share of `maxConnections` on. Above 0 and up to 1. */
  readonly from: number;
  /** No longer few are left below this share. Above 0, and at most `from`. */
  readonly until: number;
}

/** Options of ServerCore: one port, many connections. */
export interface ServerCoreOptions extends ServerOptions {
  /** What handles each connection. Required. */
  readonly protocol: Protocol;
  /**
   * How many connections may be open at once: a hard limit for the whole server. `whenBusy` says what the next client
   * meets.
   * @defaultValue Infinity
   */
  readonly maxConnections?: number;
  /** {@inheritDoc AdmissionOptions.maxConnectionsPerPeer} */
  readonly maxConnectionsPerPeer?: number;
  /**
   * When to emit that few places are left (`server.nearCapacity`), as shares of `maxConnections`.
   * @defaultValue never
   */
  readonly nearCapacity?: NearCapacity;
  /**
   * How many file descriptors stay free for the rest of the process: a database, log files, modules that are loaded
   * late. When fewer are left, clients are turned away (`descriptors`) until there are enough again. With 0, clients
   * are taken until no descriptor is left; from then on the system closes them, and the server is not told. Works
   * only on Linux, which tells how many descriptors are open.
   * @defaultValue 5 % of the limit (`ulimit -n`), from 16 to 256
   */
  readonly descriptorHeadroom?: number;
  /**
   * Milliseconds over which a drain spreads its message to the handlers, so that not all clients run to the next
   * server at the same moment. Should be less than `shutdownTimeout`, which ends the drain in any case.
   * @defaultValue 0
   */
  readonly drainStagger?: number;
}

/** Options of SingleServer: one connection at a time. */
export interface SingleServerOptions extends ServerOptions {
  /**
   * What handles each client in turn. Without it the bytes go through the server's own boxes, as in Kamaelia: `inbox`
   * to the client, `outbox` from it.
   */
  readonly protocol?: Protocol;
  /**
   * How many bytes on `inbox` may wait for a client. Bytes that would exceed the limit are not taken:
   * `signal.noSpaceInBox` hands them back in `refused`.
   * @defaultValue 1 MiB
   */
  readonly maxPendingBytes?: number;
}

/** A drain's time limit. */
export interface ShutdownOptions {
  /**
   * Milliseconds until the connections that are still open are cut.
   * @defaultValue the server's `shutdownTimeout`
   */
  readonly timeout?: number;
}

/** Options of tcpClient. `host`, `port` and `path` say where to connect. */
export interface TcpClientOptions
  extends
    Omit<TimeLimits, 'openTimeout'>,
    Pick<ServerOptions, 'host' | 'port' | 'path' | 'noDelay' | 'keepAlive' | 'maxBufferedBytes' | 'lingerTimeout'> {
  /** What handles the connection. Without it the bytes go through the client's own boxes. */
  readonly protocol?: Protocol;
  /**
   * Whether the client may go on writing after the server has ended its side. See {@link
   * ServerOptions.allowHalfOpen}.
   * @defaultValue false
   */
  readonly allowHalfOpen?: boolean;
  /**
   * Milliseconds that connecting may take. Then the client ends in a ConnectError with code `ETIMEDOUT`.
   * @defaultValue 60 000, Kamaelia's
   */
  readonly connectTimeout?: number;
  /**
   * How many bytes on `inbox` may wait until the connection is open. Bytes that would exceed the limit are not taken:
   * `signal.noSpaceInBox` hands them back in `refused`.
   * @defaultValue 1 MiB
   */
  readonly maxPendingBytes?: number;
}
