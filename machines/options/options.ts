/** What servers and clients may be asked to do. The defaults and the checks are in `resolveOptions.ts`. */
import type { AnyActorLogic } from 'xstate';
import type { Bytes, ConnectionInfo } from '../vocabulary/connectionTypes';
import type { AdmissionOptions } from './admissionOptions';
import type { Restart } from './restart';
import type { TimeLimits } from './timeLimits';
import type { TlsOptions } from './tlsOptions';

/**
 * What handles a connection: actor logic of any kind whose input is a {@link ConnectionInfo}, or a function that makes
 * such logic for each connection (Kamaelia's protocol factory).
 */
export type Protocol = AnyActorLogic | ((info: ConnectionInfo) => AnyActorLogic);

/** What a client meets that comes while every place is taken. */
export type WhenBusy = 'reject' | 'queue' | 'refuse';

/** Where to listen, and how connections behave: the options that both servers have. */
export interface ServerOptions extends TimeLimits, Omit<AdmissionOptions, 'maxConnectionsPerPeer'> {
  /**
   * The TCP port.
   * @defaultValue 1601, Kamaelia's; 0 takes any free port, which `start()` and `server.listening` tell
   */
  readonly port?: number;
  /**
   * The address to listen on.
   * @defaultValue `'127.0.0.1'`: reach beyond the machine is asked for explicitly, with `'0.0.0.0'` or `'::'`
   */
  readonly host?: string;
  /** Listen on this unix socket (or Windows pipe) instead of a port. Node removes the file on close. */
  readonly path?: string;
  /** Listen on this inherited file descriptor instead of a port, as systemd's socket activation passes one. */
  readonly fd?: number;
  /**
   * How many connections the kernel may hold before we accept them.
   * @defaultValue 511, Node's. The system caps it (`net.core.somaxconn` on Linux)
   */
  readonly backlog?: number;
  /**
   * Whether a handler may go on writing after the peer has ended its side. If so it gets `control.producerFinished` and
   * ends the connection itself; if not, the connection is flushed and closed. Either happens once the handler waits for
   * more, so that it can answer what came before; a state of a machine that names `control.producerFinished` itself is
   * told at once. Handlers that aren't machines are always taken to wait: one that answers later than it is asked needs
   * this option. Without a protocol, `signal.peerEnded` tells the owner, who ends the connection with
   * `control.producerFinished`.
   * @defaultValue false
   */
  readonly allowHalfOpen?: boolean;
  /**
   * Send small writes at once (TCP_NODELAY).
   * @defaultValue true
   */
  readonly noDelay?: boolean;
  /**
   * Let the kernel probe silent peers: `true`, or the milliseconds of silence before the first probe.
   * @defaultValue false
   */
  readonly keepAlive?: boolean | number;
  /**
   * What a client meets that comes while every place is taken:
   * - `'reject'`: it is accepted, told `busyReply` if there is one, and closed;
   * - `'queue'`: it is accepted but not read until a place is free; beyond `maxQueued` it is rejected. Since it isn't
   *   read, one that leaves meanwhile keeps its turn;
   * - `'refuse'`: the port stops listening while all places are taken, so it gets ECONNREFUSED (ENOENT on a unix
   *   socket; ECONNRESET when the kernel had it waiting already). Not with `fd`, which can't be opened again.
   * @defaultValue `'reject'`
   */
  readonly whenBusy?: WhenBusy;
  /**
   * What a rejected client is told before it is closed; nothing by default. Not with `tls`, unless with `starttls`: the
   * client awaits a handshake, which costs too much for one that is turned away, so it is closed without a word.
   */
  readonly busyReply?: Bytes;
  /**
   * How many clients may queue with `whenBusy: 'queue'`; the next one is rejected.
   * @defaultValue 100
   */
  readonly maxQueued?: number;
  /**
   * Bytes that may wait in this process for one peer. A write that finds more waiting ends the connection with
   * `slowConsumer`; so one message may be larger, but not two. Well before, as soon as the kernel takes no more,
   * the handler gets `control.noSpaceInBox` and its peer is no longer read.
   * @defaultValue 16 MiB
   */
  readonly maxBufferedBytes?: number;
  /**
   * Speak TLS, with these options. The handshake comes before the handler, within `openTimeout`; one that fails ends the
   * connection with `tlsFailed`. `control.tlsReload` changes them while the server runs.
   * @defaultValue none: plain text
   */
  readonly tls?: TlsOptions;
  /**
   * Begin with plain text, and speak TLS from where a handler emits `makessl`. Needs `tls`.
   * @defaultValue false
   */
  readonly starttls?: boolean;
  /** What happens when the listener fails that has listened before. Connections are never restarted. */
  readonly restart?: Restart;
  /**
   * Milliseconds that a drain may take; what is still open then is cut (`aborted`).
   * @defaultValue 5 000: container runtimes kill after 10 000
   */
  readonly shutdownTimeout?: number;
  /**
   * Milliseconds that a connection which we ended stays to take in (and throw away) what its peer still sends. Closing
   * at once would make the kernel answer those bytes with a reset, which can destroy our last reply on its way.
   * @defaultValue 2 000
   */
  readonly lingerTimeout?: number;
}

/** Thresholds, the second below the first, so that a few who come and go don't make a stream of events. */
export interface NearCapacity {
  /** From this share of `maxConnections` on, above 0 and up to 1, it is near. */
  readonly from: number;
  /** Below this share it no longer is; at most `from`. */
  readonly until: number;
}

/** Options of ServerCore: one port, many connections. */
export interface ServerCoreOptions extends ServerOptions {
  /** What handles each connection. Required. */
  readonly protocol: Protocol;
  /**
   * How many connections may be open at once: a hard limit for the whole server. What the next client meets is
   * `whenBusy`.
   * @defaultValue Infinity
   */
  readonly maxConnections?: number;
  /** {@inheritDoc AdmissionOptions.maxConnectionsPerPeer} */
  readonly maxConnectionsPerPeer?: number;
  /**
   * When to say that few places are left (`server.nearCapacity`), as shares of `maxConnections`.
   * @defaultValue never
   */
  readonly nearCapacity?: NearCapacity;
  /**
   * File descriptors that stay free for others: a database, log files, modules that are loaded late. When fewer are left to
   * the process, clients are turned away (`descriptors`) until there are enough again; 0 takes clients until there is none,
   * and then the system closes them without a word to us. Only on Linux, which tells how many there are.
   * @defaultValue 5 % of the limit (`ulimit -n`), from 16 to 256
   */
  readonly descriptorHeadroom?: number;
  /**
   * Milliseconds over which a drain spreads its word to the handlers, so that not all clients run to the next server in the
   * same moment. Should be less than `shutdownTimeout`, which ends the drain as ever.
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
   * Bytes on `inbox` that may wait for a client. What would exceed it is not taken: `signal.noSpaceInBox` hands it
   * back in `refused`.
   * @defaultValue 1 MiB
   */
  readonly maxPendingBytes?: number;
}

/** A drain's time limit. */
export interface ShutdownOptions {
  /**
   * Milliseconds until what is still open is cut.
   * @defaultValue the server's `shutdownTimeout`
   */
  readonly timeout?: number;
}

/** Options of tcpClient. `host`, `port` and `path` say where to connect. */
export interface TcpClientOptions
  extends
    Omit<TimeLimits, 'openTimeout'>,
    Pick<ServerOptions, 'host' | 'port' | 'path' | 'noDelay' | 'keepAlive' | 'maxBufferedBytes' | 'lingerTimeout'> {
  /** What handles the connection; without it the bytes go through the client's own boxes. */
  readonly protocol?: Protocol;
  /**
   * Whether one may go on writing after the server has ended its side; see {@link ServerOptions.allowHalfOpen}.
   * @defaultValue false
   */
  readonly allowHalfOpen?: boolean;
  /**
   * Milliseconds that connecting may take; then the client ends in a ConnectError with code `ETIMEDOUT`.
   * @defaultValue 60 000, Kamaelia's
   */
  readonly connectTimeout?: number;
  /**
   * Bytes on `inbox` that may wait until the connection stands. What would exceed it is not taken:
   * `signal.noSpaceInBox` hands it back in `refused`.
   * @defaultValue 1 MiB
   */
  readonly maxPendingBytes?: number;
}
