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

/** A port that is taken: a model's server can't listen there. */
export const takenPort = 1;

/** The address of a client that `deny` turns away at once. */
export const unwelcome = '127.0.0.2';
/** The address of a proxy, which brings other clients. */
export const proxy = '127.0.0.3';

const tls = issue('a.test').pem;

/** Options for all models: a drain waits until `shutdownTimeout`, and a client's address decides how it is treated. */
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

/** The events that a listener sends. */
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

/** The events that connections send before they are open. */
export const openingEvents: readonly AnyEventObject[] = [
  { type: '_CSA.opened', CSA: modelCSA('192.0.2.1', proxy) },
  { type: '_CSA.identified', CSA: modelCSA('192.0.2.1', proxy) },
  { type: '_CSA.identified', CSA: modelCSA('192.0.2.2', proxy) },
];

/** How the listener's events happen, for both kinds of servers. */
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
      // a server that can't listen fails by itself
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

/** How long a run waits. A network in memory knows when it has settled. On a busy machine 64 MiB of TCP take long. */
export function patienceOn(net: Net): RunOptions {
  return isInMemory(net) ? { settled: () => net.clock.settled() } : { timeout: 15_000 };
}

/** More bytes than a network takes for a peer that doesn't read. */
export const floodFor = (net: Net): Buffer => (isInMemory(net) ? tooMuch.subarray(0, 1024 * 1024) : tooMuch);

/** The PROXY header that a proxy on loopback sends for a client. */
export const proxyHeader = (client: string): string => `PROXY TCP4 ${client} 127.0.0.1 1234 1601\r\n`;

/** A client that the listener has accepted but not reported yet. The closing of a port can leave such a client. */
export async function lateCSA(net: Net, localAddress: string): Promise<[client: Peer, CSA: SocketAdapter]> {
  const [client, { socket }] = await net.pair({ localAddress });
  const info = connectionInfo('connection:late', socket);
  return [client, new SocketAdapter(socket, info, { clock: net.clock })];
}
