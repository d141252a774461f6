import type { AnyActorRef, EventObject, InspectedEventEvent } from 'xstate';
import { edgeIdOf } from '../../diagram/edgeId';
import type { Census } from './census';
import type { HubViewer } from './hubViewer';
import { clip, type Lens } from './lens';
import { now, type LiveActor, type Snapshot, type Watcher } from './liveActor';
import { hasEnded } from './livingActors';
import type { RawInspectionEvent } from '../../../actors/xstate/internals';
import { transitionsOf } from '../../../actors/xstate/transitionsOf';
import type { Died, SnapshotTaken } from '../wire';

/** Microsteps of one event. A chart with more of them goes round in circles. */
const mostEdges = 50;

/** Turns what XState tells of its actors into births, deaths, events and snapshots for the viewers of a hub. */
export class Reporter {
  readonly #census: Census;
  readonly #lens: Lens;
  readonly #viewers: ReadonlySet<HubViewer>;
  readonly #belongs: (actor: AnyActorRef) => boolean;
  readonly #watched = new Map<AnyActorRef, LiveActor>();

  /** @param belongs - whether an actor is of a system that the hub is attached to: those may send to others, too */
  constructor(census: Census, lens: Lens, viewers: ReadonlySet<HubViewer>, belongs: (actor: AnyActorRef) => boolean) {
    this.#census = census;
    this.#lens = lens;
    this.#viewers = viewers;
    this.#belongs = belongs;
  }

  /** Takes an inspection event. Never throws: XState would end the actor. */
  hear(event: RawInspectionEvent): void {
    // not with attempt(): of every event of every actor
    try {
      this.#note(event);
    } catch {
      this.#drop();
    }
  }

  /** A fault of ours, or a value that can't be looked at, costs the viewers what was to be told, and nobody else. */
  attempt(act: () => void): void {
    try {
      act();
    } catch {
      this.#drop();
    }
  }

  #drop(): void {
    for (const viewer of this.#viewers) viewer.drop();
  }

  /** An actor lives, unless it has been told already. */
  tellBorn(actor: AnyActorRef, livedEarlier: boolean): LiveActor {
    return this.#census.enter(actor, livedEarlier, (live) => {
      for (const viewer of this.#viewers) viewer.welcome(live);
    });
  }

  /** An actor has ended, unless that has been told already. */
  tellDied(live: LiveActor | undefined): void {
    if (live === undefined) return;
    for (const part of live.parts.splice(0)) this.tellDied(part);
    if (this.#census.get(live.actor) !== live) return;
    const { snapshot } = live;
    const { status } = snapshot;
    const died: Died = {
      ...{ type: 'died', at: now(), id: live.id },
      status: status === 'active' ? 'stopped' : status,
      ...(status === 'error' && { error: this.#lens.error(snapshot.error) }),
    };
    this.#census.leave(live);
    for (const viewer of this.#viewers) {
      viewer.forget(live);
      viewer.add(died);
    }
  }

  /** Somebody watches an actor from now on. */
  addWatcher(live: LiveActor, watcher: Watcher): void {
    live.addWatcher(watcher, this.#tellEmitted);
    this.#watched.set(live.actor, live);
  }

  removeWatcher(live: LiveActor, watcher: Watcher): void {
    live.removeWatcher(watcher);
    if (live.watchers.length === 0) this.#watched.delete(live.actor);
  }

  /** Of every event of every actor: so what nobody watches is to be known by a look at the few that somebody does. */
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
    // even of one that ends at once
    if (isXStates && event.type === 'xstate.init') this.tellBorn(target, false);
    else if (this.#watched.has(target) || (source !== undefined && this.#watched.has(source))) {
      this.#tellSent(source && this.#seen(source), this.#seen(target), event);
    }
    // of a crash its parent is told, but no observer
    if (isXStates && event.type.startsWith('xstate.error.actor.') && source !== undefined && hasEnded(source)) {
      this.tellDied(this.#census.get(source));
    }
  }

  /**
   * An actor at one end of an event. An actor that an event is sent to may not have been started yet, and a part of an actor
   * is known by nothing but its events.
   */
  #seen(actor: AnyActorRef): LiveActor | undefined {
    const known = this.#census.get(actor);
    if (known !== undefined || hasEnded(actor) || !this.#belongs(actor)) return known;
    const live = this.tellBorn(actor, false);
    if (live.born.kind === 'part') this.#census.find(live.born.parent ?? 0)?.parts.push(live);
    return live;
  }

  #tellSent(source: LiveActor | undefined, target: LiveActor | undefined, event: EventObject): void {
    if (target === undefined) return;
    const from = source === undefined ? {} : { source: source.id };
    const record = { type: 'event', at: now(), ...from, target: target.id, event: this.#lens.event(event) } as const;
    for (const viewer of audience(source, target)) viewer.addEvent(record);
  }

  readonly #tellEmitted = (source: LiveActor, event: EventObject): void => {
    try {
      const record = { type: 'emitted', at: now(), source: source.id, event: this.#lens.event(event) } as const;
      for (const viewer of source.watchers) viewer.addEvent(record);
    } catch {
      for (const viewer of source.watchers) viewer.drop();
    }
  };

  #tellSnapshot(live: LiveActor, { status, value, context }: Snapshot, event: EventObject): void {
    const { edges } = live;
    const hasContextChanged = this.#lens.context && context !== live.context;
    if (edges.length === 0 && !hasContextChanged && status === 'active') return;
    const record: SnapshotTaken = {
      ...{ type: 'snapshot', at: now(), id: live.id, status, event: clip(event.type) },
      ...(live.machine !== undefined && value !== undefined && { value }),
      ...(edges.length > 0 && { edges }),
      ...(hasContextChanged && this.#lens.contextOf(context)),
    };
    live.edges = [];
    live.context = context;
    for (const viewer of live.watchers) viewer.addSnapshot(record);
  }
}

/** Whoever watches one of two actors, once. */
function audience(source: LiveActor | undefined, target: LiveActor): readonly Watcher[] {
  if (source === undefined || source.watchers.length === 0) return target.watchers;
  if (target.watchers.length === 0) return source.watchers;
  return [...new Set([...source.watchers, ...target.watchers])];
}
