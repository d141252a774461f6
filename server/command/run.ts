import { createRequire } from 'node:module';
import type { AnyActorRef } from 'xstate';
import type { TlsReload } from '../../machines/events';
import type { Protocol } from '../../machines/options/options';
import { createServerCore } from '../createServerCore';
import { createSingleServer } from '../createSingleServer';
import type * as Inspect from '../inspect/index';
import type * as PinoReporter from './pinoReporter';
import type * as Monitoring from '../monitor/startMonitor';
import { limitsOf, type ServerFlags } from './serverFlags';
import { terminalReporter } from './terminalReporter';
import { explainTls, readTlsFiles, type TlsFiles } from './tlsFiles';
import type { Reporter } from './reporter';

/**
 * The server's `lingerTimeout` in milliseconds: less than the default, because a user waits at the terminal for the
 * end.
 */
const lingerTimeout = 500;

/**
 * The terminal sends Ctrl-C to this process, and npm sends it once more. Two signals within so many milliseconds are
 * one key press: nobody presses a key twice this fast.
 */
const samePress = 200;

/** Loads a module only when a flag asks for it. Not with import(): Node would look for .js, which a checkout lacks. */
const load = createRequire(__filename);

/** Runs a server until it is told to stop: by Ctrl-C, by SIGTERM, or by its protocol. */
export async function run(name: string, protocol: Protocol, flags: ServerFlags): Promise<void> {
  const { port, host, single } = flags;
  const tls = readTlsFiles(flags);
  const options = { protocol, port, host, lingerTimeout, ...limitsOf(flags), ...(tls && { tls }) };
  const server = single ? createSingleServer(options) : createServerCore(options);
  const actor = server.actor as AnyActorRef;
  // a reader such as `head` may close stdout early: no more lines are printed then, and the clients stay
  process.stdout.on('error', () => undefined);
  const reporter = reporterFor(actor, flags);
  const inspector = await inspect(actor, flags);
  const monitor = await startMonitor(actor, flags);
  const address = await server.start().catch(explainTls);

  const drain = (): void => {
    server.send({ type: 'control.serverShutdown' });
  };
  let stoppedAt: number | undefined;
  const stop = (signal: NodeJS.Signals, code: number): void => {
    const now = performance.now();
    if (stoppedAt === undefined) {
      stoppedAt = now;
      // the user who pressed Ctrl-C waits for the end; with SIGTERM, a load balancer needs time to notice
      const delay = signal === 'SIGTERM' && monitor?.urls.ready !== undefined ? flags.readyDelay : 0;
      if (delay === 0) {
        drain();
      } else {
        monitor?.leave();
        reporter.leaving(delay);
        setTimeout(drain, delay);
      }
    } else if (now - stoppedAt > samePress) {
      process.exit(128 + code);
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // without TLS there is nothing to reload, and SIGHUP ends the process, as it does by default
  if (tls !== undefined) {
    process.on('SIGHUP', () => {
      reloadTls(server, flags, reporter);
    });
  }

  reporter.started({
    kind: single ? 'SingleServer' : 'ServerCore',
    name,
    address,
    encrypted: tls !== undefined,
    urls: { ...(inspector && { inspector: inspector.url }), ...monitor?.urls },
  });
  await server.closed;
  // after the server, so that the inspector's pages see its end
  await inspector?.stop();
  await monitor?.stop();
  // the protocol's module may still keep the process alive; Node calls back once the last line is written
  process.stdout.write('', () => process.exit(0));
}

/** Reads the certificate again. The server itself emits how the reload went; only unreadable files are told here. */
function reloadTls(server: { send(event: TlsReload): void }, files: TlsFiles, reporter: Reporter): void {
  try {
    const options = readTlsFiles(files);
    if (options !== undefined) server.send({ type: 'control.tlsReload', options });
  } catch (error) {
    reporter.unreadable(error as Error);
  }
}

function reporterFor(actor: AnyActorRef, { log }: ServerFlags): Reporter {
  if (log === undefined) return terminalReporter(actor);
  const { pinoReporter } = load('./pinoReporter') as typeof PinoReporter;
  return pinoReporter(actor, log);
}

async function inspect(
  actor: AnyActorRef,
  { inspect: port, inspectData: isShown }: ServerFlags,
): Promise<Inspect.Inspector | undefined> {
  if (port === undefined) return undefined;
  const { Hub, startInspector } = load('../inspect/index') as typeof Inspect;
  const hub = new Hub({ context: isShown, payloads: isShown });
  hub.attach(actor);
  return startInspector(hub, { port });
}

async function startMonitor(actor: AnyActorRef, flags: ServerFlags): Promise<Monitoring.Monitor | undefined> {
  if (flags.readyPort === undefined && flags.metricsPort === undefined) return undefined;
  const monitoring = load('../monitor/startMonitor') as typeof Monitoring;
  return monitoring.startMonitor(actor, flags);
}
