import { describe, expect, it, jest } from '@jest/globals';
import type { Server } from 'node:net';
import { createActor, type AnyActorLogic, type AnyStateNode, type StateValue } from 'xstate';
import { echo, serverCore, singleServer, type ServerCoreOptions, type SingleServerOptions } from '../../server/index';
import { isReady } from '../../server/anyServer';
import { memoryNetwork, scenario, type Scenario } from '../../server/testing/index';

/** Whether a client that comes in this state is served or queued; `room` is for while the queue has room. */
type Answer = boolean | 'room';

const ofServerCore: Readonly<Record<string, Answer>> = {
  starting: false,
  'listening.choosing': false,
  'listening.accepting': true,
  'listening.crowded': true,
  'listening.full.choosing': false,
  'listening.full.rejecting': false,
  'listening.full.queueing': 'room',
  'listening.full.refusing': false,
  'listening.full.sparing': false,
  'listening.restarting': false,
  'listening.suspended': false,
  'draining.finishing': false,
  'draining.cutting': false,
  shutdown: false,
};

const ofSingleServer: Readonly<Record<string, Answer>> = {
  starting: false,
  idle: true,
  restarting: false,
  'connected.choosing': false,
  'connected.rejecting': false,
  'connected.queueing': 'room',
  'connected.refusing': false,
  'connected.restarting': false,
  changing: 'room',
  'draining.finishing': false,
  'draining.cutting': false,
  shutdown: false,
};

/** Every state that has none within, by its path. */
const leavesOf = ({ states, path }: AnyStateNode): string[] => {
  const inner = Object.values(states);
  return inner.length === 0 ? [path.join('.')] : inner.flatMap((state) => leavesOf(state as AnyStateNode));
};

const valueOf = (path: string): StateValue =>
  path.split('.').reduceRight<StateValue>((inner, state) => (inner === '' ? state : { [state]: inner }), '');

const charts = [
  ['ServerCore', serverCore, ofServerCore],
  ['SingleServer', singleServer, ofSingleServer],
] as const;

describe.each(charts)('The readiness of %s', (_, logic, answers) => {
  const input = { protocol: echo, maxQueued: 1 };

  const readyIn = (value: StateValue, queue: readonly never[]): boolean => {
    const { context } = createActor(logic as typeof serverCore, { input }).getSnapshot();
    const snapshot = (logic as typeof serverCore).resolveState({ value, context: { ...context, queue } } as never);
    return isReady(createActor(logic as AnyActorLogic, { snapshot, input }));
  };

  it('is known for every state of the chart', () => {
    expect(leavesOf(logic.root).sort()).toEqual(Object.keys(answers).sort());
  });

  it.each(Object.entries(answers))('in %s is %s', (path, answer) => {
    expect(readyIn(valueOf(path), [])).toBe(answer !== false);
    expect(readyIn(valueOf(path), [undefined as never])).toBe(answer === true);
  });
});

type Any = Scenario<typeof serverCore> | Scenario<typeof singleServer>;

const core = (options: Partial<ServerCoreOptions> = {}): Promise<Any> =>
  scenario(serverCore, { protocol: echo, maxConnections: 1, maxQueued: 1, ...options });
const single = (options: SingleServerOptions = {}): Promise<Any> =>
  scenario(singleServer, { protocol: echo, maxQueued: 1, ...options });

/** A server whose listener has failed. */
async function failed(): Promise<Any> {
  const network = memoryNetwork();
  const create = jest.spyOn(network, 'createServer');
  const s = await scenario(serverCore, { protocol: echo }, { network });
  (create.mock.results[0]?.value as Server).emit('error', Object.assign(new Error('accept EBADF'), { code: 'EBADF' }));
  await s.settle();
  return s;
}

/** Sends a client, and tells whether it was served or queued. */
async function takesOne(s: Any): Promise<boolean> {
  const served = (): number => {
    const opened = s.emitted.filter(({ type }) => type === 'connection.opened').length;
    return opened + s.server.getSnapshot().context.queue.length;
  };
  const before = served();
  await s.client();
  return served() > before;
}

describe('Readiness', () => {
  const full = { clients: 1 };

  it.each<[string, StateValue, () => Promise<Any>, { clients?: number; events?: object[] }]>([
    ['has places', { listening: 'accepting' }, core, {}],
    [
      'has few places',
      { listening: 'crowded' },
      () => core({ maxConnections: 2, nearCapacity: { from: 0.5, until: 0.5 } }),
      full,
    ],
    ['rejects', { listening: { full: 'rejecting' } }, core, full],
    ['queues', { listening: { full: 'queueing' } }, () => core({ whenBusy: 'queue' }), full],
    ['has a full queue', { listening: { full: 'queueing' } }, () => core({ whenBusy: 'queue' }), { clients: 2 }],
    ['refuses', { listening: { full: 'refusing' } }, () => core({ whenBusy: 'refuse' }), full],
    [
      'spares descriptors',
      { listening: { full: 'sparing' } },
      core,
      { events: [{ type: '_listener.descriptorsShort', descriptors: { open: 60, limit: 64 } }] },
    ],
    ['is suspended', { listening: 'suspended' }, core, { events: [{ type: 'control.suspend' }] }],
    [
      'listens again',
      { listening: 'accepting' },
      core,
      { events: [{ type: 'control.suspend' }, { type: 'control.resume' }] },
    ],
    ['waits to restart', { listening: 'restarting' }, failed, {}],
    ['has no client', 'idle', single, {}],
    ['has one, and rejects', { connected: 'rejecting' }, single, full],
    ['has one, and queues', { connected: 'queueing' }, () => single({ whenBusy: 'queue' }), full],
    ['has one, and a full queue', { connected: 'queueing' }, () => single({ whenBusy: 'queue' }), { clients: 2 }],
    ['has one, and refuses', { connected: 'refusing' }, () => single({ whenBusy: 'refuse' }), full],
  ])('is what a client finds at a server that %s', async (_, state, start, { clients = 0, events = [] }) => {
    await using s = await start();
    for (let n = 0; n < clients; n += 1) await s.client();
    for (const event of events) await s.send(event as never);
    expect(s.server.getSnapshot().value).toEqual(state);
    const isSaidToBe = isReady(s.server);
    expect(isSaidToBe).toBe(await takesOne(s));
  });
});
