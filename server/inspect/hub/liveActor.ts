import type { AnyActorRef, AnyStateMachine, Subscription } from 'xstate';
import { isParticipant } from '../../../actors/xstate/participant';
import { isOfObservable } from '../../../actors/xstate/snapshots';
import { isMachine } from '../../../machines/vocabulary/logic';
import { clip } from './lens';
import type {
  ActorId,
  ActorKind,
  ActorStatus,
  BornRecord,
  InspectionRecord,
  SnapshotRecord,
  StateValue,
} from '../records';

/** The parts of an actor's snapshot that a hub reads. */
export interface Snapshot {
  readonly status: ActorStatus;
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly error?: unknown;
}

/** A subscriber, as the actors that it watches know it. */
export interface Watcher {
  addEvent(record: InspectionRecord): void;
  addSnapshot(record: SnapshotRecord): void;
  /** An event or a snapshot is missing: making its record has failed. */
  drop(): void;
}

const nobody: readonly Watcher[] = [];

/** The time now: milliseconds since 1970, with fractions. */
export const now = (): number => performance.timeOrigin + performance.now();

/** An actor in a hub's registry, from its birth to its death. */
export class LiveActor {
  readonly actor: AnyActorRef;
  readonly born: BornRecord;
  /** The subscribers that watch the actor. */
  watchers: readonly Watcher[] = nobody;
  /** The transitions that the actor has taken since its last snapshot record. Empty unless the actor is watched. */
  edges: string[] = [];
  /** The context of the last record about the actor. */
  context: unknown;
  /** The part of this actor that has been seen, such as a connection's socket. The part ends with this actor. */
  part: LiveActor | undefined;
  /** Hears the events that the actor emits; undefined unless the actor is watched. */
  #listening: Subscription | undefined;

  constructor(id: ActorId, actor: AnyActorRef, parent: LiveActor | undefined, livedEarlier: boolean) {
    this.actor = actor;
    const { sessionId } = actor;
    this.born = {
      type: 'born',
      at: now(),
      id,
      ...(parent !== undefined && { parent: parent.id }),
      // XState names a root without an id of its own by the session: the machine's id tells more
      name: clip((actor.id === sessionId ? this.machine?.id : undefined) ?? actor.id),
      kind: kindOf(this),
      session: sessionId,
      ...(livedEarlier && { earlier: true }),
    };
  }

  get id(): ActorId {
    return this.born.id;
  }

  /** The machine that the actor runs; undefined for other logic. */
  get machine(): AnyStateMachine | undefined {
    const { logic } = this.actor as unknown as { logic: unknown };
    return isMachine(logic) ? logic : undefined;
  }

  get snapshot(): Snapshot {
    return this.actor.getSnapshot() as Snapshot;
  }

  addWatcher(watcher: Watcher, onEmitted: (live: LiveActor, event: { type: string }) => void): void {
    this.watchers = [...this.watchers, watcher];
    this.#listening ??= this.actor.on('*', (event: { type: string }) => {
      onEmitted(this, event);
    });
  }

  removeWatcher(watcher: Watcher): void {
    this.watchers = this.watchers.filter((other) => other !== watcher);
    if (this.watchers.length > 0) return;
    this.#listening?.unsubscribe();
    this.#listening = undefined;
    this.edges = [];
    this.context = undefined;
  }
}

function kindOf({ actor, machine, snapshot }: LiveActor): ActorKind {
  if (isParticipant(actor)) return 'part';
  if (machine !== undefined) return 'machine';
  if (isOfObservable(snapshot)) return 'observable';
  return 'context' in snapshot ? 'transition' : 'other';
}
