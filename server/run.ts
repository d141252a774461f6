import { createRequire } from 'node:module';
import type { AnyActorRef } from 'xstate';
import type { ServerEmitted } from '../machines/events';
import type { Protocol } from '../machines/options';
import { createServerCore } from './createServerCore';
import { createSingleServer } from './createSingleServer';
import type * as Inspect from './inspect/index';
import { reachable } from './reachable';

/** What the command's server options say. */
export interface RunOptions {
  readonly port: number;
  readonly host: string;
  readonly single: boolean;
  /** The inspector's port; without one there is no inspector. */
  readonly inspect?: number;
  /** Whether the inspector shows contexts and payloads. */
  readonly inspectData: boolean;
}

/** Somebody waits at the terminal: a client that doesn't close its side gets less time than on the internet. */
const lingerTimeout = 500;

/** npm passes on a Ctrl-C that the terminal has sent to us already. Nobody presses it twice this fast. */
const samePress = 200;

const plural = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;

const traffic = ({ bytesIn, bytesOut }: { readonly bytesIn: number; readonly bytesOut: number }): string =>
  `${plural(bytesIn, 'byte')} in, ${plural(bytesOut, 'byte')} out`;

function report(event: ServerEmitted): void {
  switch (event.type) {
    case 'connection.opened':
      console.log(`${event.id} opened from ${event.peer} port ${String(event.peerport)}`);
      break;
    case 'connection.closed':
      console.log(`${event.id} closed: ${event.reason}, ${traffic(event)}, ${(event.durationMs / 1000).toFixed(3)} s`);
      break;
    case 'connection.failed':
      console.error(`${event.id} failed:`, event.error);
      break;
    case 'connection.rejected':
      console.log(`${event.info?.id ?? 'a client'} turned away: ${event.reason}`);
      break;
    case 'server.draining':
      console.log(`Draining ${plural(event.connections, 'connection')}; Ctrl-C again to cut off at once.`);
      break;
    case 'server.shutdown':
      console.log(`Served ${plural(event.connections, 'connection')}: ${traffic(event)}.`);
      break;
    default:
  }
}

/** Runs a server until it is told to stop: by Ctrl-C, by SIGTERM, or by its protocol. */
export async function run(name: string, protocol: Protocol, options: RunOptions): Promise<void> {
  const { port, host, single } = options;
  const server = single
    ? createSingleServer({ protocol, port, host, lingerTimeout })
    : createServerCore({ protocol, port, host, lingerTimeout });
  // whoever read our lines (head, say) has left: a reason to be silent, not to drop everybody
  process.stdout.on('error', () => undefined);
  (server.actor as AnyActorRef).on('*', report);
  const inspector = await inspect(server.actor as AnyActorRef, options);
  const address = await server.start();

  let stoppedAt: number | undefined;
  const stop = (): void => {
    const now = performance.now();
    if (stoppedAt === undefined) {
      stoppedAt = now;
      server.send({ type: 'control.serverShutdown' });
    } else if (now - stoppedAt > samePress) {
      process.exit(130);
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const kind = single ? 'SingleServer' : 'ServerCore';
  console.log(`${kind} with ${name} listens on ${address.address} port ${String(address.port)}.`);
  console.log(`Talk to it:  nc ${reachable(address.address)} ${String(address.port)}`);
  if (inspector !== undefined) console.log(`Watch it:    ${inspector.url}`);
  console.log('Stop it:     Ctrl-C');
  await server.closed;
  // its pages see the end, too
  await inspector?.stop();
  // whatever the protocol's module may have running; not before the last line is out
  process.stdout.write('', () => process.exit(0));
}

/** Loaded when it is asked for: a server that nobody watches pays nothing. */
async function inspect(
  actor: AnyActorRef,
  { inspect: port, inspectData: isShown }: RunOptions,
): Promise<Inspect.Inspector | undefined> {
  if (port === undefined) return undefined;
  // not import(): Node would look for a .js, which a checkout doesn't have
  const { Hub, startInspector } = createRequire(__filename)('./inspect/index') as typeof Inspect;
  const hub = new Hub({ context: isShown, payloads: isShown });
  hub.attach(actor);
  return startInspector(hub, { port });
}
