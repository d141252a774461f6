import type {
  ActorId,
  BornRecord,
  DefinitionRecord,
  DefinitionId,
  DiedRecord,
  DroppedRecord,
  EmittedRecord,
  EventRecord,
  InspectionRecord,
  ResetRecord,
  SnapshotRecord,
  WatchedRecord,
} from '../records';
import { livedAt, live, type Actor, type Moment } from './actor';

/** A record that has a place in the log. Only `definition`, `watched` and `reset` have none. */
export type LogEntry = BornRecord | DiedRecord | SnapshotRecord | EventRecord | EmittedRecord | DroppedRecord;

/**
 * What the page knows: the actors, and a log of what has happened. Each record of the log has a number. An actor's
 * `moments` say what the actor was at each of these records.
 */
export class World {
  /** All known actors. One that has ended stays for as long as the log has its death. */
  readonly actors = new Map<ActorId, Actor>();
  readonly roots = new Set<Actor>();
  readonly definitions: Map<DefinitionId, DefinitionRecord>;
  readonly log: LogEntry[] = [];
  /** How many actors live. */
  live = 0;
  /** When the page last heard of a death. */
  lastLeftAt = -Infinity;
  #first: number;
  /** See {@link keep}. */
  #kept: Actor | undefined;

  /**
   * @param definitions - the definitions that are known already
   * @param first - the number of the first record
   */
  constructor(definitions = new Map<DefinitionId, DefinitionRecord>(), first = 0) {
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

  /**
   * Takes a record.
   * @param now - the page's clock: it measures how long an actor is shown after its end
   */
  apply(record: Exclude<InspectionRecord, ResetRecord>, now: number): void {
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

  /** Forgets all of the log but its last `length` records, and the actors that had ended before these. */
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

  /** Keeps one actor even when the log no longer has its death. The one kept before is no longer kept. */
  keep(id: ActorId | undefined): void {
    const before = this.#kept;
    this.#kept = id === undefined ? undefined : this.actors.get(id);
    if (before !== this.#kept && before?.died !== undefined && before.died < this.#first) this.#forget(before);
  }

  isKept(actor: Actor): boolean {
    return actor === this.#kept;
  }

  /**
   * A world that goes on from here: with the living actors as they are now, and an empty log. This one stays as it
   * is.
   */
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

  #bear({ id, parent, name, kind, session, at, earlier }: BornRecord): void {
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

  #watch({ id, definition, status, value, context }: WatchedRecord): void {
    const actor = this.actors.get(id);
    if (actor === undefined) return;
    actor.definition = definition;
    this.#remember(actor, { seq: this.last, status, value, context, edges: [], event: undefined });
  }

  #snapshot({ id, status, value, context, event, edges = [] }: SnapshotRecord): void {
    const actor = this.actors.get(id);
    if (actor === undefined) return;
    actor.touched = this.last;
    actor.lastEvent = event;
    const shown = context ?? actor.moments.at(-1)?.context;
    this.#remember(actor, { seq: this.last, status, value, context: shown, edges, event });
  }

  #receive({ target, event }: EventRecord): void {
    const actor = this.actors.get(target);
    if (actor === undefined) return;
    actor.touched = this.last;
    actor.events += 1;
    actor.lastEvent = event.type;
  }

  #emit({ source }: EmittedRecord): void {
    const actor = this.actors.get(source);
    if (actor !== undefined) actor.touched = this.last;
  }

  #bury({ id, status, error }: DiedRecord, now: number): void {
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

  /** Lets go of an actor's moments before the log begins, but for the last of them. */
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
