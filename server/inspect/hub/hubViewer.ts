import { Backlog } from './backlog';
import type { LiveActor, Watcher } from './liveActor';
import type { Viewer } from './viewer';
import type { ActorId, Born, Definition, InspectionRecord, SnapshotTaken, Watched } from '../wire';

/** What a viewer needs of its hub. */
export interface Registry {
  readonly living: Iterable<LiveActor>;
  find(id: ActorId): LiveActor | undefined;
  /** Who a live actor is. */
  introduce(live: LiveActor): Born;
  /** What a live actor is now, and the definition that this names. */
  describe(live: LiveActor): { readonly watched: Watched; readonly definition: Definition | undefined };
  addWatcher(live: LiveActor, viewer: HubViewer): void;
  removeWatcher(live: LiveActor, viewer: HubViewer): void;
  leave(viewer: HubViewer): void;
}

/** How many actors one viewer may choose. */
export const mostChosen = 1_000;
/** Events and snapshots that wait for a viewer. A page takes 20,000 a second. */
const mostEvents = 2_000;
/** Births and deaths that wait for a viewer before it is told anew what lives. */
const mostRecords = 100_000;

/** A hub's side of a viewer: whom it watches, and what it is still to be told. */
export class HubViewer implements Viewer, Watcher {
  readonly #registry: Registry;
  readonly #onRecords: () => void;
  readonly #backlog = new Backlog(mostEvents, mostRecords);
  readonly #told = new Set<Definition>();
  #chosen = new Set<LiveActor>();
  /** Those that are watched without having been chosen. */
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
    // false for NaN too
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
      // some may have been lost with the rest
      this.#told.clear();
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

  /** Has what is told now told anew as a whole. */
  lose(): void {
    this.#tell(() => {
      this.#backlog.lose();
    });
  }

  /** An actor lives from now on. */
  welcome(live: LiveActor): void {
    this.add(live.born);
    if (this.#others.size < this.#auto && !isPart(live)) {
      this.#others.add(live);
      this.#begin(live);
    }
  }

  /** An actor is no longer in the registry. */
  forget(live: LiveActor): void {
    if (!this.#isWatched(live)) return;
    this.#registry.removeWatcher(live, this);
    this.#chosen.delete(live);
    this.#others.delete(live);
  }

  /** Tells what must be told. */
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

  addSnapshot(record: SnapshotTaken): void {
    this.#tell(() => {
      this.#backlog.addSnapshot(record);
    });
  }

  drop(): void {
    this.#tell(() => {
      this.#backlog.drop();
    });
  }

  /** Watches the first of these that aren't chosen, as far as there is room. */
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
    if (definition === undefined || this.#told.has(definition)) return [watched];
    this.#told.add(definition);
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
      // a viewer's fault is no actor's
    }
  }
}

/** Whether the events of this one are told with those of the actor above. */
const isPart = ({ born }: LiveActor): boolean => born.kind === 'part';
