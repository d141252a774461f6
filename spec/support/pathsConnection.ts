import { assign, createActor, type Actor, type AnyEventObject, type SnapshotFrom } from 'xstate';
import { ConnectedSocketAdapter } from '../../actors/connectedSocketAdapter';
import { connectionInfo } from '../../actors/connectionInfo';
import { connectionMachine, type ConnectionInput } from '../../machines/connectionMachine';
import { connection, setupProtocol } from '../../server/index';
import type { Drive } from '../../server/testing/paths/modelPath';
import { modelPaths, type ModelPaths } from '../../server/testing/paths/modelPaths';
import { eventually } from './events';
import { atEnd } from './fixtures';
import { turns, type Net, type Peer } from './networks';
import { floodFor } from './paths';
import { Recorder, type Recorded } from './recorder';

const limits = { allowHalfOpen: false, writeTimeout: 1_000, lingerTimeout: 2_000 } as const;
const socketLimits = { ...limits, maxBufferedBytes: 1_000 };

/** A handler that says what the spec wants, and crashes when its peer says so. */
const talking = new Recorder((event) => {
  if (event.type === 'inbox' && event.data.includes('!')) throw new Error('under test');
});

/** A handler that crashes at its last word. */
const failing = new Recorder((event) => {
  if (event.type === 'control.socketShutdown') throw new Error('under test');
});

/** A handler that ends when it is told anything, and doesn't listen to the server. */
const finishing = setupProtocol().createMachine({
  initial: 'listening',
  states: { listening: { on: { inbox: { target: 'over' } } }, over: { type: 'final' } },
});

/** What a socket is to the model. */
interface ModelCSA {
  /** Nothing waits to be sent. */
  readonly isFlushed: boolean;
  /** The peer has ended its side. */
  readonly isEnded: boolean;
}

const modelInput = (options: Partial<ConnectionInput['options']>): ConnectionInput => ({
  CSA: { isFlushed: true, isEnded: false } as unknown as ConnectionInput['CSA'],
  options: { ...limits, protocol: talking.protocol, ...options },
});

const CSAOf = ({ context }: SnapshotFrom<typeof connectionMachine>): ModelCSA => {
  const CSA = context.CSA as unknown as ModelCSA;
  return { isFlushed: CSA.isFlushed, isEnded: CSA.isEnded || context.reason === 'peerClosed' };
};

const noted = (what: Partial<ModelCSA>): never =>
  assign(({ context }: { context: { CSA: object } }) => ({ CSA: { ...context.CSA, ...what } })) as never;

/** The chart, with a socket that is what the chart has been told of it. */
const model = connectionMachine.provide({
  actions: {
    tellNoSpaceInBox: noted({ isFlushed: false }),
    tellSpaceInBox: noted({ isFlushed: true }),
    tellProducerFinished: noted({ isEnded: true }),
  },
  guards: { isStalled: ({ event }) => 'isStalled' in event && event.isStalled === true },
});

function canCome(snapshot: SnapshotFrom<typeof connectionMachine>, event: AnyEventObject): boolean {
  const { type } = event;
  const { protocol, readsWhileCongested = false } = snapshot.context.options;
  const { isFlushed, isEnded } = CSAOf(snapshot);
  if (protocol === finishing) {
    return type === 'xstate.done.actor.protocol' || event['reason'] === 'serverShutdown';
  }
  if (protocol === failing.protocol) {
    return type === (snapshot.matches('open') ? 'signal.producerFinished' : 'xstate.error.actor.protocol');
  }
  // at once, before anything else can happen
  if (snapshot.matches({ closing: 'flushing' }) && isFlushed) {
    return type === (isEnded ? '_socketFeedback.closed' : '_socketFeedback.flushed');
  }
  switch (type) {
    case 'xstate.done.actor.protocol':
      return false;
    case 'xstate.error.actor.protocol':
      return snapshot.matches({ open: 'flowing' });
    case '_socketFeedback.flushed':
      return !isEnded;
    case '_socketFeedback.closed':
      return !snapshot.matches({ closing: 'flushing' }) || isEnded;
    case '_socketFeedback.inboxEnded':
      // what isn't read has no end
      if (isEnded || event['reason'] === 'serverShutdown') return false;
      return readsWhileCongested || !snapshot.matches({ open: 'congested' });
    case '_socketFeedback.noSpaceInBox':
      return isFlushed;
    case '_socketFeedback.spaceInBox':
      return !isFlushed;
    default:
      return event['isStalled'] !== true || !isFlushed;
  }
}

const stalling = (state: string): AnyEventObject[] =>
  [true, false].map((isStalled) => ({ type: `xstate.after.writeTimeout.connection.${state}`, isStalled }));

/** Every path of a connection's chart. */
export const connectionPaths = (): ModelPaths<ConnectionInput> =>
  modelPaths(model, {
    inputs: [
      modelInput({}),
      modelInput({ allowHalfOpen: true, readsWhileCongested: true }),
      modelInput({ readsWhileCongested: true }),
      modelInput({ protocol: finishing }),
      modelInput({ protocol: failing.protocol }),
    ],
    events: [
      { type: 'outbox', data: 'hello' },
      { type: 'xstate.error.actor.protocol', error: new Error('under test') },
      { type: '_socketFeedback.inboxEnded', reason: 'peerClosed' },
      { type: '_socketFeedback.inboxEnded', reason: 'serverShutdown' },
      ...['open.congested', 'open.peerEnded', 'closing.flushing'].flatMap(stalling),
    ],
    serialize: CSAOf,
    filter: canCome,
    cells: true,
  });

/** A connection that has not started, over a socket on a network. */
export async function makeConnection(
  net: Net,
  { options }: ConnectionInput,
): Promise<{ actor: Actor<typeof connection>; drive: Drive }> {
  const [client, accepted] = await net.pair();
  const { socket } = accepted;
  const { allowHalfOpen } = options;
  const { clock } = net;
  const CSA = new ConnectedSocketAdapter(socket, connectionInfo('connection:1', socket), {
    ...socketLimits,
    allowHalfOpen,
    clock,
  });
  const actor = createActor(connection, { input: { CSA, options }, clock });
  atEnd(() => actor.stop());
  const recorder = options.protocol === failing.protocol ? failing : talking;
  // it starts with the connection
  const first = recorder.handlers.length;
  const handler = (): Recorded => {
    const made = recorder.handlers[first];
    if (made === undefined) throw new Error('The handler has not started');
    return made;
  };
  return { actor, drive: connectionDrive(net, actor, client, accepted, handler) };
}

/** How the events of a connection happen. */
function connectionDrive(
  net: Net,
  actor: Actor<typeof connection>,
  client: Peer,
  accepted: Peer,
  handler: () => Recorded,
): Drive {
  const says = (event: AnyEventObject): void => {
    handler().emit(event as never);
  };
  /** What comes behind the end of a handler that has gone past the adapter. */
  const tellLate = (event: AnyEventObject): boolean => {
    const isLate = actor.getSnapshot().matches('closing');
    if (isLate) actor.send(event as never);
    return isLate;
  };
  return {
    'signal.*': says,
    'serversignal.*': says,
    '_socketFeedback.refused': (event) => {
      if (!tellLate(event)) says({ type: 'outbox', data: 42 });
    },
    '_socketFeedback.inboxEnded': ({ reason }) => {
      if (reason === 'serverShutdown') actor.send({ type: 'control.serverShutdown' });
      else client.socket.end();
    },
    '_socketFeedback.noSpaceInBox': () => {
      handler().write(floodFor(net));
    },
    '_socketFeedback.overflowed': (event) => {
      if (tellLate(event)) return;
      handler().write(floodFor(net));
      handler().write('.');
    },
    '_socketFeedback.spaceInBox': () => {
      client.reads();
    },
    '_socketFeedback.flushed': () => {
      client.reads();
    },
    '_socketFeedback.failed': async () => {
      client.socket.resetAndDestroy();
      if (!actor.getSnapshot().matches({ open: 'peerEnded' })) return;
      // once all is read, who doesn't write hears of no reset
      await turns();
      handler().write('.');
    },
    '_socketFeedback.closed': () => {
      if (actor.getSnapshot().matches('open')) accepted.socket.destroy();
      else client.reads().socket.end();
    },
    'xstate.done.actor.protocol': () => client.socket.write('.'),
    'xstate.error.actor.protocol': () => {
      if (actor.getSnapshot().matches('open')) client.socket.write('!');
    },
    'xstate.after.writeTimeout.*': async ({ isStalled }) => {
      if (isStalled === true) {
        // something may have left since the last look, but not since the one after
        await net.clock.advance(2 * limits.writeTimeout);
        return;
      }
      if (accepted.socket.writableLength > 0) await readsHalf(client, floodFor(net));
      await net.clock.advance(limits.writeTimeout);
    },
    'xstate.after.lingerTimeout.*': () => net.clock.advance(limits.lingerTimeout),
  };
}

/** More than the buffers between the two ends hold, so that something has left for certain. */
async function readsHalf({ socket }: Peer, { length }: Buffer): Promise<void> {
  socket.resume();
  await eventually(() => socket.bytesRead > length / 2);
  socket.pause();
}
