import type { AnyActorRef, AnyMachineSnapshot, Subscription } from 'xstate';
import { isActive } from '../../actors/xstate/relay';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import type { ClosedConnection } from '../../machines/vocabulary/connectionTypes';
import { isReady, snapshotOf, stateOf, type ServerSnapshot } from '../anyServer';

/** A count for each of several reasons; one that never came up is absent. */
export type CountByReason = Readonly<Record<string, number>>;

/** A connection of ServerCore's; emptied when it ends. */
interface Entry {
  readonly actor: AnyActorRef | undefined;
  readonly CSA: ConnectedSocketAdapter | undefined;
}

/** The registry of them, as its snapshot shows it. */
interface Registry {
  readonly live: ReadonlyMap<string, Entry>;
}

const isOpening = (connection: AnyActorRef): boolean =>
  (connection.getSnapshot() as AnyMachineSnapshot).hasTag('opening');

/**
 * What there is to measure of one server. It is read off the server's snapshot when somebody asks, so that a server
 * which is measured does no more work for a connection than any other; counted as they happen are only the rejections,
 * of which the snapshot doesn't keep the reasons.
 */
export class ServerFigures {
  readonly #actor: AnyActorRef;
  readonly #subscriptions: readonly Subscription[];
  readonly #rejected = new Map<string, number>();
  /** The most that was ever read. A server that is stopped drops its connections without counting what they moved. */
  readonly #most = { bytesIn: 0, bytesOut: 0 };

  /** @param onClosed - is told how long each connection was open, in seconds */
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

  /** Of those, how many have the PROXY header or the TLS handshake before them. */
  get opening(): number {
    if (!isActive(this.#actor)) return 0;
    const { CSA, isOpen } = this.#context;
    let count = CSA !== undefined && isOpen === false ? 1 : 0;
    for (const { actor } of this.#live) {
      if (actor !== undefined && isOpening(actor)) count += 1;
    }
    return count;
  }

  /** How many there may be at once; undefined without a limit. */
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

  /** Since these figures are kept. */
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

  /** Counts no further. What was counted can still be read. */
  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  get #context(): ServerSnapshot['context'] {
    return snapshotOf(this.#actor).context;
  }

  /** ServerCore's connections. */
  get #live(): Iterable<Entry> {
    const registry = snapshotOf(this.#actor).children['connections']?.getSnapshot() as Registry | undefined;
    return registry?.live.values() ?? [];
  }

  /** Of the connections that have ended, and of those that are open: some 2 ms of asking sockets when they are 10,000. */
  #total(direction: 'bytesIn' | 'bytesOut'): number {
    const { tally, CSA: only } = this.#context;
    let total = tally[direction] + (only?.[direction] ?? 0);
    for (const { CSA } of this.#live) total += CSA?.[direction] ?? 0;
    this.#most[direction] = Math.max(this.#most[direction], total);
    return this.#most[direction];
  }
}
