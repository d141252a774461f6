import type { AnyEventObject } from 'xstate';
import { ConnectedSocketAdapter } from '../../actors/connectedSocketAdapter';
import { connectionInfo } from '../../actors/connectionInfo';
import { serverDefaults } from '../../machines/options';
import type { RunOptions } from '../../server/testing/paths/modelPath';
import { tooMuch } from './fixtures';
import type { Net, Peer } from './networks';

/** Where a model's server can't listen, because somebody else does. */
export const takenPort = 1;

/** With these a drain waits for its clients until `shutdownTimeout`. */
export const serverOptions = { port: 0, shutdownTimeout: 1_000, lingerTimeout: 60_000 } as const;

/** A client as the charts see it. */
export const modelCSA: object = { info: { id: 'connection:1' }, reject: () => undefined };

/** What a listener says. */
export const listenerEvents: readonly AnyEventObject[] = [
  { type: '_listener.listening', address: { address: '127.0.0.1', port: 1 } },
  { type: '_listener.acceptFailed', error: new Error('under test') },
  { type: '_listener.failed', error: new Error('under test') },
];

const isInMemory = ({ network }: Net): boolean => 'clock' in network;

/** When a network has nothing more to tell: in memory that can be known. */
export function patienceOn(net: Net): RunOptions {
  return isInMemory(net) ? { settled: () => net.clock.settled() } : {};
}

/** More than a network takes from one who writes to one who doesn't read. */
export const floodFor = (net: Net): Buffer => (isInMemory(net) ? tooMuch.subarray(0, 1024 * 1024) : tooMuch);

/** A client that the listener has accepted, but not told of: what the closing of a port may leave. */
export async function lateCSA(net: Net): Promise<[client: Peer, CSA: ConnectedSocketAdapter]> {
  const [client, { socket }] = await net.pair();
  const options = { ...serverDefaults, ...serverOptions, clock: net.clock };
  return [client, new ConnectedSocketAdapter(socket, connectionInfo('connection:late', socket), options)];
}
