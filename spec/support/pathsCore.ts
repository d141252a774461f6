import type { AnyEventObject, SnapshotFrom } from 'xstate';
import { serverCoreMachine, type ServerCore, type ServerCoreOptions } from '../../server/index';
import type { Drive } from '../../server/testing/paths/modelPath';
import { modelPaths, type ModelPaths } from '../../server/testing/paths/modelPaths';
import type { Net, Peer } from './networks';
import { lateCSA, listenerEvents, modelCSA, serverOptions, takenPort } from './paths';
import { Recorder } from './recorder';

/** A handler that crashes when it is told to. */
const { protocol } = new Recorder((event) => {
  if (event.type === 'inbox' && event.data.includes('!')) throw new Error('under test');
});

const common = { ...serverOptions, protocol };

function canCome(snapshot: SnapshotFrom<typeof serverCoreMachine>, { type }: AnyEventObject): boolean {
  const { open, portIsFree, options } = snapshot.context;
  if (options.port === takenPort) return type === '_listener.failed';
  // at once, before anything else can happen
  if (snapshot.matches('draining') && !portIsFree) return type === '_listener.closed';
  // its clients are gone at once
  if (snapshot.matches({ draining: 'cutting' })) return type === '_socketactivity.shutdownCSA';
  switch (type) {
    case '_listener.failed':
    case '_listener.closed':
      return false;
    case '_listener.listening':
      return snapshot.matches('starting') || snapshot.matches({ listening: 'accepting' });
    case '_socketactivity.handlerFailed':
    case '_socketactivity.shutdownCSA':
      return open > 0;
    default:
      return true;
  }
}

/** Every path of ServerCore's chart. */
export const corePaths = (): ModelPaths<ServerCoreOptions> =>
  modelPaths(serverCoreMachine, {
    inputs: [
      { ...common, maxConnections: 2 },
      { ...common, maxConnections: 1, whenBusy: 'queue', maxQueued: 1 },
      { ...common, maxConnections: 1, whenBusy: 'refuse' },
      { ...common, port: takenPort },
    ],
    events: [
      { type: '_socketactivity.newCSA', CSA: modelCSA },
      { type: '_socketactivity.shutdownCSA', reason: 'peerClosed' },
      { type: '_socketactivity.handlerFailed', id: 'connection:1' },
      ...listenerEvents,
    ],
    serialize: ({ context: { open, queue, portIsFree } }) => [open, queue.length, portIsFree],
    filter: canCome,
    cells: true,
  });

/** How the events of a ServerCore happen on a network. */
export function coreDrive(net: Net, server: ServerCore): Drive {
  const clients: Peer[] = [];
  const is = (value: unknown): boolean => server.actor.getSnapshot().matches(value as never);
  return {
    '_listener.listening': () => {
      if (is('starting')) return;
      server.send({ type: 'control.suspend' });
      server.send({ type: 'control.resume' });
    },
    '_listener.closed': 'itself',
    '_listener.failed': 'itself',
    '_socketactivity.newCSA': async () => {
      const isOpen =
        is({ listening: 'accepting' }) || (is({ listening: 'full' }) && !is({ listening: { full: 'refusing' } }));
      if (isOpen) {
        clients.push(net.call({ host: '127.0.0.1', port: server.address?.port ?? 0 }));
        return;
      }
      const [client, CSA] = await lateCSA(net);
      clients.push(client);
      server.send({ type: '_socketactivity.newCSA', CSA });
    },
    '_socketactivity.handlerFailed': () => clients.shift()?.socket.end('!'),
    '_socketactivity.shutdownCSA': () => {
      if (!is({ draining: 'cutting' })) clients.shift()?.socket.end();
    },
    'xstate.after.*': () => net.clock.advance(serverOptions.shutdownTimeout),
  };
}
