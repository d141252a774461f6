import type { AnyEventObject, SnapshotFrom } from 'xstate';
import { singleServerMachine, type SingleServer, type SingleServerOptions } from '../../server/index';
import type { Drive } from '../../server/testing/paths/modelPath';
import { modelPaths, type ModelPaths } from '../../server/testing/paths/modelPaths';
import { emitted } from './events';
import { deaf } from './fixtures';
import type { Net, Peer } from './networks';
import { floodFor, lateCSA, listenerEvents, modelCSA, serverOptions, takenPort } from './paths';

const common = { ...serverOptions, maxPendingBytes: 10 };

/** What the chart can't see of a client is in the event. */
const model = singleServerMachine.provide({
  guards: { takesBytes: ({ context, event }) => context.CSA !== undefined && !('isLate' in event) },
});

function canCome(snapshot: SnapshotFrom<typeof singleServerMachine>, event: AnyEventObject): boolean {
  const { CSA, options, pending, portIsFree, tally } = snapshot.context;
  if (options.port === takenPort) return event.type === '_listener.failed';
  // at once, before anything else can happen
  if (snapshot.matches('draining') && !portIsFree) return event.type === '_listener.closed';
  if (snapshot.matches({ draining: 'cutting' })) return event.type === 'xstate.done.actor.connection';
  switch (event.type) {
    case '_listener.failed':
    case '_listener.closed':
    case '_oobinfo.shutdownCSA':
      // the server raises the latter itself
      return false;
    case '_listener.listening':
      if (snapshot.matches('idle')) return options.whenBusy === 'refuse' && tally.connections > 0;
      return snapshot.matches('starting') || snapshot.matches('draining');
    case '_CSA.outbox':
    case '_CSA.noSpaceInBox':
    case '_CSA.spaceInBox':
      // without a handler a drain ends the connection's boxes at once
      return CSA !== undefined && options.protocol === undefined && !snapshot.matches('draining');
    case 'xstate.done.actor.connection':
    case 'xstate.error.actor.connection':
      return CSA !== undefined;
    case 'inbox':
    case 'control.producerFinished':
      // a drain ends a connection that has no handler to say otherwise
      if (snapshot.matches('draining')) return (options.protocol === undefined) === 'isLate' in event;
      return !('isLate' in event) && pending.events.length < 2;
    default:
      return true;
  }
}

/** Every path of SingleServer's chart. */
export const singlePaths = (): ModelPaths<SingleServerOptions | undefined> =>
  modelPaths(model, {
    inputs: [
      common,
      { ...common, protocol: deaf },
      { ...common, whenBusy: 'queue', maxQueued: 2 },
      { ...common, whenBusy: 'refuse' },
      { ...common, port: takenPort },
    ],
    events: [
      { type: 'inbox', data: 'little' },
      { type: 'inbox', data: 'more than there is room for' },
      { type: 'inbox', data: 'late', isLate: true },
      { type: '_oobinfo.newCSA', CSA: modelCSA },
      { type: '_CSA.outbox', data: Buffer.from('hello') },
      { type: 'xstate.done.actor.connection', output: { reason: 'peerClosed' } },
      { type: 'xstate.error.actor.connection', error: new Error('under test') },
      ...listenerEvents,
    ],
    serialize: ({ context: { CSA, pending, queue, portIsFree, tally } }) => [
      ...[CSA !== undefined, tally.connections > 0],
      ...[pending.events.length, queue.length, portIsFree],
    ],
    filter: canCome,
    cells: true,
  });

/** How the events of a SingleServer happen on a network. */
export function singleDrive(net: Net, server: SingleServer): Drive {
  const clients: Peer[] = [];
  const snapshot = (): SnapshotFrom<typeof singleServerMachine> => server.actor.getSnapshot();
  const overwhelm = async (): Promise<void> => {
    const isFull = emitted(server, 'signal.noSpaceInBox');
    server.send({ type: 'inbox', data: floodFor(net) });
    await isFull;
  };
  return {
    '_listener.listening': (event) => {
      // elsewhere it comes by itself
      if (snapshot().matches('draining')) server.send(event as never);
    },
    '_listener.closed': 'itself',
    '_listener.failed': 'itself',
    '_oobinfo.newCSA': async () => {
      if (!snapshot().matches({ connected: 'refusing' }) && !snapshot().matches('draining')) {
        clients.push(net.call({ host: '127.0.0.1', port: server.address?.port ?? 0 }));
        return;
      }
      const [client, CSA] = await lateCSA(net);
      clients.push(client);
      server.send({ type: '_oobinfo.newCSA', CSA });
    },
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
    'xstate.after.shutdownTimeout.*': () => net.clock.advance(serverOptions.shutdownTimeout),
  };
}
