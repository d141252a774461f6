import { Backlog } from './backlog';
import type { LiveActor, Watcher } from './liveActor';
import type { HubSubscription } from './hubSubscription';
import type {
  ActorId,
  BornRecord,
  DefinitionRecord,
  InspectionRecord,
  SnapshotRecord,
  WatchedRecord,
} from '../records';

/** What a subscriber needs of its hub. */
export interface Registry {
  readonly living: Iterable<LiveActor>;
  find(id: ActorId): LiveActor | undefined;
  /** A live actor's birth, as an onlooker that comes now hears of it. */
  introduce(live: LiveActor): BornRecord;
  /** What a live actor is now, and the definition that the record names. */
  describe(live: LiveActor): { readonly watched: WatchedRecord; readonly definition: DefinitionRecord | undefined };
  addWatcher(live: LiveActor, subscriber: Subscriber): void;
  removeWatcher(live: LiveActor, subscriber: Subscriber): void;
  leave(subscriber: Subscriber): void;
}

/** How many actors an onlooker may choose. */
export const mostChosen = 1_000;
/** How many events and snapshots may wait for an onlooker. A page takes 20,000 in a second. */
const mostEvents = 2_000;
/** How many births and deaths may wait for an onlooker, until the onlooker has to begin again with all that live. */
const mostRecords = 100_000;

/** The hub's side of a {@link HubSubscription}: the actors that are watched through it, and the records that wait. */
export class Subscriber implements HubSubscription, Watcher {
  readonly #registry: Registry;
  readonly #onRecords: () => void;
  readonly #backlog = new Backlog(mostEvents, mostRecords);
  /** The definitions that were added to the backlog. */
  readonly #sentDefinitions = new Set<DefinitionRecord>();
  /** The actors that the onlooker named. */
  #chosen = new Set<LiveActor>();
  /** The actors that are watched without having been named, `#auto` at most. */
  readonly #others = new Set<LiveActor>();
  #auto = 0;
  #hasLeft = false;

  constructor(registry: Registry, onRecords: () => void) {
    this.#registry = registry;
    this.#onRecords = onRecords;
    this.#backlog.begin(this.#everything());
  }

  watch(ids: Iterable<ActorId>, auto: number): void {
    if (this.#hasLeft) return;
    const before = new Set([...this.#chosen, ...this.#others]);
    this.#chosen = new Set();
    for (const id of ids) {
      const live = this.#registry.find(id);
      if (live !== undefined) this.#chosen.add(live);
      if (this.#chosen.size === mostChosen) break;
    }
    // not Math.max: NaN must become 0, too
    this.#auto = auto > 0 ? auto : 0;
    const others = [...this.#others];
    this.#others.clear();
    this.#addOthers(others);
    this.#addOthers(this.#registry.living);
    for (const live of before) if (!this.#isWatched(live)) this.#registry.removeWatcher(live, this);
    for (const live of [...this.#chosen, ...this.#others]) if (!before.has(live)) this.#begin(live);
  }

  take(limit: number): InspectionRecord[] {
    if (this.#backlog.isLost) {
      // some were lost with the rest of the list
      this.#sentDefinitions.clear();
      this.#backlog.begin([{ type: 'reset' }, ...this.#everything()]);
    }
    return this.#backlog.take(limit);
  }

  leave(): void {
    this.#hasLeft = true;
    for (const live of [...this.#chosen, ...this.#others]) this.#registry.removeWatcher(live, this);
    this.#chosen.clear();
    this.#others.clear();
    this.#backlog.begin([]);
    this.#registry.leave(this);
  }

  /** Gives up the records that wait: the onlooker begins again with all actors that live. */
  lose(): void {
    this.#tell(() => {
      this.#backlog.lose();
    });
  }

  /** Adds an actor's birth, and watches the actor if there is room among those that weren't named. */
  welcome(live: LiveActor): void {
    this.add(live.born);
    if (this.#others.size < this.#auto && !isPart(live)) {
      this.#others.add(live);
      this.#begin(live);
    }
  }

  /** Watches an actor no longer: it has left the registry. */
  forget(live: LiveActor): void {
    if (!this.#isWatched(live)) return;
    this.#registry.removeWatcher(live, this);
    this.#chosen.delete(live);
    this.#others.delete(live);
  }

  /** Adds a record that is never dropped. */
  add(record: InspectionRecord): void {
    this.#tell(() => {
      this.#backlog.add(record);
    });
  }

  addEvent(record: InspectionRecord): void {
    this.#tell(() => {
      this.#backlog.addEvent(record);
    });
  }

  addSnapshot(record: SnapshotRecord): void {
    this.#tell(() => {
      this.#backlog.addSnapshot(record);
    });
  }

  drop(): void {
    this.#tell(() => {
      this.#backlog.drop();
    });
  }

  /** Watches the first of these actors that weren't named, as far as there is room. */
  #addOthers(from: Iterable<LiveActor>): void {
    for (const live of from) {
      if (this.#others.size >= this.#auto) return;
      if (!this.#chosen.has(live) && !isPart(live)) this.#others.add(live);
    }
  }

  #isWatched(live: LiveActor): boolean {
    return this.#chosen.has(live) || this.#others.has(live);
  }

  #begin(live: LiveActor): void {
    this.#registry.addWatcher(live, this);
    for (const record of this.#describe(live)) this.add(record);
  }

  #describe(live: LiveActor): InspectionRecord[] {
    const { watched, definition } = this.#registry.describe(live);
    if (definition === undefined || this.#sentDefinitions.has(definition)) return [watched];
    this.#sentDefinitions.add(definition);
    return [definition, watched];
  }

  #everything(): InspectionRecord[] {
    const records: InspectionRecord[] = [];
    for (const live of this.#registry.living) {
      records.push(this.#registry.introduce(live));
      if (this.#isWatched(live)) records.push(...this.#describe(live));
    }
    return records;
  }

  #tell(add: () => void): void {
    if (!this.#backlog.isEmpty) {
      add();
      return;
    }
    add();
    try {
      this.#onRecords();
    } catch {
      // an onlooker's fault must not reach the actor that has just done something
    }
  }
}

/** Whether this is a part of an actor, and no actor: its events are among those of the actor that it belongs to. */
const isPart = ({ born }: LiveActor): boolean => born.kind === 'part';
