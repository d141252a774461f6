import { assign, type AnyEventObject, type SnapshotFrom } from 'xstate';
import { singleServerMachine, type SingleServer, type SingleServerOptions } from '../../../server/index';
import type { Drive } from '../../../server/testing/paths/modelPath';
import { modelPaths, type ModelPaths } from '../../../server/testing/paths/modelPaths';
import { emitted } from '../events';
import { deaf } from '../fixtures';
import type { Net, Peer } from '../networks';
import * as paths from './paths';

const common = { ...paths.serverOptions, maxPendingBytes: 10 };

type SingleSnapshot = SnapshotFrom<typeof singleServerMachine>;

/** Facts that the model must know, but that the chart leaves to its actors. */
interface ModelFacts {
  /** The type of the event that comes next, before any other. */
  readonly next?: string | undefined;
}

const nextIn = ({ context }: SingleSnapshot): string | undefined => (context as ModelFacts).next;
const noted = (facts: ModelFacts): never => assign(facts as never) as never;

/** The chart. The event itself says whether a message is late, since the chart's context doesn't show it. */
const model = singleServerMachine.provide({
  guards: { takesBytes: ({ context, event }) => context.isOpen && context.CSA !== undefined && !('isLate' in event) },
  actions: {
    admitIdentified: noted({ next: '_CSA.opened' }),
    rejectIdentified: noted({ next: 'xstate.done.actor.connection' }),
    emitOpened: noted({ next: undefined }),
    noteFailure: paths.noteFailure,
    restartListener: noted({ next: undefined }),
  },
});

function canCome(snapshot: SingleSnapshot, event: AnyEventObject): boolean {
  const { CSA, isOpen, options, pending, queue, portIsFree, tally, failures } = snapshot.context;
  const isOpening = CSA !== undefined && !isOpen;
  // there is no connection
  if (event.type.endsWith('.actor.connection') && CSA === undefined) return false;
  const next = nextIn(snapshot);
  if (next !== undefined) return event.type === next;
  if (options.port === paths.takenPort) return event.type === '_listener.failed';
  // at once, before anything else can happen
  if (snapshot.matches('draining') && !portIsFree) return event.type === '_listener.closed';
  const isCut = snapshot.matches({ draining: 'cutting' }) || (snapshot.matches('draining') && isOpening);
  if (isCut) return event.type === 'xstate.done.actor.connection';
  switch (event.type) {
    case '_listener.failed':
      return isListening(snapshot) && failures.length === 0;
    case '_listener.closed':
    case 'xstate.error.actor.listener':
    case '_CSA.opened':
    case '_oobinfo.shutdownCSA':
      // the server raises `shutdownCSA` itself
      return false;
    case '_oobinfo.newCSA':
      if (paths.peerOf(event) === paths.proxy) return snapshot.matches('idle') && queue.length === 0;
      // the failed listener brings no clients, and its successor may not listen yet
      if (failures.length > 0 && snapshot.matches('changing')) return false;
      return !snapshot.matches('restarting') && !snapshot.matches({ connected: 'restarting' });
    case '_CSA.identified':
      return isOpening;
    case '_listener.listening':
      if (snapshot.matches('idle')) return options.whenBusy === 'refuse' && tally.connections > 0;
      return snapshot.matches('starting') || snapshot.matches('draining');
    case '_CSA.outbox':
    case '_CSA.noSpaceInBox':
    case '_CSA.spaceInBox':
      // without a handler a drain ends the connection's boxes at once
      return CSA !== undefined && isOpen && options.protocol === undefined && !snapshot.matches('draining');
    case 'inbox':
    case 'control.producerFinished':
      // without a handler, a drain ends the connection at once, and every message is late
      if (snapshot.matches('draining')) return (options.protocol === undefined) === 'isLate' in event;
      return !('isLate' in event) && pending.events.length < 2;
    default:
      return true;
  }
}

/** Whether clients can connect to the server's port. */
const isListening = (snapshot: SingleSnapshot): boolean =>
  ['idle', 'connected', 'changing'].some((state) => snapshot.matches(state as 'idle')) &&
  !(['refusing', 'restarting'] as const).some((connected) => snapshot.matches({ connected }));

/** Every path of SingleServer's chart. */
export const singlePaths = (): ModelPaths<SingleServerOptions | undefined> =>
  modelPaths(model, {
    inputs: [
      common,
      { ...common, protocol: deaf },
      { ...common, whenBusy: 'queue', maxQueued: 2 },
      { ...common, whenBusy: 'refuse' },
      { ...common, port: paths.takenPort },
    ],
    events: [
      { type: 'inbox', data: 'little' },
      { type: 'inbox', data: 'more than there is room for' },
      { type: 'inbox', data: 'late', isLate: true },
      { type: '_oobinfo.newCSA', CSA: paths.modelCSA() },
      { type: '_oobinfo.newCSA', CSA: paths.modelCSA(paths.unwelcome) },
      { type: '_oobinfo.newCSA', CSA: paths.modelCSA(paths.proxy) },
      { type: '_CSA.outbox', data: Buffer.from('hello') },
      { type: 'xstate.done.actor.connection', output: { reason: 'peerClosed' } },
      { type: 'xstate.error.actor.connection', error: new Error('under test') },
      ...paths.listenerEvents,
      ...paths.openingEvents,
    ],
    serialize: (snapshot) => {
      const { CSA, isOpen, pending, queue, portIsFree, tally, failures } = snapshot.context;
      const isUsed = tally.connections > 0;
      const lengths = [pending, queue, failures].map((list) => ('events' in list ? list.events : list).length);
      return [CSA !== undefined, isOpen, isUsed, lengths, portIsFree, nextIn(snapshot)];
    },
    filter: canCome,
    cells: true,
  });

/** How the events of a SingleServer happen on a network. */
export function singleDrive(net: Net, server: SingleServer): Drive {
  const clients: Peer[] = [];
  const snapshot = (): SingleSnapshot => server.actor.getSnapshot();
  const come = async (peer: string): Promise<Peer> => {
    if (isListening(snapshot())) {
      return net.call({ host: '127.0.0.1', port: server.address?.port ?? 0, localAddress: peer });
    }
    const [client, CSA] = await paths.lateCSA(net, peer);
    server.send({ type: '_oobinfo.newCSA', CSA });
    return client;
  };
  const overwhelm = async (): Promise<void> => {
    const isFull = emitted(server, 'signal.noSpaceInBox');
    server.send({ type: 'inbox', data: paths.floodFor(net) });
    await isFull;
  };
  return {
    ...paths.listenerDrive(net, server),
    '_listener.listening': (event) => {
      // in other states the listener sends it by itself
      if (snapshot().matches('draining')) server.send(event as never);
    },
    '_oobinfo.newCSA': async (event) => {
      const client = await come(paths.peerOf(event));
      if (paths.peerOf(event) !== paths.unwelcome) clients.push(client);
    },
    '_CSA.identified': (event) => clients[0]?.socket.write(paths.proxyHeader(paths.peerOf(event))),
    '_CSA.opened': 'itself',
    '_CSA.outbox': () => clients[0]?.socket.write('hello'),
    '_CSA.noSpaceInBox': overwhelm,
    '_CSA.spaceInBox': async () => {
      await overwhelm();
      clients[0]?.reads();
    },
    'xstate.done.actor.connection': () => {
      if (!snapshot().matches({ draining: 'cutting' })) clients.shift()?.socket.end();
    },
    'xstate.error.actor.connection': () => {
      const { context } = snapshot();
      const CSA: { destroy?: () => void } = context.CSA ?? {};
      CSA.destroy = () => {
        delete CSA.destroy;
        throw new Error('under test');
      };
      clients.shift()?.socket.end();
    },
    'xstate.after.nextTurn.*': () => net.clock.advance(0),
  };
}
