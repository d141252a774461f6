import { jest } from '@jest/globals';
import type { Server } from 'node:net';
import { echo, serverCore, type ServerControl, type ServerCoreEvent, type singleServer } from '../../server/index';
import { memoryNetwork, scenario, type MemoryNetwork, type Scenario, type TestPeer } from '../../server/testing/index';

type Core = Scenario<typeof serverCore>;
type Single = Scenario<typeof singleServer>;

/** What libuv says of a listening socket that has broken. */
export const broken = (code = 'EBADF'): Error =>
  Object.assign(new Error(`accept ${code}`), { code, syscall: 'accept' });

/** A network, and how to have something happen to the server that listened there last. */
interface Breakable {
  readonly network: MemoryNetwork;
  /** The listening socket breaks. */
  readonly fails: (s: Core | Single, error?: Error) => Promise<void>;
  /**
   * The listening socket is to break while the server still deals with the event that it emits something of this type for.
   * The server hears of the failure next, or after an event that it is sent first.
   */
  readonly failsOn: (s: Core | Single, type: string, first?: ServerControl | ServerCoreEvent) => void;
}

export function breakable(): Breakable {
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

/** Somebody else, where a server has listened. */
export const occupy = (network: MemoryNetwork): Promise<Core> => scenario(serverCore, { protocol: echo }, { network });

/** Expects that nobody listens. */
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
