import type { AnyActorRef, StateValue } from 'xstate';
import { isActive } from '../actors/xstate/relay';
import type { ConnectedSocketAdapter } from '../machines/connectedSocketAdapter';
import { InvalidOptionError } from '../machines/vocabulary/errors';
import type { Tally } from '../machines/context/tally';

/** A server, for those who look at one: what `createServerCore` returns, or an actor, wherever in an app it lives. */
export type AnyServer = AnyActorRef | { readonly actor: AnyActorRef };

/** Something that looks at a server until it is told not to. */
export interface Attachment {
  /** Leaves nothing behind. Any number of calls is fine. */
  detach(): void;
}

/** What ServerCore and SingleServer have in common, and what only one of them has, as their snapshots show it. */
export interface ServerSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: StateValue;
  readonly context: {
    readonly tally: Tally;
    readonly queue: readonly unknown[];
    readonly options: { readonly maxQueued: number; readonly maxConnections?: number };
    /** ServerCore: how many connections there are, those that are opening among them. */
    readonly open?: number;
    /** SingleServer: its one connection. */
    readonly CSA?: ConnectedSocketAdapter | undefined;
    /** SingleServer: whether that one has been opened. */
    readonly isOpen?: boolean;
  };
  /** Among ServerCore's is the registry of its connections. */
  readonly children: Readonly<Partial<Record<string, AnyActorRef>>>;
}

/**
 * The actor of a server.
 * @throws {@link InvalidOptionError} when it isn't one
 */
export function serverActor(server: AnyServer): AnyActorRef {
  try {
    const actor = 'actor' in server ? server.actor : server;
    if (typeof snapshotOf(actor).context.tally.since === 'number') return actor;
  } catch {
    // it has no such thing as a snapshot, or not a server's
  }
  const allowed = 'a server: what createServerCore or createSingleServer returned, or an actor of theirs';
  throw new InvalidOptionError('server', server, allowed);
}

export const snapshotOf = (server: AnyActorRef): ServerSnapshot => server.getSnapshot() as ServerSnapshot;

/** A server's state in words: `listening.accepting`. One that ended by no way of its chart's is `failed` or `stopped`. */
export function stateOf(server: AnyActorRef): string {
  const { status, value } = snapshotOf(server);
  if (status === 'error') return 'failed';
  return isActive(server) || status === 'done' ? inWords(value) : 'stopped';
}

function inWords(value: StateValue): string {
  if (typeof value === 'string') return value;
  const regions = Object.entries(value).map(([name, inner]) => [name, inner === undefined ? '' : inWords(inner)]);
  return regions.map((path) => path.filter((part) => part !== '').join('.')).join(', ');
}

/** The states in which a client is taken at once. */
const taking: ReadonlySet<string> = new Set(['accepting', 'crowded', 'idle']);
/** Those in which it waits for its turn, while there is room; `changing` is the turn of SingleServer's next client. */
const queueing: ReadonlySet<string> = new Set(['queueing', 'changing']);

/**
 * Whether a client that came now would get a handler, or a place in the queue. Of a state that isn't known here the
 * answer is no: rather one client too few than one that nobody serves.
 */
export function isReady(server: AnyActorRef): boolean {
  const { queue, options } = snapshotOf(server).context;
  const states = stateOf(server).split(/\.|, /);
  const hasRoom = queue.length < options.maxQueued;
  return states.some((state) => taking.has(state) || (hasRoom && queueing.has(state)));
}
