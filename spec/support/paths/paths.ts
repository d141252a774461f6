import type { Server } from 'node:net';
import { assign, type AnyActorRef, type AnyEventObject } from 'xstate';
import { SocketAdapter } from '../../../actors/socket/socketAdapter';
import { connectionInfo } from '../../../actors/socket/connectionInfo';
import { setNetwork } from '../../../actors/socket/network';
import type { ServerOptions } from '../../../machines/options/options';
import type { Drive, RunOptions } from '../../../server/testing/paths/modelPath';
import { issue } from '../tls/certificates';
import { tooMuch } from '../fixtures';
import type { Net, Peer } from '../networks';

/** Where a model's server can't listen, because somebody else does. */
export const takenPort = 1;

/** Who is turned away at once. */
export const unwelcome = '127.0.0.2';
/** Who brings others. */
export const proxy = '127.0.0.3';

const tls = issue('a.test').pem;

/** With these a drain waits for its clients until `shutdownTimeout`; and clients differ by their addresses. */
export const serverOptions = {
  port: 0,
  shutdownTimeout: 1_000,
  lingerTimeout: 60_000,
  tls,
  starttls: true,
  proxyProtocol: { trusted: [proxy], untrusted: 'direct' },
  deny: [unwelcome, '192.0.2.2'],
  restart: { max: 1, delay: 500 },
} as const satisfies ServerOptions;

/** A client as the charts see it. */
export const modelCSA = (peer = '127.0.0.1', behind?: string): object => ({
  info: { id: 'connection:1', peer, ...(behind !== undefined && { proxy: { address: behind, isLocal: false } }) },
  acceptedAt: 0,
  isFrom: (list: readonly string[]) => list.includes(peer),
  reject: () => undefined,
});

/** The address of the client that an event brings. */
export const peerOf = ({ CSA }: AnyEventObject): string => (CSA as SocketAdapter).info.peer;

const failure = new Error('under test');
const descriptors = { open: 1, limit: 1 };

/** What a listener says. */
export const listenerEvents: readonly AnyEventObject[] = [
  { type: '_listener.listening', address: { address: '127.0.0.1', port: 1 } },
  { type: '_listener.acceptFailed', error: failure },
  { type: '_listener.failed', error: failure, at: 0 },
  { type: 'xstate.error.actor.listener', error: failure },
  { type: '_listener.descriptorsShort', descriptors },
  { type: '_listener.descriptorsSpare', descriptors },
  { type: '_listener.tlsReloaded', options: tls },
  { type: '_listener.tlsReloadFailed', error: failure },
  { type: 'control.tlsReload', options: tls },
];

/** A failure that the chart survives is followed at once by the listener's end. */
export const noteFailure = assign(({ context, event }) => ({
  failures: [...(context as { failures: readonly unknown[] }).failures, event],
  next: 'xstate.error.actor.listener',
})) as never;

/** What connections say before they are open. */
export const openingEvents: readonly AnyEventObject[] = [
  { type: '_CSA.opened', CSA: modelCSA('192.0.2.1', proxy) },
  { type: '_CSA.identified', CSA: modelCSA('192.0.2.1', proxy) },
  { type: '_CSA.identified', CSA: modelCSA('192.0.2.2', proxy) },
];

/** How both servers' listeners come to say it. */
export function listenerDrive(net: Net, server: { readonly actor: AnyActorRef }): Drive {
  let listening: Server | undefined;
  const { network } = net;
  setNetwork(server.actor, {
    createServer: (options) => (listening = network.createServer(options)),
    createConnection: (options) => network.createConnection(options),
  });
  return {
    '_listener.closed': 'itself',
    '_listener.failed': () => {
      // where it can't listen, that comes by itself
      if (listening?.listening === true)
        listening.emit('error', Object.assign(new Error('under test'), { code: 'EBADF' }));
    },
    'xstate.error.actor.listener': 'itself',
    '_listener.tlsReloaded': () => {
      server.actor.send({ type: 'control.tlsReload', options: tls });
    },
    '_listener.tlsReloadFailed': () => {
      server.actor.send({ type: 'control.tlsReload', options: { cert: 'none' } });
    },
    'xstate.after.restartDelay.*': () => net.clock.advance(serverOptions.restart.delay),
    'xstate.after.shutdownTimeout.*': () => net.clock.advance(serverOptions.shutdownTimeout),
  };
}

const isInMemory = ({ network }: Net): boolean => 'clock' in network;

/** When a network has nothing more to tell: in memory that can be known. On a busy machine 64 MiB take a while. */
export function patienceOn(net: Net): RunOptions {
  return isInMemory(net) ? { settled: () => net.clock.settled() } : { timeout: 15_000 };
}

/** More than a network takes from one who writes to one who doesn't read. */
export const floodFor = (net: Net): Buffer => (isInMemory(net) ? tooMuch.subarray(0, 1024 * 1024) : tooMuch);

/** What a proxy on loopback says of a client. */
export const proxyHeader = (client: string): string => `PROXY TCP4 ${client} 127.0.0.1 1234 1601\r\n`;

/** A client that the listener has accepted, but not told of: what the closing of a port may leave. */
export async function lateCSA(net: Net, localAddress: string): Promise<[client: Peer, CSA: SocketAdapter]> {
  const [client, { socket }] = await net.pair({ localAddress });
  const info = connectionInfo('connection:late', socket);
  return [client, new SocketAdapter(socket, info, { clock: net.clock })];
}
