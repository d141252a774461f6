import { describe, expect, it, jest } from '@jest/globals';
import type { Server } from 'node:net';
import {
  createActor,
  createMachine,
  type AnyActor,
  type AnyStateMachine,
  type AnyStateNode,
  type StateValue,
} from 'xstate';
import { echo, serverCore, singleServer, type ServerCoreOptions, type SingleServerOptions } from '../../server/index';
import { isReady } from '../../server/readiness';
import { memoryNetwork, scenario, type Scenario } from '../../server/testing/index';

/** Whether a client that comes in a state is served or queued. `room` means: only while the queue has room. */
type Answer = boolean | 'room';

const ofServerCore: Readonly<Record<string, Answer>> = {
  starting: false,
  'listening.counting': false,
  'listening.accepting': true,
  'listening.crowded': true,
  'listening.full.responding': false,
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
  'connected.responding': false,
  'connected.rejecting': false,
  'connected.queueing': 'room',
  'connected.refusing': false,
  'connected.restarting': false,
  changing: 'room',
  'draining.finishing': false,
  'draining.cutting': false,
  shutdown: false,
};

/** Every state without states inside it. */
const leavesIn = (node: AnyStateNode): AnyStateNode[] => {
  const inner = Object.values(node.states) as AnyStateNode[];
  return inner.length === 0 ? [node] : inner.flatMap(leavesIn);
};

const pathOf = ({ path }: AnyStateNode): string => path.join('.');

/** The answer that the tags of a state, and of the states around it, give. */
function answerOf(leaf: AnyStateNode): Answer {
  const tags: string[] = [];
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) tags.push(...node.tags);
  if (tags.includes('taking')) return true;
  return tags.includes('queueing') ? 'room' : false;
}

const valueOf = (path: string): StateValue =>
  path.split('.').reduceRight<StateValue>((inner, state) => (inner === '' ? state : { [state]: inner }), '');

const newNameOf = (name: string): string => `x${name}`;

/** The same chart, with other names for all states. */
function renamed({ config, implementations }: AnyStateMachine): AnyStateMachine {
  const other = JSON.parse(JSON.stringify(config), (key, value: unknown) => {
    if (key === 'states') return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [newNameOf(k), v]));
    // the machine's own name stays
    if (key === 'target' || key === 'initial') return (value as string).replace(/(?<![#\w])\w+/g, newNameOf);
    return value;
  }) as object;
  const machine = createMachine({ ...config, ...other, context: config.context as object } as object);
  return machine.provide(implementations as never) as unknown as AnyStateMachine;
}

const charts: [string, AnyStateMachine, Readonly<Record<string, Answer>>][] = [
  ['ServerCore', serverCore, ofServerCore],
  ['SingleServer', singleServer, ofSingleServer],
];

describe.each(charts)('The readiness of %s', (_, chart, answers) => {
  const input = { protocol: echo, maxQueued: 1 };

  const serverIn = (machine: AnyStateMachine, path: string, queued: number): AnyActor => {
    const { context } = createActor(machine, { input }).getSnapshot() as { readonly context: object };
    const queue = Array.from({ length: queued });
    const snapshot = machine.resolveState({ value: valueOf(path), context: { ...context, queue } });
    return createActor(machine, { snapshot, input });
  };

  it('is known for every state of the chart', () => {
    expect(leavesIn(chart.root).map(pathOf).sort()).toEqual(Object.keys(answers).sort());
  });

  describe.each(Object.entries(answers))('in %s', (path, answer) => {
    it.each([
      ['as it is', chart, path],
      ['with other names for its states', renamed(chart), path.split('.').map(newNameOf).join('.')],
    ])(`is ${String(answer)} in the chart %s, and its tags say so`, (__, machine, place) => {
      const leaf = leavesIn(machine.root).find((node) => pathOf(node) === place);
      expect(leaf && answerOf(leaf)).toBe(answer);
      expect(isReady(serverIn(machine, place, 0))).toBe(answer !== false);
      expect(isReady(serverIn(machine, place, 1))).toBe(answer === true);
    });

    it('is not there when the server has been stopped', () => {
      const server = serverIn(chart, path, 0);
      server.stop();
      expect(isReady(server)).toBe(false);
    });
  });
});

type AnyServer = Scenario<typeof serverCore> | Scenario<typeof singleServer>;

const core = (options: Partial<ServerCoreOptions> = {}): Promise<AnyServer> =>
  scenario(serverCore, { protocol: echo, maxConnections: 1, maxQueued: 1, ...options });
const single = (options: SingleServerOptions = {}): Promise<AnyServer> =>
  scenario(singleServer, { protocol: echo, maxQueued: 1, ...options });

/** Makes a server whose listener has failed. */
async function failed(): Promise<AnyServer> {
  const network = memoryNetwork();
  const create = jest.spyOn(network, 'createServer');
  const s = await scenario(serverCore, { protocol: echo }, { network });
  (create.mock.results[0]?.value as Server).emit('error', Object.assign(new Error('accept EBADF'), { code: 'EBADF' }));
  await s.settle();
  return s;
}

/** Connects a client. Returns whether the client was served or queued. */
async function takesOne(s: AnyServer): Promise<boolean> {
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

  it.each<[string, StateValue, () => Promise<AnyServer>, { clients?: number; events?: object[] }]>([
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
