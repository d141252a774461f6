import { jest } from '@jest/globals';
import type { Server } from 'node:net';
import { echo, serverCore, type ServerControl, type ServerCoreEvent, type singleServer } from '../../server/index';
import { memoryNetwork, scenario, type MemoryNetwork, type Scenario, type TestPeer } from '../../server/testing/index';

type Core = Scenario<typeof serverCore>;
type Single = Scenario<typeof singleServer>;

/** The error that libuv reports for a listening socket that has broken. */
export const broken = (code = 'EBADF'): Error =>
  Object.assign(new Error(`accept ${code}`), { code, syscall: 'accept' });

/** A network, and functions that break the listening socket that was made there last. */
interface BreakableNetwork {
  readonly network: MemoryNetwork;
  /** Breaks the listening socket, and waits until everything has settled. */
  readonly fails: (s: Core | Single, error?: Error) => Promise<void>;
  /**
   * Breaks the listening socket as soon as the server emits an event of this type, while the server is still in the
   * middle of its transition.
   * The server hears of the failure next. With `first`, the server is sent that event before the failure.
   */
  readonly failsOn: (s: Core | Single, type: string, first?: ServerControl | ServerCoreEvent) => void;
}

export function breakable(): BreakableNetwork {
  const network = memoryNetwork();
  const create = jest.spyOn(network, 'createServer');
  const breaks = (error: Error): void => {
    (create.mock.results.at(-1)?.value as Server).emit('error', error);
  };
  return {
    network,
    fails: async (s, error = broken()) => {
      breaks(error);
      await s.settle();
    },
    failsOn: (s, type, first) => {
      const heard = (s as Core).server.on(type as '*', () => {
        heard.unsubscribe();
        if (first !== undefined) (s as Core).server.send(first);
        breaks(broken());
      });
    },
  };
}

/** Another server, which takes the port that a server has listened on. */
export const occupy = (network: MemoryNetwork): Promise<Core> => scenario(serverCore, { protocol: echo }, { network });

/** Expects that nothing listens on the server's port. */
export const isRefused = async (s: Core | Single): Promise<void> =>
  (await s.client('refused')).hasFailed('ECONNREFUSED');

/** Expects that the client is served. */
export async function isEchoed(client: TestPeer): Promise<void> {
  await client.sends('echo?');
  await client.receives('echo?');
}

/** How often the server has emitted an event of a type. */
export const timesOf = (s: Core | Single, type: string): number =>
  s.emitted.filter((event) => event.type === type).length;
