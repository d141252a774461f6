import { assign, type AnyEventObject, type SnapshotFrom } from 'xstate';
import { serverCoreMachine, type ServerCore, type ServerCoreOptions } from '../../../server/index';
import type { Drive } from '../../../server/testing/paths/modelPath';
import { modelPaths, type ModelPaths } from '../../../server/testing/paths/modelPaths';
import type { Net, Peer } from '../networks';
import * as paths from './paths';
import { Recorder } from '../recorder';

/** Handlers that emit what the spec wants, and crash when their peer sends `!`. */
const recorder = new Recorder((event) => {
  if (event.type === 'inbox' && event.data.includes('!')) throw new Error('under test');
});

const common = { ...paths.serverOptions, protocol: recorder.protocol };
const nearCapacity = { from: 0.5, until: 0.5 };

type CoreSnapshot = SnapshotFrom<typeof serverCoreMachine>;

/** Facts that the model must know, but that the chart leaves to its actors. */
interface ModelFacts {
  /** The type of the event that comes next, before any other. */
  readonly next?: string | undefined;
  /** The first client has no handler yet. */
  readonly isOpening?: boolean;
}

const factsOf = ({ context }: CoreSnapshot): ModelFacts => context as ModelFacts;
const noted = (facts: ModelFacts): never => assign(facts as never) as never;

const model = serverCoreMachine.provide({
  actions: {
    emitNew: assign(({ event }) =>
      'CSA' in event && paths.peerOf(event) === paths.proxy ? ({ isOpening: true } as object) : {},
    ),
    admitIdentified: noted({ next: '_CSA.opened' }),
    rejectIdentified: noted({ next: '_socketactivity.shutdownCSA' }),
    emitOpened: noted({ next: undefined, isOpening: false }),
    emitClosed: noted({ next: undefined, isOpening: false }),
    noteFailure: paths.noteFailure,
    // no event follows: the server ends
    emitFailed: noted({ next: 'xstate.stop' }),
    restartListener: noted({ next: undefined }),
  },
});

function canCome(snapshot: CoreSnapshot, event: AnyEventObject): boolean {
  const { type } = event;
  const { open, exempt, portIsFree, options, failures } = snapshot.context;
  const { next, isOpening = false } = factsOf(snapshot);
  if (next !== undefined) return type === next;
  if (options.port === paths.takenPort) return type === '_listener.failed';
  if (options.restart.max === 0)
    return type === (snapshot.matches('starting') ? '_listener.listening' : '_listener.failed');
  // at once, before anything else can happen
  if (snapshot.matches('draining') && !portIsFree) return type === '_listener.closed';
  // a cut server loses its clients at once
  const isCut = snapshot.matches({ draining: 'cutting' }) || (snapshot.matches('draining') && isOpening);
  if (isCut) return type === '_socketactivity.shutdownCSA';
  switch (type) {
    case '_listener.failed':
      return isListening(snapshot) && failures.length === 0;
    case '_listener.closed':
    case '_CSA.opened':
    case 'xstate.error.actor.listener':
      return false;
    case '_listener.listening':
      return snapshot.matches('starting') || snapshot.matches({ listening: 'accepting' });
    case '_listener.descriptorsShort':
      return (isListening(snapshot) || snapshot.matches({ listening: 'suspended' })) && !isSparing(snapshot);
    case '_CSA.identified':
      return isOpening;
    case '_CSA.exempt':
      return open > 0 && !isOpening && exempt.size === 0;
    case '_socketactivity.newCSA':
      if (paths.peerOf(event) === paths.proxy) return snapshot.matches({ listening: 'accepting' }) && open === 0;
      // the failed listener brings no clients, and its successor doesn't listen yet
      return !snapshot.matches({ listening: 'restarting' });
    case '_socketactivity.handlerFailed':
      return open > 0 && !isOpening;
    case '_socketactivity.shutdownCSA':
      return open > 0;
    default:
      return true;
  }
}

const isSparing = (snapshot: CoreSnapshot): boolean => snapshot.matches({ listening: { full: 'sparing' } });

/** Whether clients can connect to the server's port. */
const isListening = (snapshot: CoreSnapshot): boolean =>
  snapshot.matches('listening') &&
  !(['suspended', 'restarting', { full: 'refusing' }] as const).some((listening) => snapshot.matches({ listening }));

/** Every path of ServerCore's chart. */
export const corePaths = (): ModelPaths<ServerCoreOptions> =>
  modelPaths(model, {
    inputs: [
      { ...common, maxConnections: 2 },
      { ...common, maxConnections: 2, nearCapacity },
      { ...common, maxConnections: 1, whenBusy: 'queue', maxQueued: 1 },
      { ...common, maxConnections: 1, whenBusy: 'refuse' },
      { ...common, restart: { max: 0 } },
      { ...common, port: paths.takenPort },
    ],
    events: [
      { type: '_socketactivity.newCSA', CSA: paths.modelCSA() },
      { type: '_socketactivity.newCSA', CSA: paths.modelCSA(paths.unwelcome) },
      { type: '_socketactivity.newCSA', CSA: paths.modelCSA(paths.proxy) },
      { type: '_socketactivity.shutdownCSA', id: 'connection:1', CSA: paths.modelCSA(), reason: 'peerClosed' },
      { type: '_socketactivity.handlerFailed', id: 'connection:1' },
      { type: '_CSA.exempt', CSA: paths.modelCSA() },
      { type: 'control.configure', options: {} },
      { type: 'control.configure', options: { maxConnections: 0 } },
      ...paths.listenerEvents,
      ...paths.openingEvents,
    ],
    serialize: (snapshot) => {
      const { open, queue, portIsFree, exempt, failures, fullFor, isNear } = snapshot.context;
      const { next, isOpening } = factsOf(snapshot);
      return [open, queue.length, portIsFree, exempt.size, failures.length, fullFor, isNear, next, isOpening];
    },
    filter: canCome,
    cells: true,
  });

/** How the events of a ServerCore happen on a network. */
export function coreDrive(net: Net, server: ServerCore): Drive {
  const clients: Peer[] = [];
  // the index of the handler of the first client in `clients`: both are in the same order
  let oldest = recorder.handlers.length;
  const is = (value: unknown): boolean => server.actor.getSnapshot().matches(value as never);
  const nextToLeave = (): Peer | undefined => {
    oldest += 1;
    return clients.shift();
  };
  const come = async (peer: string): Promise<Peer> => {
    if (isListening(server.actor.getSnapshot())) {
      return net.call({ host: '127.0.0.1', port: server.address?.port ?? 0, localAddress: peer });
    }
    const [client, CSA] = await paths.lateCSA(net, peer);
    server.send({ type: '_socketactivity.newCSA', CSA });
    return client;
  };
  return {
    ...paths.listenerDrive(net, server),
    '_listener.listening': () => {
      if (is('starting')) return;
      server.send({ type: 'control.suspend' });
      server.send({ type: 'control.resume' });
    },
    '_socketactivity.newCSA': async (event) => {
      const client = await come(paths.peerOf(event));
      if (paths.peerOf(event) !== paths.unwelcome) clients.push(client);
    },
    '_socketactivity.handlerFailed': () => nextToLeave()?.socket.end('!'),
    '_socketactivity.shutdownCSA': () => {
      if (!is({ draining: 'cutting' })) nextToLeave()?.socket.end();
    },
    '_CSA.identified': (event) => clients[0]?.socket.write(paths.proxyHeader(paths.peerOf(event))),
    '_CSA.opened': 'itself',
    '_CSA.exempt': () => {
      recorder.handlers[oldest]?.emit({ type: 'serversignal.exempt' });
    },
  };
}
