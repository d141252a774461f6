/** The defaults of all options, and the check of every value. */
import { admissionChecks, proxyProtocolChecks, type ProxyProtocol } from './admissionOptions';
import { isBytes } from '../vocabulary/bytes';
import { descriptorHeadroom } from './descriptorHeadroom';
import { InvalidOptionError } from '../vocabulary/errors';
import {
  boolean,
  bytes,
  check,
  countOrInfinity,
  integer,
  isObject,
  milliseconds,
  passes,
  protocolCheck,
  positiveMilliseconds,
  text,
  type Check,
} from './optionChecks';
import type {
  ServerCoreOptions,
  ServerOptions,
  ShutdownOptions,
  SingleServerOptions,
  TcpClientOptions,
} from './options';
import { restartCheck, restartDefaults, type Restart } from './restart';
import { checkTlsOptions } from './tlsOptions';
import { timeLimitChecks, timeLimitDefaults } from './timeLimits';

/** The defaults of the options that both servers have. */
export const serverDefaults = {
  port: 1601,
  host: '127.0.0.1',
  backlog: 511,
  allowHalfOpen: false,
  noDelay: true,
  keepAlive: false,
  whenBusy: 'reject',
  maxQueued: 100,
  ...timeLimitDefaults,
  maxBufferedBytes: 16 * 1024 * 1024,
  starttls: false,
  restart: restartDefaults,
  shutdownTimeout: 5_000,
  lingerTimeout: 2_000,
} as const satisfies ServerOptions;

const serverCoreDefaults = {
  ...serverDefaults,
  maxConnections: Infinity,
  maxConnectionsPerPeer: Infinity,
  drainStagger: 0,
} as const;
const singleServerDefaults = { ...serverDefaults, maxPendingBytes: 1024 * 1024 } as const;
const { openTimeout, ...clientTimeLimits } = timeLimitDefaults;
const { noDelay, keepAlive, maxBufferedBytes, lingerTimeout, allowHalfOpen, port, host } = serverDefaults;
const tcpClientDefaults = {
  ...{ port, host, noDelay, keepAlive, maxBufferedBytes, lingerTimeout, allowHalfOpen },
  ...clientTimeLimits,
  connectTimeout: 60_000,
  maxPendingBytes: singleServerDefaults.maxPendingBytes,
} as const;

/** `Options` in which every option that has a default is present. */
type Resolved<Options, Defaults> = Options & Required<Pick<Options, keyof Options & keyof Defaults>>;

/** The option `restart` is an object of its own, with defaults of its own. */
type WithRestart<Options> = Omit<Options, 'restart'> & { readonly restart: Required<Restart> };

/** The options that both servers have, checked and with their defaults. */
export type ResolvedServerOptions = WithRestart<Resolved<ServerOptions, typeof serverDefaults>>;
/** ServerCore's options, checked and with their defaults. */
export type ResolvedServerCoreOptions = WithRestart<Resolved<ServerCoreOptions, typeof serverCoreDefaults>>;
/** SingleServer's options, checked and with their defaults. */
export type ResolvedSingleServerOptions = WithRestart<Resolved<SingleServerOptions, typeof singleServerDefaults>>;
/** tcpClient's options, checked and with their defaults. */
export type ResolvedTcpClientOptions = Resolved<TcpClientOptions, typeof tcpClientDefaults>;

const isShare = (value: unknown): value is number => typeof value === 'number' && value > 0 && value <= 1;

const nearCapacity: Check = {
  allowed: 'an object with from and until, numbers above 0 and up to 1, until at most from',
  test: (value) => {
    if (!isObject(value)) return false;
    const { from, until, ...others } = value;
    return isShare(from) && isShare(until) && until <= from && Object.keys(others).length === 0;
  },
};

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
  ...admissionChecks,
  ...timeLimitChecks,
  maxBufferedBytes: bytes,
  tls: { allowed: 'an object', test: isObject },
  starttls: boolean,
  restart: restartCheck,
  shutdownTimeout: milliseconds,
  lingerTimeout: milliseconds,
};

/** The checks of ServerCore's options. */
export const serverCoreChecks: Readonly<Record<string, Check>> = {
  ...serverChecks,
  protocol: protocolCheck,
  maxConnections: countOrInfinity(1),
  maxConnectionsPerPeer: countOrInfinity(1),
  nearCapacity,
  descriptorHeadroom,
  drainStagger: milliseconds,
};
/** The checks of SingleServer's options. */
export const singleServerChecks: Readonly<Record<string, Check>> = {
  ...serverChecks,
  protocol: protocolCheck,
  maxPendingBytes: bytes,
};
const tcpClientChecks: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(
    Object.entries(singleServerChecks).filter(
      ([name]) => Object.hasOwn(tcpClientDefaults, name) || ['path', 'minReceiveRate'].includes(name),
    ),
  ),
  port: integer(1, 65_535, 'a whole number from 1 to 65535'),
  protocol: protocolCheck,
  connectTimeout: positiveMilliseconds,
};

function checkPlaces({ port, path, fd }: ServerOptions, purpose: 'listen' | 'connect'): void {
  const places = Object.entries({ port, path, fd }).filter(([, value]) => value !== undefined);
  if (places.length > 1) {
    const [[kept], [name, value]] = places as [[string, unknown], [string, unknown]];
    throw new InvalidOptionError(name, value, `left out, because '${kept}' already says where to ${purpose}`);
  }
}

/** Checks the options that have options of their own. */
function checkNested({ proxyProtocol, tls, starttls }: ServerOptions): void {
  if (proxyProtocol !== undefined) {
    check(proxyProtocol, proxyProtocolChecks, 'proxyProtocol.');
    const { trusted } = proxyProtocol as Partial<ProxyProtocol>;
    if (trusted === undefined) {
      throw new InvalidOptionError('proxyProtocol.trusted', trusted, proxyProtocolChecks.trusted.allowed);
    }
  }
  if (tls !== undefined) checkTlsOptions(tls);
  else if (starttls === true) throw new InvalidOptionError('starttls', starttls, 'left out, because there is no tls');
}

/** Checks options that are good one by one, but not together. */
export function checkTogether({ fd, whenBusy, tls, starttls, busyReply }: ServerOptions): void {
  if (fd !== undefined && whenBusy === 'refuse') {
    throw new InvalidOptionError('whenBusy', whenBusy, "'reject' or 'queue' with fd, which can't be opened again");
  }
  if (tls !== undefined && starttls !== true && busyReply !== undefined) {
    throw new InvalidOptionError('busyReply', busyReply, 'left out with tls: a rejected client gets no handshake');
  }
}

function withDefaults<Options extends object, Defaults extends object>(
  options: Options,
  values: Defaults,
): Resolved<Options, Defaults> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.assign({}, values, Object.fromEntries(given)) as unknown as Resolved<Options, Defaults>;
}

const withRestart = <Options extends { readonly restart: Restart }>(options: Options): WithRestart<Options> => ({
  ...options,
  restart: withDefaults(options.restart, restartDefaults),
});

/**
 * Checks ServerCore's options and fills in the defaults.
 * @throws {@link InvalidOptionError} with the option, its value and what is allowed
 */
export function resolveServerCoreOptions(options: ServerCoreOptions): ResolvedServerCoreOptions {
  check(options, serverCoreChecks);
  if ((options.protocol as unknown) === undefined) {
    throw new InvalidOptionError('protocol', undefined, protocolCheck.allowed);
  }
  checkPlaces(options, 'listen');
  checkTogether(options);
  checkNested(options);
  return withRestart(withDefaults(options, serverCoreDefaults));
}

/**
 * Checks SingleServer's options and fills in the defaults.
 * @throws {@link InvalidOptionError} with the option, its value and what is allowed
 */
export function resolveSingleServerOptions(options: SingleServerOptions = {}): ResolvedSingleServerOptions {
  check(options, singleServerChecks);
  checkPlaces(options, 'listen');
  checkTogether(options);
  checkNested(options);
  return withRestart(withDefaults(options, singleServerDefaults));
}

/**
 * Checks tcpClient's options and fills in the defaults.
 * @throws {@link InvalidOptionError} with the option, its value and what is allowed
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

/**
 * The time limit of a drain, in milliseconds: the `timeout` of the event that began the drain, if that is a valid
 * time, else the server's `shutdownTimeout`.
 */
export function shutdownDelay(event: object, { shutdownTimeout }: ResolvedServerOptions): number {
  const { timeout } = event as { readonly timeout?: unknown };
  return passes(timeout, milliseconds) ? (timeout as number) : shutdownTimeout;
}
