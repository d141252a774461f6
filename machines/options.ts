/** What a server may be asked to do: the options, their defaults, and the check of every value. */
import type { AnyActorLogic } from 'xstate';
import type { Bytes, ConnectionInfo } from './connectionTypes';
import { isBytes } from './bytes';
import { InvalidOptionError } from './errors';
import {
  boolean,
  bytes,
  check,
  countOrInfinity,
  integer,
  milliseconds,
  passes,
  protocolCheck,
  someMilliseconds,
  text,
  type Check,
} from './optionChecks';

/**
 * What handles a connection: actor logic of any kind whose input is a {@link ConnectionInfo}, or a function that makes
 * such logic for each connection (Kamaelia's protocol factory).
 */
export type Protocol = AnyActorLogic | ((info: ConnectionInfo) => AnyActorLogic);

/** What a client meets that comes while every place is taken. */
export type WhenBusy = 'reject' | 'queue' | 'refuse';

/** Where to listen, and how connections behave: the options that both servers have. */
export interface ServerOptions {
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
  /** What a rejected client is told before it is closed; nothing by default. */
  readonly busyReply?: Bytes;
  /**
   * How many clients may queue with `whenBusy: 'queue'`; the next one is rejected.
   * @defaultValue 100
   */
  readonly maxQueued?: number;
  /**
   * Milliseconds that a peer may go without taking any of the bytes that wait for it; then the connection ends with
   * `slowConsumer`. Looked at once in this time, so it is noticed after one to two times `writeTimeout`.
   * @defaultValue 30 000
   */
  readonly writeTimeout?: number;
  /**
   * Bytes that may wait in this process for one peer. A write that finds more waiting ends the connection with
   * `slowConsumer`; so one message may be larger, but not two. Well before, as soon as the kernel takes no more,
   * the handler gets `control.noSpaceInBox` and its peer is no longer read.
   * @defaultValue 16 MiB
   */
  readonly maxBufferedBytes?: number;
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
export interface TcpClientOptions extends Pick<
  ServerOptions,
  'host' | 'port' | 'path' | 'noDelay' | 'keepAlive' | 'writeTimeout' | 'maxBufferedBytes' | 'lingerTimeout'
> {
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

export const serverDefaults = {
  port: 1601,
  host: '127.0.0.1',
  backlog: 511,
  allowHalfOpen: false,
  noDelay: true,
  keepAlive: false,
  whenBusy: 'reject',
  maxQueued: 100,
  writeTimeout: 30_000,
  maxBufferedBytes: 16 * 1024 * 1024,
  shutdownTimeout: 5_000,
  lingerTimeout: 2_000,
} as const satisfies ServerOptions;

const serverCoreDefaults = { ...serverDefaults, maxConnections: Infinity } as const;
const singleServerDefaults = { ...serverDefaults, maxPendingBytes: 1024 * 1024 } as const;
const { noDelay, keepAlive, writeTimeout, maxBufferedBytes, lingerTimeout, allowHalfOpen, port, host } = serverDefaults;
const tcpClientDefaults = {
  ...{ port, host, noDelay, keepAlive, writeTimeout, maxBufferedBytes, lingerTimeout, allowHalfOpen },
  connectTimeout: 60_000,
  maxPendingBytes: singleServerDefaults.maxPendingBytes,
} as const;

/** `Options` with every default filled in. */
type Resolved<Options, Defaults> = Options & Required<Pick<Options, keyof Options & keyof Defaults>>;

export type ResolvedServerOptions = Resolved<ServerOptions, typeof serverDefaults>;
export type ResolvedServerCoreOptions = Resolved<ServerCoreOptions, typeof serverCoreDefaults>;
export type ResolvedSingleServerOptions = Resolved<SingleServerOptions, typeof singleServerDefaults>;
export type ResolvedTcpClientOptions = Resolved<TcpClientOptions, typeof tcpClientDefaults>;

/** The input of a listener. */
export interface ListenerInput {
  /** What is left out has its default. */
  readonly options: ServerOptions;
  /** The server's inbox for accepted clients: `newCSA` is sent there. */
  readonly box: '_socketactivity' | '_oobinfo';
}

const serverChecks: Readonly<Record<string, Check>> = {
  port: integer(0, 65_535, 'a whole number from 0 to 65535'),
  host: text,
  path: text,
  fd: integer(0, 2 ** 31 - 1, 'an open file descriptor, a whole number from 0'),
  backlog: integer(1, 2 ** 31 - 1, 'a whole number from 1'),
  allowHalfOpen: boolean,
  noDelay: boolean,
  keepAlive: {
    allowed: 'true, false or a whole number of milliseconds',
    test: (value) => typeof value === 'boolean' || milliseconds.test(value),
  },
  whenBusy: {
    allowed: "'reject', 'queue' or 'refuse'",
    test: (value) => value === 'reject' || value === 'queue' || value === 'refuse',
  },
  busyReply: {
    allowed: 'a string or bytes',
    test: isBytes,
  },
  maxQueued: countOrInfinity(0),
  writeTimeout: someMilliseconds,
  maxBufferedBytes: bytes,
  shutdownTimeout: milliseconds,
  lingerTimeout: milliseconds,
};

const serverCoreChecks: Readonly<Record<string, Check>> = {
  ...serverChecks,
  protocol: protocolCheck,
  maxConnections: countOrInfinity(1),
};
const singleServerChecks: Readonly<Record<string, Check>> = {
  ...serverChecks,
  protocol: protocolCheck,
  maxPendingBytes: bytes,
};
const tcpClientChecks: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(
    Object.entries(singleServerChecks).filter(([name]) => Object.hasOwn(tcpClientDefaults, name) || name === 'path'),
  ),
  port: integer(1, 65_535, 'a whole number from 1 to 65535'),
  protocol: protocolCheck,
  connectTimeout: someMilliseconds,
};

function checkPlaces({ port, path, fd, whenBusy }: ServerOptions, purpose: 'listen' | 'connect'): void {
  const places = Object.entries({ port, path, fd }).filter(([, value]) => value !== undefined);
  if (places.length > 1) {
    const [[kept], [name, value]] = places as [[string, unknown], [string, unknown]];
    throw new InvalidOptionError(name, value, `left out, because '${kept}' already says where to ${purpose}`);
  }
  if (fd !== undefined && whenBusy === 'refuse') {
    throw new InvalidOptionError('whenBusy', whenBusy, "'reject' or 'queue' with fd, which can't be opened again");
  }
}

function withDefaults<Options extends object, Defaults extends object>(
  options: Options,
  values: Defaults,
): Resolved<Options, Defaults> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.assign({}, values, Object.fromEntries(given)) as unknown as Resolved<Options, Defaults>;
}

/**
 * Checks ServerCore's options and fills in the defaults.
 * @throws {@link InvalidOptionError} naming the option, its value and what is allowed
 */
export function resolveServerCoreOptions(options: ServerCoreOptions): ResolvedServerCoreOptions {
  check(options, serverCoreChecks);
  if ((options.protocol as unknown) === undefined) {
    throw new InvalidOptionError('protocol', undefined, protocolCheck.allowed);
  }
  checkPlaces(options, 'listen');
  return withDefaults(options, serverCoreDefaults);
}

/**
 * Checks SingleServer's options and fills in the defaults.
 * @throws {@link InvalidOptionError} naming the option, its value and what is allowed
 */
export function resolveSingleServerOptions(options: SingleServerOptions = {}): ResolvedSingleServerOptions {
  check(options, singleServerChecks);
  checkPlaces(options, 'listen');
  return withDefaults(options, singleServerDefaults);
}

/**
 * Checks tcpClient's options and fills in the defaults.
 * @throws {@link InvalidOptionError} naming the option, its value and what is allowed
 */
export function resolveTcpClientOptions(options: TcpClientOptions = {}): ResolvedTcpClientOptions {
  check(options, tcpClientChecks);
  checkPlaces(options, 'connect');
  return withDefaults(options, tcpClientDefaults);
}

/**
 * Checks a drain's time limit.
 * @throws {@link InvalidOptionError}
 */
export function checkShutdownOptions({ timeout }: ShutdownOptions): void {
  if (timeout !== undefined && !passes(timeout, milliseconds)) {
    throw new InvalidOptionError('timeout', timeout, milliseconds.allowed);
  }
}

/** The time limit of a drain: what the event that began it says, if that is one, else the server's. */
export function shutdownDelay(event: object, { shutdownTimeout }: ResolvedServerOptions): number {
  const { timeout } = event as { readonly timeout?: unknown };
  return passes(timeout, milliseconds) ? (timeout as number) : shutdownTimeout;
}
