import type { AnyActorRef, EventObject, InspectedEventEvent } from 'xstate';
import { parentOf } from '../../../actors/xstate/parentOf';
import { isParticipant } from '../../../actors/xstate/participant';
import { edgeIdOf } from '../../diagram/edgeId';
import type { Census } from './census';
import type { Subscriber } from './subscriber';
import { clip, type Lens } from './lens';
import { now, type LiveActor, type Snapshot, type Watcher } from './liveActor';
import { hasEnded } from './livingActors';
import type { RawInspectionEvent } from '../../../actors/xstate/internals';
import { transitionsOf } from '../../../actors/xstate/transitionsOf';
import type { DiedRecord, SnapshotRecord } from '../records';

/** Transitions that are noted for one snapshot. A chart that takes more of them goes round in circles. */
const mostEdges = 50;

/** Turns XState's inspection events into records, for the subscribers of a hub. */
export class Reporter {
  readonly #census: Census;
  readonly #lens: Lens;
  readonly #subscribers: ReadonlySet<Subscriber>;
  readonly #belongs: (actor: AnyActorRef) => boolean;
  /** The actors that somebody watches. */
  readonly #watched = new Map<AnyActorRef, LiveActor>();

  /** @param belongs - whether the hub is attached to an actor's system: actors may send to those of other systems */
  constructor(
    census: Census,
    lens: Lens,
    subscribers: ReadonlySet<Subscriber>,
    belongs: (actor: AnyActorRef) => boolean,
  ) {
    this.#census = census;
    this.#lens = lens;
    this.#subscribers = subscribers;
    this.#belongs = belongs;
  }

  /** Takes an inspection event. Never throws: XState would end the actor. */
  hear(event: RawInspectionEvent): void {
    // not with attempt(): a function for each event of each actor would cost too much
    try {
      this.#note(event);
    } catch {
      this.#drop();
    }
  }

  /** Runs `act`. When it throws, subscribers count one more event as missing, and nobody else notices. */
  attempt(act: () => void): void {
    try {
      act();
    } catch {
      this.#drop();
    }
  }

  #drop(): void {
    for (const subscriber of this.#subscribers) subscriber.drop();
  }

  /** Tells the subscribers of an actor's birth, unless that was done before. */
  tellBorn(actor: AnyActorRef, livedEarlier: boolean): LiveActor {
    return this.#census.enter(actor, livedEarlier, (live) => {
      for (const subscriber of this.#subscribers) subscriber.welcome(live);
    });
  }

  /** Tells the subscribers of an actor's end, unless that was done before. */
  tellDied(live: LiveActor | undefined): void {
    if (live === undefined) return;
    this.tellDied(live.part);
    if (this.#census.get(live.actor) !== live) return;
    const { snapshot } = live;
    const { status } = snapshot;
    const died: DiedRecord = {
      ...{ type: 'died', at: now(), id: live.id },
      status: status === 'active' ? 'stopped' : status,
      ...(status === 'error' && { error: this.#lens.error(snapshot.error) }),
    };
    this.#census.leave(live);
    for (const subscriber of this.#subscribers) {
      subscriber.forget(live);
      subscriber.add(died);
    }
  }

  addWatcher(live: LiveActor, watcher: Watcher): void {
    live.addWatcher(watcher, this.#tellEmitted);
    this.#watched.set(live.actor, live);
  }

  removeWatcher(live: LiveActor, watcher: Watcher): void {
    live.removeWatcher(watcher);
    if (live.watchers.length === 0) this.#watched.delete(live.actor);
  }

  /** Runs for each event of each actor: one that nobody watches must cost no more than a look into `#watched`. */
  #note(event: RawInspectionEvent): void {
    switch (event.type) {
      case '@xstate.event':
        this.#noteSent(event);
        break;
      case '@xstate.microstep': {
        const live = this.#watched.get(event.actorRef as AnyActorRef);
        if (live === undefined || live.edges.length > mostEdges) break;
        for (const transition of transitionsOf(event)) live.edges.push(edgeIdOf(transition));
        break;
      }
      case '@xstate.snapshot': {
        const actor = event.actorRef as AnyActorRef;
        const snapshot = event.snapshot as unknown as Snapshot;
        const watched = this.#watched.get(actor);
        try {
          if (watched !== undefined) this.#tellSnapshot(watched, snapshot, event.event);
        } finally {
          // a stopped fromTransition actor's snapshot still says 'active'
          if (snapshot.status !== 'active' || event.event.type === 'xstate.stop')
            this.tellDied(this.#census.get(actor));
        }
        break;
      }
      default:
    }
  }

  #noteSent({ sourceRef, actorRef, event }: InspectedEventEvent): void {
    const source = sourceRef as AnyActorRef | undefined;
    const target = actorRef as AnyActorRef;
    const isXStates = event.type.startsWith('xstate.');
    // also for an actor that ends at once: its birth is told before its death
    if (isXStates && event.type === 'xstate.init') this.tellBorn(target, false);
    else if (this.#watched.has(target) || (source !== undefined && this.#watched.has(source))) {
      this.#tellSent(source && this.#seen(source), this.#seen(target), event);
    }
    // XState tells the parent of a crash, and no observer
    if (isXStates && event.type.startsWith('xstate.error.actor.') && source !== undefined && hasEnded(source)) {
      this.tellDied(this.#census.get(source));
    }
  }

  /**
   * The source or the target of an event, entered into the census if need be: a target may not have been started yet,
   * and a part of an actor appears only in events.
   */
  #seen(actor: AnyActorRef): LiveActor | undefined {
    const known = this.#census.get(actor);
    if (known !== undefined || hasEnded(actor) || !this.#belongs(actor)) return known;
    if (!isParticipant(actor)) return this.tellBorn(actor, false);
    // a part ends with its owner, so there must be one that lives
    const owner = parentOf(actor);
    const above = owner === undefined || hasEnded(owner) ? undefined : this.#census.get(owner);
    if (above === undefined) return undefined;
    above.part = this.tellBorn(actor, false);
    return above.part;
  }

  #tellSent(source: LiveActor | undefined, target: LiveActor | undefined, event: EventObject): void {
    if (target === undefined) return;
    const from = source === undefined ? {} : { source: source.id };
    const record = { type: 'event', at: now(), ...from, target: target.id, event: this.#lens.event(event) } as const;
    for (const watcher of audience(source, target)) watcher.addEvent(record);
  }

  readonly #tellEmitted = (source: LiveActor, event: EventObject): void => {
    try {
      const record = { type: 'emitted', at: now(), source: source.id, event: this.#lens.event(event) } as const;
      for (const watcher of source.watchers) watcher.addEvent(record);
    } catch {
      for (const watcher of source.watchers) watcher.drop();
    }
  };

  #tellSnapshot(live: LiveActor, { status, value, context }: Snapshot, event: EventObject): void {
    const { edges } = live;
    const hasContextChanged = this.#lens.context && context !== live.context;
    if (edges.length === 0 && !hasContextChanged && status === 'active') return;
    const record: SnapshotRecord = {
      ...{ type: 'snapshot', at: now(), id: live.id, status, event: clip(event.type) },
      ...(live.machine !== undefined && value !== undefined && { value }),
      ...(edges.length > 0 && { edges }),
      ...(hasContextChanged && this.#lens.contextOf(context)),
    };
    live.edges = [];
    live.context = context;
    for (const watcher of live.watchers) watcher.addSnapshot(record);
  }
}

/** The subscribers that watch at least one of two actors, each once. */
function audience(source: LiveActor | undefined, target: LiveActor): readonly Watcher[] {
  if (source === undefined || source.watchers.length === 0) return target.watchers;
  if (target.watchers.length === 0) return source.watchers;
  return [...new Set([...source.watchers, ...target.watchers])];
}
