/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'isEchoed'] }] */
import { describe, expect, it } from '@jest/globals';
import { createActor, type StateValue } from 'xstate';
import {
  echo,
  ListenError,
  serverCore,
  singleServer,
  type ServerControl,
  type ServerCoreEvent,
  type ServerCoreOptions,
  type SingleServerOptions,
} from '../../server/index';
import { memoryNetwork, scenario, type MemoryNetwork, type Scenario } from '../../server/testing/index';
import '../../server/testing/matchers/jestGlobals';
import { breakable, broken, isEchoed, occupy, timesOf } from '../support/failingListeners';

type Server = Scenario<typeof serverCore> | Scenario<typeof singleServer>;
type Start<Options> = (options: Partial<Options>, network: MemoryNetwork) => Promise<Server>;

const core: Start<ServerCoreOptions> = (options, network) =>
  scenario(serverCore, { protocol: echo, ...options }, { network });
const single: Start<SingleServerOptions> = (options, network) =>
  scenario(singleServer, { protocol: echo, ...options }, { network });

/** How a listener fails while its server is in a state. */
interface Failure<Options> {
  readonly options?: Partial<Options>;
  /** The number of clients that come before the failure. */
  readonly clients?: number;
  /** What leads to a state in which the server doesn't listen. The server hears of the failure right after that. */
  readonly behind?: ServerControl | ServerCoreEvent | 'the client' | 'the end of the client';
  /** The state after a restart, where it isn't the same. `changing` lasts only one turn, so nothing waits there. */
  readonly then?: StateValue;
}

/** Makes the failure happen. */
async function fail(
  s: Server,
  { fails, failsOn }: ReturnType<typeof breakable>,
  failure: Failure<object>,
): Promise<void> {
  const { clients = 0, behind } = failure;
  if (behind === 'the client') failsOn(s, 'connection.opened');
  const peers = [];
  for (let n = 0; n < clients; n += 1) peers.push(await s.client());
  if (behind === 'the end of the client') {
    failsOn(s, 'connection.closed');
    await peers[0]?.ends();
  } else if (behind === undefined) await fails(s);
  else if (behind !== 'the client') {
    // in every state the server reports a client that could not be accepted: a harmless event to attach to
    failsOn(s, 'connection.rejected', behind);
    await fails(s, broken('ECONNABORTED'));
  }
}

const ofServerCore: Readonly<Record<string, Failure<ServerCoreOptions>>> = {
  'listening.accepting': {},
  'listening.crowded': { options: { maxConnections: 2, nearCapacity: { from: 0.5, until: 0.5 } }, clients: 1 },
  'listening.full.rejecting': { options: { maxConnections: 1 }, clients: 1 },
  'listening.full.queueing': { options: { maxConnections: 1, whenBusy: 'queue' }, clients: 2 },
  'listening.full.refusing': {
    options: { whenBusy: 'refuse' },
    clients: 1,
    behind: { type: 'control.configure', options: { maxConnections: 1 } },
  },
  'listening.full.sparing': {
    behind: { type: '_listener.descriptorsShort', descriptors: { open: 60, limit: 64 } },
  },
  'listening.suspended': { behind: { type: 'control.suspend' } },
};

const ofSingleServer: Readonly<Record<string, Failure<SingleServerOptions>>> = {
  idle: { then: 'restarting' },
  'connected.rejecting': { clients: 1, then: { connected: 'restarting' } },
  'connected.queueing': { options: { whenBusy: 'queue' }, clients: 2, then: { connected: 'restarting' } },
  'connected.refusing': {
    options: { whenBusy: 'refuse' },
    clients: 1,
    behind: 'the client',
    then: { connected: 'restarting' },
  },
  changing: {
    options: { whenBusy: 'queue' },
    clients: 2,
    behind: 'the end of the client',
    then: { connected: 'queueing' },
  },
};

const ofDraining: Readonly<Record<string, Failure<ServerCoreOptions & SingleServerOptions>>> = {
  'draining.finishing': { behind: { type: 'control.serverShutdown' } },
  'draining.finishing, with a client': { clients: 1, behind: { type: 'control.serverShutdown' } },
  'draining.cutting, with a client': { clients: 1, behind: { type: 'control.shutdownMicroprocess' } },
};

/** The states in which the server was when it heard of the failure, as texts. */
function watchFailure(s: Server): string[] {
  const states: string[] = [];
  let before = inWords(s.server.getSnapshot().value);
  s.server.system.inspect((event) => {
    if (event.actorRef !== (s.server as unknown)) return;
    if (event.type === '@xstate.microstep' && event.event.type === '_listener.failed') states.push(before);
    if ('snapshot' in event) before = inWords((event.snapshot as unknown as { value: StateValue }).value);
  });
  return states;
}

const inWords = (value: StateValue | undefined): string =>
  typeof value === 'object'
    ? Object.entries(value)
        .map(([name, inner]) => `${name}.${inWords(inner)}`)
        .join()
    : (value ?? '');

describe.each<[string, typeof serverCore, Start<object>, Readonly<Record<string, Failure<object>>>]>([
  ['ServerCore', serverCore, core as Start<object>, ofServerCore],
  ['SingleServer', singleServer as unknown as typeof serverCore, single as Start<object>, ofSingleServer],
])('%s, whose listener fails', (_, logic, start, failures) => {
  describe.each(Object.entries(failures))('in %s', (state, failure) => {
    it('gives it another chance, and serves again', async () => {
      const network = breakable();
      await using s = await start({ ...failure.options }, network.network);
      const states = watchFailure(s);
      await fail(s, network, failure);
      expect(states).toEqual([state]);
      expect(s.server).toBeInState(failure.then ?? { listening: 'restarting' });
      expect(timesOf(s, 'server.restarting')).toBe(1);
      expect(timesOf(s, 'server.failed')).toBe(0);
      await s.advance(1_000);
      const served = s.server.getSnapshot();
      expect(served.status).toBe('active');
      expect(JSON.stringify(served.value)).not.toContain('restarting');
    });

    it('ends in its error when it has no more chances, and leaves nothing', async () => {
      const network = breakable();
      await using s = await start({ ...failure.options, restart: { max: 0 } }, network.network);
      const states = watchFailure(s);
      await expect(fail(s, network, failure)).rejects.toBeInstanceOf(ListenError);
      expect(states).toEqual([state]);
      expect(s.emitted.at(-1)).toEqual({ type: 'server.failed', error: s.error });
      expect(s.leftovers()).toEqual([]);
    });
  });

  it.each(Object.entries(ofDraining))('in %s ends in its error, whatever chances it had', async (state, failure) => {
    const network = breakable();
    await using s = await start({ restart: { max: Infinity } }, network.network);
    const states = watchFailure(s);
    await expect(fail(s, network, failure)).rejects.toBeInstanceOf(ListenError);
    expect(states).toEqual([state.split(',')[0]]);
    expect(s.emitted.at(-1)).toEqual({ type: 'server.failed', error: s.error });
    expect(timesOf(s, 'server.restarting')).toBe(0);
    expect(s.clock.pending).toBe(0);
  });

  it('in starting ends in its error, whatever chances it had', async () => {
    const network = memoryNetwork();
    await using other = await occupy(network);
    await expect(start({ restart: { max: Infinity } }, network)).rejects.toMatchObject({
      name: 'ListenError',
      code: 'EADDRINUSE',
    });
    await isEchoed(await other.client());
  });

  it('in starting ends in its error even if whoever hears of that shuts it down', async () => {
    const network = memoryNetwork();
    await using other = await occupy(network);
    const actor = network.host(createActor(logic, { input: { protocol: echo }, clock: network.clock }));
    const errors: unknown[] = [];
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.on('server.failed', () => {
      actor.send({ type: 'control.serverShutdown' });
    });
    actor.start();
    await network.clock.settled();
    expect(errors).toEqual([expect.any(ListenError)]);
    expect(network.leftovers()).toEqual(['server on 127.0.0.1:1601']);
    await isEchoed(await other.client());
  });

  it('ends in its error even if whoever hears of that shuts it down', async () => {
    const { network, fails } = breakable();
    await using s = await start({ restart: { max: 0 } }, network);
    const server = (s as Scenario<typeof serverCore>).server;
    server.on('server.failed', () => {
      server.send({ type: 'control.serverShutdown' });
    });
    await expect(fails(s)).rejects.toBeInstanceOf(ListenError);
    expect(s.server.getSnapshot()).toMatchObject({ status: 'error', error: s.error });
    expect(s.leftovers()).toEqual([]);
  });

  it('while a new one waits for its chance hears no more of the old one', async () => {
    const { network, fails } = breakable();
    await using s = await start({}, network);
    await fails(s);
    const { value } = s.server.getSnapshot();
    await fails(s);
    expect(s.server).toBeInState(value);
    expect(timesOf(s, 'server.restarting')).toBe(1);
    await s.advance(1_000);
    await isEchoed(await s.client());
  });
});
