import { createRequire } from 'node:module';
import type { AnyActorRef } from 'xstate';
import type { TlsReload } from '../../machines/events';
import type { Protocol } from '../../machines/options/options';
import { createServerCore } from '../createServerCore';
import { createSingleServer } from '../createSingleServer';
import type * as Inspect from '../inspect/index';
import type * as PinoVoice from './pinoVoice';
import type * as Monitoring from '../monitor/startMonitor';
import { limitsOf, type ServerFlags } from './serverFlags';
import { terminal } from './terminal';
import { explainTls, readTlsFiles, type TlsFiles } from './tlsFiles';
import type { Voice } from './voice';

/** Somebody waits at the terminal: a client that doesn't close its side gets less time than on the internet. */
const lingerTimeout = 500;

/** npm passes on a Ctrl-C that the terminal has sent to us already. Nobody presses it twice this fast. */
const samePress = 200;

/** Loads what a server needs only when it is asked for. Not import(): Node would look for a .js, which a checkout lacks. */
const load = createRequire(__filename);

/** Runs a server until it is told to stop: by Ctrl-C, by SIGTERM, or by its protocol. */
export async function run(name: string, protocol: Protocol, flags: ServerFlags): Promise<void> {
  const { port, host, single } = flags;
  const tls = readTlsFiles(flags);
  const options = { protocol, port, host, lingerTimeout, ...limitsOf(flags), ...(tls && { tls }) };
  const server = single ? createSingleServer(options) : createServerCore(options);
  const actor = server.actor as AnyActorRef;
  // whoever read our lines (head, say) has left: a reason to be silent, not to drop everybody
  process.stdout.on('error', () => undefined);
  const voice = voiceFor(actor, flags);
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
      // who pressed Ctrl-C waits for the end; a load balancer has yet to notice
      const delay = signal === 'SIGTERM' && monitor?.urls.ready !== undefined ? flags.readyDelay : 0;
      if (delay === 0) {
        drain();
      } else {
        monitor?.leave();
        voice.leaving(delay);
        setTimeout(drain, delay);
      }
    } else if (now - stoppedAt > samePress) {
      process.exit(128 + code);
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // without TLS it ends the process, as it does most that a terminal leaves behind
  if (tls !== undefined) {
    process.on('SIGHUP', () => {
      reloadTls(server, flags, voice);
    });
  }

  voice.started({
    kind: single ? 'SingleServer' : 'ServerCore',
    name,
    address,
    encrypted: tls !== undefined,
    urls: { ...(inspector && { inspector: inspector.url }), ...monitor?.urls },
  });
  await server.closed;
  // its pages see the end, too
  await inspector?.stop();
  await monitor?.stop();
  // whatever the protocol's module may have running; not before the last line is out
  process.stdout.write('', () => process.exit(0));
}

/** How it went the server says itself, once it has the files. */
function reloadTls(server: { send(event: TlsReload): void }, files: TlsFiles, voice: Voice): void {
  try {
    const options = readTlsFiles(files);
    if (options !== undefined) server.send({ type: 'control.tlsReload', options });
  } catch (error) {
    voice.unreadable(error as Error);
  }
}

function voiceFor(actor: AnyActorRef, { log }: ServerFlags): Voice {
  if (log === undefined) return terminal(actor);
  const { pinoVoice } = load('./pinoVoice') as typeof PinoVoice;
  return pinoVoice(actor, log);
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
