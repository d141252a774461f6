import type {
  ActorId,
  Born,
  Definition,
  DefinitionId,
  Died,
  Dropped,
  EventEmitted,
  EventSent,
  InspectionRecord,
  Reset,
  SnapshotTaken,
  Watched,
} from '../wire';
import { livedAt, live, type Actor, type Moment } from './actor';

/** A record that takes a place in the log: something that has happened. */
export type Logged = Born | Died | SnapshotTaken | EventSent | EventEmitted | Dropped;

/**
 * What the page knows of the actors: who lives, and a log of what has happened. Each record of the log has a number, and
 * what an actor was at any of them is found in its `moments`.
 */
export class World {
  /** Also those that have ended, for as long as the log has their death. */
  readonly actors = new Map<ActorId, Actor>();
  readonly roots = new Set<Actor>();
  readonly definitions: Map<DefinitionId, Definition>;
  readonly log: Logged[] = [];
  /** How many live. */
  live = 0;
  /** When the page last heard of a death. */
  lastLeftAt = -Infinity;
  #first: number;
  #kept: Actor | undefined;

  /**
   * @param definitions - those that are known already
   * @param first - the number of the first record
   */
  constructor(definitions = new Map<DefinitionId, Definition>(), first = 0) {
    this.definitions = definitions;
    this.#first = first;
  }

  /** The number of the oldest record in the log. */
  get first(): number {
    return this.#first;
  }

  /** The number of the newest record in the log; one less than {@link first} when it is empty. */
  get last(): number {
    return this.#first + this.log.length - 1;
  }

  /** @param now - the page's clock, for how long an actor is still to be seen after its end */
  apply(record: Exclude<InspectionRecord, Reset>, now: number): void {
    if (record.type !== 'definition' && record.type !== 'watched') this.log.push(record);
    switch (record.type) {
      case 'definition':
        this.definitions.set(record.id, record);
        break;
      case 'watched':
        this.#watch(record);
        break;
      case 'born':
        this.#bear(record);
        break;
      case 'snapshot':
        this.#snapshot(record);
        break;
      case 'died':
        this.#bury(record, now);
        break;
      case 'event':
        this.#receive(record);
        break;
      case 'emitted':
        this.#emit(record);
        break;
      case 'dropped':
    }
  }

  /** Forgets all of the log but its last `length` records, and who had ended before. */
  trim(length: number): void {
    const excess = this.log.length - length;
    if (excess <= 0) return;
    this.#first += excess;
    for (const record of this.log.splice(0, excess)) {
      if (record.type !== 'died' && record.type !== 'snapshot') continue;
      const actor = this.actors.get(record.id);
      if (actor === undefined) continue;
      if (record.type === 'snapshot') this.#prune(actor);
      else if (actor !== this.#kept) this.#forget(actor);
    }
  }

  /** Keeps one actor, in place of the one kept before, also when the log no longer has its death. */
  keep(id: ActorId | undefined): void {
    const before = this.#kept;
    this.#kept = id === undefined ? undefined : this.actors.get(id);
    if (before !== this.#kept && before?.died !== undefined && before.died < this.#first) this.#forget(before);
  }

  isKept(actor: Actor): boolean {
    return actor === this.#kept;
  }

  /** A world that goes on from here: with who lives and what they are, and an empty log. This one may stay as it is. */
  fork(): World {
    const { last } = this;
    const world = new World(this.definitions, last + 1);
    for (const actor of this.actors.values()) {
      if (!livedAt(actor, live)) continue;
      const parent = actor.parent && world.actors.get(actor.parent.id);
      const copy: Actor = { ...actor, parent, children: new Set(), moments: actor.moments.slice(-1) };
      world.#place(copy);
    }
    return world;
  }

  #bear({ id, parent, name, kind, session, at, earlier }: Born): void {
    const above = parent === undefined ? undefined : this.actors.get(parent);
    if (above !== undefined) above.live += 1;
    this.#place({
      id,
      parent: above,
      name,
      kind,
      session,
      bornAt: at,
      livedEarlier: earlier === true,
      born: this.last,
      children: new Set(),
      live: 0,
      ended: 0,
      definition: undefined,
      died: undefined,
      leftAt: Infinity,
      error: undefined,
      moments: [],
      touched: this.last,
      events: 0,
      lastEvent: undefined,
    });
  }

  #place(actor: Actor): void {
    this.actors.set(actor.id, actor);
    (actor.parent?.children ?? this.roots).add(actor);
    this.live += 1;
  }

  #watch({ id, definition, status, value, context }: Watched): void {
    const actor = this.actors.get(id);
    if (actor === undefined) return;
    actor.definition = definition;
    this.#remember(actor, { seq: this.last, status, value, context, edges: [], event: undefined });
  }

  #snapshot({ id, status, value, context, event, edges = [] }: SnapshotTaken): void {
    const actor = this.actors.get(id);
    if (actor === undefined) return;
    actor.touched = this.last;
    actor.lastEvent = event;
    const shown = context ?? actor.moments.at(-1)?.context;
    this.#remember(actor, { seq: this.last, status, value, context: shown, edges, event });
  }

  #receive({ target, event }: EventSent): void {
    const actor = this.actors.get(target);
    if (actor === undefined) return;
    actor.touched = this.last;
    actor.events += 1;
    actor.lastEvent = event.type;
  }

  #emit({ source }: EventEmitted): void {
    const actor = this.actors.get(source);
    if (actor !== undefined) actor.touched = this.last;
  }

  #bury({ id, status, error }: Died, now: number): void {
    const actor = this.actors.get(id);
    if (actor === undefined || actor.died !== undefined) return;
    actor.died = actor.touched = this.last;
    actor.error = error;
    actor.leftAt = this.lastLeftAt = now;
    this.live -= 1;
    if (actor.parent !== undefined) {
      actor.parent.live -= 1;
      actor.parent.ended += 1;
    }
    const { value, context, edges = [], event } = actor.moments.at(-1) ?? {};
    this.#remember(actor, { seq: this.last, status, value, context, edges, event });
  }

  #remember(actor: Actor, moment: Moment): void {
    if (actor.moments.at(-1)?.seq === moment.seq) actor.moments.pop();
    actor.moments.push(moment);
    this.#prune(actor);
  }

  /** Lets go of what an actor was before the log begins. */
  #prune({ moments }: Actor): void {
    let past = 0;
    while ((moments[past + 1]?.seq ?? live) < this.#first) past += 1;
    if (past > 0) moments.splice(0, past);
  }

  #forget(actor: Actor): void {
    this.actors.delete(actor.id);
    (actor.parent?.children ?? this.roots).delete(actor);
  }
}
