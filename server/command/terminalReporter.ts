import { isIPv6 } from 'node:net';
import type { AnyActorRef } from 'xstate';
import type { ListenAddress } from '../../machines/vocabulary/connectionTypes';
import type { ServerEmitted } from '../../machines/events';
import { reachable } from '../reachable';
import type { Reporter, StartedServer } from './reporter';

const plural = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;

const traffic = ({ bytesIn, bytesOut }: { readonly bytesIn: number; readonly bytesOut: number }): string =>
  `${plural(bytesIn, 'byte')} in, ${plural(bytesOut, 'byte')} out`;

const places = ({ connections, descriptors }: Extract<ServerEmitted, { type: 'server.full' }>): string =>
  descriptors === undefined
    ? plural(connections, 'connection')
    : `${String(descriptors.open)} of ${String(descriptors.limit)} file descriptors are open`;

/** Prints what happens to a server, in lines for a user at a terminal. */
export function terminalReporter(server: AnyActorRef): Reporter {
  server.on('*', report);
  return {
    started: (startedServer) => {
      greet(startedServer);
      server.on('server.listening', ({ address, port }: ListenAddress) => {
        console.log(`Listens again on ${address} port ${String(port)}.`);
      });
    },
    leaving: (delay) => {
      console.log(`Not ready any more; draining in ${String(delay / 1_000)} s.`);
    },
    unreadable: (error) => {
      console.error(`The old certificate stays: ${error.message}`);
    },
  };
}

function report(event: ServerEmitted): void {
  switch (event.type) {
    case 'connection.opening':
      console.log(`${event.id} opening from ${event.peer} port ${String(event.peerport)}`);
      break;
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
    case 'server.full':
      console.log(`Full: ${places(event)}.`);
      break;
    case 'server.accepting':
      console.log(`Accepts clients again: ${plural(event.connections, 'connection')}.`);
      break;
    case 'server.restarting':
      console.error(`${event.error.message}; trying again.`);
      break;
    case 'server.tlsReloaded':
      console.log('New clients get the new certificate.');
      break;
    case 'server.tlsReloadFailed':
      console.error(`The old certificate stays: ${event.error.message}`);
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

const openssl = (host: string, port: number): string =>
  `openssl s_client -quiet -connect ${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;

function greet({ kind, name, address: { address, port }, encrypted, urls }: StartedServer): void {
  console.log(`${kind} with ${name} listens on ${address} port ${String(port)}.`);
  console.log(
    `Talk to it:  ${encrypted ? openssl(reachable(address), port) : `nc ${reachable(address)} ${String(port)}`}`,
  );
  if (urls.inspector !== undefined) console.log(`Watch it:    ${urls.inspector}`);
  if (urls.metrics !== undefined) console.log(`Measure it:  ${urls.metrics}`);
  if (urls.ready !== undefined) console.log(`Probe it:    ${urls.ready}`);
  console.log('Stop it:     Ctrl-C');
}
