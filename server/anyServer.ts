import type { AnyActorRef, StateValue } from 'xstate';
import { isActive } from '../actors/xstate/relay';
import type { ConnectedSocketAdapter } from '../machines/connectedSocketAdapter';
import { InvalidOptionError } from '../machines/vocabulary/errors';
import type { ServerTag } from '../machines/vocabulary/serverTag';
import type { Tally } from '../machines/context/tally';

/**
 * A server to look at: what `createServerCore` or `createSingleServer` returns, or the actor of a server, wherever in
 * an app that actor lives.
 */
export type AnyServer = AnyActorRef | { readonly actor: AnyActorRef };

/** Something that observes a server, such as a log or metrics, until it is detached. */
export interface Attachment {
  /** Ends the observation and leaves nothing behind. Further calls do nothing. */
  detach(): void;
}

/** The snapshot of a ServerCore or a SingleServer. What only one of them has is optional. */
export interface ServerSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: StateValue;
  readonly tags: ReadonlySet<ServerTag>;
  readonly context: {
    readonly tally: Tally;
    readonly queue: readonly unknown[];
    readonly options: { readonly maxQueued: number; readonly maxConnections?: number };
    /** ServerCore: how many connections it has, including those that are still opening. */
    readonly open?: number;
    /** SingleServer: the socket of its one connection; undefined without a connection. */
    readonly CSA?: ConnectedSocketAdapter | undefined;
    /** SingleServer: whether that connection has been opened. */
    readonly isOpen?: boolean;
  };
  /** ServerCore has the registry of its connections here, as `connections`. */
  readonly children: Readonly<Partial<Record<string, AnyActorRef>>>;
}

/**
 * Returns the actor of a server.
 * @throws {@link InvalidOptionError} when `server` is no server of ours
 */
export function serverActor(server: AnyServer): AnyActorRef {
  try {
    const actor = 'actor' in server ? server.actor : server;
    if (typeof snapshotOf(actor).context.tally.since === 'number') return actor;
  } catch {
    // this value has no snapshot, or its snapshot isn't a server's
  }
  const allowed = 'a server: what createServerCore or createSingleServer returned, or the actor of one';
  throw new InvalidOptionError('server', server, allowed);
}

/** A server's snapshot. The actor must be a server's: see {@link serverActor}. */
export const snapshotOf = (server: AnyActorRef): ServerSnapshot => server.getSnapshot() as ServerSnapshot;

/**
 * A server's state in words: `listening.accepting`. `failed` after an error; `stopped` when the actor was stopped from
 * outside, before its chart came to an end.
 */
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
