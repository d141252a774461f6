import type { AnyActorRef, StateValue } from 'xstate';
import { isActive } from '../actors/xstate/relay';
import type { ConnectedSocketAdapter } from '../machines/connectedSocketAdapter';
import { InvalidOptionError } from '../machines/vocabulary/errors';
import type { ServerTag } from '../machines/vocabulary/serverTag';
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
  readonly tags: ReadonlySet<ServerTag>;
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
    // this value has no snapshot, or not a server's
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

/** Whether a client that came now would get a handler, or a place in the queue: as the tags of the server's state say. */
export function isReady(server: AnyActorRef): boolean {
  const { tags, context } = snapshotOf(server);
  // an actor that was stopped keeps its last state
  if (!isActive(server)) return false;
  return tags.has('taking') || (tags.has('queueing') && context.queue.length < context.options.maxQueued);
}
