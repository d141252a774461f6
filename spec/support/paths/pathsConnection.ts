import { assign, type AnyEventObject, type SnapshotFrom } from 'xstate';
import { connectionMachine, type ConnectionInput } from '../../../machines/connectionMachine';
import type { TimeLimits } from '../../../machines/options/timeLimits';
import { setupProtocol } from '../../../server/index';
import { modelPaths, type ModelPaths } from '../../../server/testing/paths/modelPaths';
import { issue } from '../tls/certificates';
import { Recorder } from '../recorder';

type Options = ConnectionInput['options'];
type ConnectionSnapshot = SnapshotFrom<typeof connectionMachine>;

export const timeLimits = {
  openTimeout: 5_000,
  handlerStartTimeout: 300,
  idleTimeout: 400,
  minReceiveRate: { bytesPerSecond: 1_000, window: 200 },
  writeTimeout: 1_000,
} as const satisfies TimeLimits;

const { openTimeout, writeTimeout, handlerStartTimeout, idleTimeout, minReceiveRate } = timeLimits;
export const lingerTimeout = 2_000;

/** Limits with which `maxConnectionDuration` runs out before any other limit. */
export const brief = {
  maxConnectionDuration: 3_000,
  ...{ openTimeout: 60_000, writeTimeout: 60_000, lingerTimeout: 60_000 },
} as const satisfies Partial<Options>;

/** A handler that emits what the spec wants, and crashes when its peer sends `!`. */
export const talking = new Recorder((event) => {
  if (event.type === 'inbox' && event.data.includes('!')) throw new Error('under test');
});

/** A handler that crashes when it is told that its connection is over. */
export const failing = new Recorder((event) => {
  if (event.type === 'control.socketShutdown') throw new Error('under test');
});

/** A handler that ends at its first bytes, and doesn't handle the server's shutdown. */
const finishing = setupProtocol().createMachine({
  initial: 'listening',
  states: { listening: { on: { inbox: { target: 'over' } } }, over: { type: 'final' } },
});

/** A handler that never reads: it waits for an event that doesn't come. */
const stuck = setupProtocol().createMachine({
  initial: 'preparing',
  states: {
    preparing: { on: { 'control.spaceInBox': { target: 'reading' } } },
    reading: { on: { inbox: { actions: 'reply' } } },
  },
});

/** What the model knows of a socket. */
interface ModelCSA {
  /** Nothing waits to be sent. */
  readonly isFlushed: boolean;
  /** The peer has ended its side. */
  readonly isEnded: boolean;
  /** The upgrade to TLS has been asked for. */
  readonly isUpgrading: boolean;
}

const idleCSA: ModelCSA = { isFlushed: true, isEnded: false, isUpgrading: false };

const modelInput = (options: Partial<Options>): ConnectionInput => ({
  CSA: { ...idleCSA, info: { peer: '127.0.0.1' }, isFrom: () => true } as unknown as ConnectionInput['CSA'],
  options: {
    ...{ allowHalfOpen: false, maxBufferedBytes: 1_000, openTimeout, writeTimeout, lingerTimeout },
    ...{ protocol: talking.protocol, ...options },
  },
});

const CSAOf = ({ context }: ConnectionSnapshot): ModelCSA => {
  const { isFlushed, isEnded, isUpgrading } = context.CSA as unknown as ModelCSA;
  return { isFlushed, isEnded: isEnded || context.reason === 'peerClosed', isUpgrading };
};

const noted = (facts: Partial<ModelCSA>): never =>
  assign(({ context }: { context: { CSA: object } }) => ({ CSA: { ...context.CSA, ...facts } })) as never;

/** The chart, with a socket that changes as the chart's actions say. */
const model = connectionMachine.provide({
  actions: {
    tellNoSpaceInBox: noted({ isFlushed: false }),
    tellSpaceInBox: noted({ isFlushed: true }),
    tellProducerFinished: noted({ isEnded: true }),
    startTls: noted({ isUpgrading: true }),
    tellSslready: noted({ isUpgrading: false }),
  },
});

function canCome(snapshot: ConnectionSnapshot, event: AnyEventObject): boolean {
  const { type } = event;
  const { options } = snapshot.context;
  const { protocol } = options;
  if (protocol === finishing) {
    return type === 'xstate.done.actor.protocol' || event['reason'] === 'serverShutdown';
  }
  if (protocol === failing.protocol) {
    return type === (snapshot.matches('open') ? 'signal.producerFinished' : 'xstate.error.actor.protocol');
  }
  if (protocol === stuck) return type === '_timeouts.handlerStartTimeout';
  if (snapshot.matches('opening')) return canComeOpening(snapshot, type);
  // after its TLS handshake, a connection goes on like any other: one path into it is enough
  if (options.tls !== undefined && options.starttls !== true) return false;
  if (snapshot.matches({ open: 'upgrading' })) return canComeUpgrading(snapshot, type);
  if (snapshot.matches({ closing: 'flushing' })) return canComeFlushing(snapshot, type);
  return canComeOpen(snapshot, event);
}

function canComeOpening(snapshot: ConnectionSnapshot, type: string): boolean {
  switch (type) {
    case '_socketFeedback.failed':
      return snapshot.matches({ opening: 'identifying' });
    case '_socketFeedback.closed':
      // during the handshake, the TLS layer tells how the connection ends, not the socket
      return !snapshot.matches({ opening: 'handshaking' });
    default:
      return isDue(snapshot, type);
  }
}

function canComeUpgrading(snapshot: ConnectionSnapshot, type: string): boolean {
  const { isFlushed, isEnded } = CSAOf(snapshot);
  const isPossible = snapshot.context.options.starttls === true && !isEnded;
  // at once, before anything else can happen
  if (!isPossible) return type === '_socketFeedback.tlsFailed';
  switch (type) {
    case '_socketFeedback.secured':
    case '_socketFeedback.tlsFailed':
      return isFlushed;
    case '_socketFeedback.spaceInBox':
    case '_socketFeedback.closed':
      // the handshake has not begun
      return !isFlushed;
    case '_socketFeedback.failed':
    case '_socketFeedback.inboxEnded':
    case 'xstate.done.actor.protocol':
    case 'xstate.error.actor.protocol':
      return false;
    default:
      return isDue(snapshot, type);
  }
}

function canComeFlushing(snapshot: ConnectionSnapshot, type: string): boolean {
  const { isFlushed, isEnded, isUpgrading } = CSAOf(snapshot);
  // at once, before anything else can happen
  if (isUpgrading) return type === '_socketFeedback.closed';
  if (isFlushed) return type === (isEnded ? '_socketFeedback.closed' : '_socketFeedback.flushed');
  switch (type) {
    case 'xstate.error.actor.protocol':
      return false;
    case '_socketFeedback.flushed':
      return !isEnded;
    case '_socketFeedback.closed':
      return isEnded;
    default:
      return isDue(snapshot, type);
  }
}

function canComeOpen(snapshot: ConnectionSnapshot, { type, ...event }: AnyEventObject): boolean {
  const { isFlushed, isEnded } = CSAOf(snapshot);
  switch (type) {
    case 'xstate.done.actor.protocol':
    case '_socketFeedback.tlsFailed':
      return false;
    case 'xstate.error.actor.protocol':
      return snapshot.matches({ open: 'flowing' });
    case '_socketFeedback.inboxEnded':
      // the end shows only when the socket is read
      if (isEnded || event['reason'] === 'serverShutdown') return false;
      return isReading(snapshot);
    case '_socketFeedback.noSpaceInBox':
      return isFlushed;
    case '_socketFeedback.spaceInBox':
      return !isFlushed;
    default:
      return isDue(snapshot, type);
  }
}

const isReading = (snapshot: ConnectionSnapshot): boolean =>
  snapshot.matches({ open: 'flowing' }) ||
  (snapshot.matches({ open: 'congested' }) && snapshot.context.options.readsWhileCongested === true);

/** For the event of a time limit: whether this limit is the next to run out. Other events are always due. */
function isDue(snapshot: ConnectionSnapshot, type: string): boolean {
  const { options } = snapshot.context;
  const { isFlushed } = CSAOf(snapshot);
  const isBrief = options.maxConnectionDuration !== undefined;
  switch (type) {
    case '_timeouts.handlerStartTimeout':
      return false;
    case '_timeouts.maxConnectionDuration':
      return isBrief;
    case '_timeouts.idleTimeout':
      return options.idleTimeout !== undefined && isReading(snapshot);
    case '_timeouts.minReceiveRate':
      return options.minReceiveRate !== undefined && isReading(snapshot);
    case '_timeouts.openTimeout':
      return !isBrief && isFlushed;
    case '_timeouts.writeTimeout':
      return !isBrief && !isFlushed;
    default:
      return true;
  }
}

const proxyProtocol = { trusted: ['127.0.0.1'] };
const tls = issue('a.test').pem;

/** Every path of a connection's chart. */
export const connectionPaths = (): ModelPaths<ConnectionInput> =>
  modelPaths(model, {
    inputs: [
      modelInput({}),
      modelInput({ allowHalfOpen: true, readsWhileCongested: true }),
      modelInput({ readsWhileCongested: true }),
      modelInput({ protocol: finishing }),
      modelInput({ protocol: failing.protocol }),
      modelInput({ protocol: stuck, handlerStartTimeout }),
      modelInput({ readsWhileCongested: true, idleTimeout }),
      modelInput({ readsWhileCongested: true, minReceiveRate }),
      modelInput({ allowHalfOpen: true, ...brief }),
      ...[{ proxyProtocol }, { proxyProtocol, tls }, { tls }, { tls, starttls: true }].flatMap((options) => [
        modelInput(options),
        modelInput({ ...options, ...brief }),
      ]),
    ],
    events: [
      { type: 'outbox', data: 'hello' },
      { type: 'xstate.error.actor.protocol', error: new Error('under test') },
      { type: '_socketFeedback.inboxEnded', reason: 'peerClosed' },
      { type: '_socketFeedback.inboxEnded', reason: 'serverShutdown' },
    ],
    serialize: CSAOf,
    filter: canCome,
    cells: true,
    unreachable: {
      'open.upgrading|_socketFeedback.noSpaceInBox|0': 'what the handler writes meanwhile is held, and meets no socket',
    },
  });
