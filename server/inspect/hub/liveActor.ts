import type { AnyActorRef, AnyStateMachine, Subscription } from 'xstate';
import { isParticipant } from '../../../actors/xstate/participant';
import { isOfObservable } from '../../../actors/xstate/snapshots';
import { isMachine } from '../../../machines/vocabulary/logic';
import { clip } from './lens';
import type { ActorId, ActorKind, ActorStatus, Born, InspectionRecord, SnapshotTaken, StateValue } from '../wire';

/** The parts of a snapshot that are looked at. */
export interface Snapshot {
  readonly status: ActorStatus;
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly error?: unknown;
}

/** Somebody who watches an actor. */
export interface Watcher {
  addEvent(record: InspectionRecord): void;
  addSnapshot(record: SnapshotTaken): void;
  /** Something could not be told. */
  drop(): void;
}

const nobody: readonly Watcher[] = [];

/** A moment, in milliseconds since 1970. */
export const now = (): number => performance.timeOrigin + performance.now();

/** An actor in a hub's registry, from its birth to its death. */
export class LiveActor {
  readonly actor: AnyActorRef;
  readonly born: Born;
  /** Who watches it. */
  watchers: readonly Watcher[] = nobody;
  /** The transitions that it has taken since the last snapshot that was told. Only kept while it is watched. */
  edges: string[] = [];
  /** The context that was told last. */
  context: unknown;
  /** The parts of this actor that have been seen: they end with it. */
  readonly parts: LiveActor[] = [];
  /** What hears what it emits, while it is watched. */
  #listening: Subscription | undefined;

  constructor(id: ActorId, actor: AnyActorRef, parent: LiveActor | undefined, livedEarlier: boolean) {
    this.actor = actor;
    const { sessionId } = actor;
    this.born = {
      type: 'born',
      at: now(),
      id,
      ...(parent !== undefined && { parent: parent.id }),
      // a root without an id of its own is best known by its machine's
      name: clip((actor.id === sessionId ? this.machine?.id : undefined) ?? actor.id),
      kind: kindOf(this),
      session: sessionId,
      ...(livedEarlier && { earlier: true }),
    };
  }

  get id(): ActorId {
    return this.born.id;
  }

  /** The machine that it runs, if it is one. */
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
