import { jest } from '@jest/globals';
import type { Server } from 'node:net';
import { echo, serverCore, type singleServer } from '../../server/index';
import { memoryNetwork, scenario, type MemoryNetwork, type Scenario, type TestPeer } from '../../server/testing/index';

type Core = Scenario<typeof serverCore>;
type Single = Scenario<typeof singleServer>;

/** What libuv says of a listening socket that has broken. */
export const broken = (code = 'EBADF'): Error =>
  Object.assign(new Error(`accept ${code}`), { code, syscall: 'accept' });

/** A network, and how to have something happen to the server that listened there last. */
export function breakable(): { network: MemoryNetwork; fails: (s: Core | Single, error?: Error) => Promise<void> } {
  const network = memoryNetwork();
  const create = jest.spyOn(network, 'createServer');
  return {
    network,
    fails: async (s, error = broken()) => {
      (create.mock.results.at(-1)?.value as Server).emit('error', error);
      await s.settle();
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
