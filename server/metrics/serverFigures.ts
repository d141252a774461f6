import type { AnyActorRef, AnyMachineSnapshot, Subscription } from 'xstate';
import { isActive } from '../../actors/xstate/relay';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import type { ClosedConnection } from '../../machines/vocabulary/connectionTypes';
import { snapshotOf, stateOf, type ServerSnapshot } from '../anyServer';
import { isReady } from '../readiness';

/** How often each reason came up. A reason that never came up is absent. */
export type CountByReason = Readonly<Record<string, number>>;

/** A connection in ServerCore's registry. Both fields are undefined once the connection has ended. */
interface RegistryEntry {
  readonly actor: AnyActorRef | undefined;
  readonly CSA: ConnectedSocketAdapter | undefined;
}

/** The snapshot of ServerCore's registry of connections. */
interface ConnectionsSnapshot {
  readonly live: ReadonlyMap<string, RegistryEntry>;
}

const isOpening = (connection: AnyActorRef): boolean =>
  (connection.getSnapshot() as AnyMachineSnapshot).hasTag('opening');

/**
 * The figures of one server. They are read off the server's snapshot when they are asked for, so that measuring a
 * server adds almost no work to its connections. Only two things are noted as they happen, because the snapshot
 * doesn't keep them: why clients were rejected, and how long each connection was open.
 */
export class ServerFigures {
  readonly #actor: AnyActorRef;
  readonly #subscriptions: readonly Subscription[];
  readonly #rejected = new Map<string, number>();
  /**
   * The highest totals that were ever read. A server that is stopped drops its connections without adding their bytes
   * to its tally: without this the totals would go down.
   */
  readonly #most = { bytesIn: 0, bytesOut: 0 };

  /** @param onClosed - called when a connection ends, with the seconds that it was open */
  constructor(actor: AnyActorRef, onClosed: (seconds: number) => void) {
    this.#actor = actor;
    this.#subscriptions = [
      actor.on('connection.rejected', ({ reason }: { readonly reason: string }) => {
        this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
      }),
      actor.on('connection.closed', ({ durationMs }: ClosedConnection) => {
        onClosed(durationMs / 1_000);
      }),
    ];
  }

  get state(): string {
    return stateOf(this.#actor);
  }

  get isReady(): boolean {
    return isReady(this.#actor);
  }

  get open(): number {
    const { open, CSA } = this.#context;
    return isActive(this.#actor) ? (open ?? (CSA === undefined ? 0 : 1)) : 0;
  }

  /** How many of the open connections still wait for the PROXY header or the TLS handshake. */
  get opening(): number {
    if (!isActive(this.#actor)) return 0;
    const { CSA, isOpen } = this.#context;
    let count = CSA !== undefined && isOpen === false ? 1 : 0;
    for (const { actor } of this.#live) {
      if (actor !== undefined && isOpening(actor)) count += 1;
    }
    return count;
  }

  /** How many connections may be open at once; undefined without a limit. */
  get limit(): number | undefined {
    const { maxConnections = 1 } = this.#context.options;
    return maxConnections === Infinity ? undefined : maxConnections;
  }

  get queued(): number {
    return isActive(this.#actor) ? this.#context.queue.length : 0;
  }

  get accepted(): number {
    return this.#context.tally.connections;
  }

  /** The rejections since this object was made. */
  get rejected(): CountByReason {
    return Object.fromEntries(this.#rejected);
  }

  get closed(): CountByReason {
    return this.#context.tally.reasons;
  }

  get handlerFailures(): number {
    return this.#context.tally.reasons.handlerFailed ?? 0;
  }

  get bytesIn(): number {
    return this.#total('bytesIn');
  }

  get bytesOut(): number {
    return this.#total('bytesOut');
  }

  /** Stops counting rejections and durations. All figures can still be read. */
  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  get #context(): ServerSnapshot['context'] {
    return snapshotOf(this.#actor).context;
  }

  /** ServerCore's connections; none for SingleServer. */
  get #live(): Iterable<RegistryEntry> {
    const registry = snapshotOf(this.#actor).children['connections']?.getSnapshot() as ConnectionsSnapshot | undefined;
    return registry?.live.values() ?? [];
  }

  /** The bytes of all connections, ended and open. With 10,000 open ones, asking their sockets takes some 2 ms. */
  #total(direction: 'bytesIn' | 'bytesOut'): number {
    const { tally, CSA: only } = this.#context;
    let total = tally[direction] + (only?.[direction] ?? 0);
    for (const { CSA } of this.#live) total += CSA?.[direction] ?? 0;
    this.#most[direction] = Math.max(this.#most[direction], total);
    return this.#most[direction];
  }
}
