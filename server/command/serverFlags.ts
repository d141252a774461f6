import { InvalidArgumentError, Option, type Command } from 'commander';
import { cidrs } from '../../machines/options/cidr';
import type { InvalidOptionError } from '../../machines/vocabulary/errors';
import { check, longestDelay, passes } from '../../machines/options/optionChecks';
import { serverCoreChecks } from '../../machines/options/resolveOptions';
import type { ServerCoreOptions } from '../../machines/options/options';
import type { LogFormat } from './pinoReporter';
import type { MonitorOptions } from '../monitor/startMonitor';
import type { TlsFiles } from './tlsFiles';

/** Options of the server that have the same name on the command line. */
const limits = ['maxConnections', 'maxConnectionsPerPeer', 'idleTimeout', 'acceptRate', 'allow', 'deny'] as const;

type Limits = Pick<ServerCoreOptions, (typeof limits)[number]>;

/** The options of the commands `echo` and `serve`, as they were given. */
export interface ServerFlags extends Limits, MonitorOptions, TlsFiles {
  readonly port: number;
  readonly host: string;
  readonly single: boolean;
  /** The trusted proxies: addresses and CIDR blocks. */
  readonly proxyProtocol?: readonly string[];
  /** The inspector's port; without one there is no inspector. */
  readonly inspect?: number;
  /** Whether the inspector shows contexts and payloads. */
  readonly inspectData: boolean;
  /** The format of the log. Without one, the command prints lines for a user at a terminal. */
  readonly log?: LogFormat;
  /** With `readyPort`: milliseconds from SIGTERM to the drain, during which `/readyz` says no. */
  readonly readyDelay: number;
}

/** Adds the options of a command that runs a server, in groups, for `--help`. */
export function addServerFlags(command: Command): Command {
  return command
    .option('-p, --port <port>', 'the TCP port; 0 takes any free one', toPort, 1601)
    .option('-H, --host <address>', "the address to listen on; '0.0.0.0' is every address of this machine", '127.0.0.1')
    .option('-1, --single', 'serve one client at a time (SingleServer) instead of many (ServerCore)', false)
    .optionsGroup('To see what happens:')
    .option('--inspect [port]', 'show the running statecharts in a browser: prints where to look', toPort)
    .addOption(
      new Option('--inspect-data', 'the same, with contexts and payloads; what looks like a secret stays hidden')
        .default(false)
        .implies({ inspect: 0 }),
    )
    .addOption(
      new Option('--log <format>', "log with 'pino': json for machines, pretty for people").choices(['json', 'pretty']),
    )
    .optionsGroup('To speak TLS:')
    .option('--tls-cert <file>', 'the certificate and its chain, as PEM; SIGHUP has both files read again')
    .option('--tls-key <file>', 'the key of the certificate, as PEM')
    .optionsGroup('To choose and limit clients:')
    .addOption(
      placesOption('--max-connections <count>', 'serve so many at once, and turn others away', 'maxConnections'),
    )
    .addOption(
      placesOption('--max-connections-per-peer <count>', 'so many of one address (IPv6: /64)', 'maxConnectionsPerPeer'),
    )
    .option('--accept-rate <rate>', 'take so many clients per second', toNumber('acceptRate', 'a number above 0'))
    .option('--idle-timeout <ms>', 'close a connection on which nothing comes', toNumber('idleTimeout'))
    .option('--allow <cidr>', 'take clients with these addresses only; can be repeated', addCidr)
    .option('--deny <cidr>', 'take none with these addresses; can be repeated', addCidr)
    .option('--proxy-protocol <cidr>', 'take PROXY headers, and only from these proxies; can be repeated', addCidr)
    .optionsGroup('To run it in production:')
    .option('--metrics-port <port>', "serve /metrics for Prometheus, with 'prom-client'", toPort)
    .option('--ready-port <port>', 'serve /livez and /readyz for load balancers; it may be the same port', toPort)
    .option(
      '--ready-delay <ms>',
      'with --ready-port: how long SIGTERM lets /readyz say no before the port closes',
      toMilliseconds,
      3_000,
    )
    .option('--monitor-host <address>', 'the address that these ports listen on', '127.0.0.1');
}

/** Picks the options of the server from the flags. */
export function limitsOf(flags: ServerFlags): Limits & Pick<ServerCoreOptions, 'proxyProtocol'> {
  const given = limits.filter((name) => flags[name] !== undefined);
  const { proxyProtocol: trusted } = flags;
  return {
    ...(Object.fromEntries(given.map((name) => [name, flags[name]])) as Limits),
    ...(trusted && { proxyProtocol: { trusted } }),
  };
}

function toPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
}

function toMilliseconds(text: string): number {
  const delay = /^\d+$/.test(text) ? Number(text) : NaN;
  if (delay <= longestDelay) return delay;
  throw new InvalidArgumentError(`A delay is a whole number of milliseconds from 0 to ${String(longestDelay)}.`);
}

/** @param words - what is allowed; needed where the option's own words name values that a command line can't give */
function toNumber(name: keyof Limits, words?: string): (text: string) => number {
  return (text) => {
    const value = /^(\d+(\.\d+)?|Infinity)$/.test(text) ? Number(text) : NaN;
    try {
      check({ [name]: value }, serverCoreChecks);
      return value;
    } catch (error) {
      throw new InvalidArgumentError(`It must be ${words ?? (error as InvalidOptionError).allowed}.`);
    }
  };
}

const placesOption = (flags: string, description: string, name: keyof Limits): Option =>
  new Option(flags, description).argParser(toNumber(name)).conflicts('single');

function addCidr(text: string, others: readonly string[] = []): readonly string[] {
  if (passes([text], cidrs)) return [...others, text];
  throw new InvalidArgumentError('It must be an IP address or a CIDR block, such as 10.0.0.0/8 or 2001:db8::/32.');
}
