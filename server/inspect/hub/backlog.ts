import type { ActorId, DiedRecord, DroppedRecord, InspectionRecord, SnapshotRecord, WatchedRecord } from '../records';

/**
 * The records that wait for an onlooker, in order.
 *
 * An onlooker may take records more slowly than they come. Then events are dropped first, and counted. Of snapshots,
 * only the latest of each actor is kept. Births and deaths are never dropped. When even they become too many, the
 * whole list is given up: {@link isLost} is true, and the onlooker has to begin again with all actors that live.
 */
export class Backlog {
  readonly #maxEvents: number;
  readonly #maxRecords: number;
  #records: InspectionRecord[] = [];
  /** How many of the records are events or snapshots. */
  #events = 0;
  /** The latest snapshot of each actor whose snapshots have no room in the list. */
  #latest = new Map<ActorId, SnapshotRecord>();
  /** The record at the end of the list that counts dropped events, if there is one. */
  #gap: { -readonly [Key in keyof DroppedRecord]: DroppedRecord[Key] } | undefined;
  /** How long the list may become before it is given up. */
  #allowed = 0;
  #isLost = false;

  /**
   * @param maxEvents - how many events and snapshots may wait
   * @param maxRecords - how many records may wait beside those that the list began with
   */
  constructor(maxEvents: number, maxRecords: number) {
    this.#maxEvents = maxEvents;
    this.#maxRecords = maxRecords;
    this.#allowed = maxRecords;
  }

  get isEmpty(): boolean {
    return !this.#isLost && this.#records.length === 0 && this.#latest.size === 0;
  }

  /** Whether the list was given up: it holds nothing until {@link begin}. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Begins a new list with these records. */
  begin(records: InspectionRecord[]): void {
    this.#records = records;
    this.#events = 0;
    this.#latest.clear();
    this.#gap = undefined;
    this.#allowed = records.length + this.#maxRecords;
    this.#isLost = false;
  }

  /** Gives up the list; see {@link isLost}. */
  lose(): void {
    this.begin([]);
    this.#isLost = true;
  }

  /** Adds a record that is never dropped. */
  add(record: InspectionRecord): void {
    if (this.#isLost) return;
    // an older snapshot of this actor must come before this record
    if (record.type === 'died' || record.type === 'watched') this.#keepLatest(record);
    this.#gap = undefined;
    this.#records.push(record);
    if (this.#records.length > this.#allowed) this.lose();
  }

  /** Adds a record that is dropped, and counted, when there is no room. */
  addEvent(record: InspectionRecord): void {
    if (this.#events >= this.#maxEvents) this.drop();
    else this.#push(record);
  }

  /** Adds a snapshot. When there is no room, a later one of the same actor takes its place. */
  addSnapshot(record: SnapshotRecord): void {
    const earlier = this.#latest.get(record.id);
    // while an earlier snapshot waits for room, this one must not overtake it
    if (earlier === undefined && this.#events < this.#maxEvents) this.#push(record);
    else if (!this.#isLost) this.#latest.set(record.id, earlier === undefined ? record : merge(earlier, record));
  }

  /** Counts an event that is missing at this place. */
  drop(): void {
    if (this.#isLost) return;
    if (this.#gap === undefined) {
      this.#gap = { type: 'dropped', events: 0 };
      this.#records.push(this.#gap);
    }
    this.#gap.events += 1;
  }

  /** Takes the oldest records off the list, `limit` at most. */
  take(limit: number): InspectionRecord[] {
    const taken = this.#records.splice(0, limit);
    if (this.#records.length === 0) {
      this.#gap = undefined;
      // the snapshots that waited for room get it now, ahead of all that comes later
      this.#records = [...this.#latest.values()];
      this.#events += this.#records.length;
      this.#latest.clear();
      taken.push(...this.#records.splice(0, limit - taken.length));
    }
    for (const { type } of taken) if (mayBeDropped.has(type)) this.#events -= 1;
    return taken;
  }

  #push(record: InspectionRecord): void {
    if (this.#isLost) return;
    this.#gap = undefined;
    this.#events += 1;
    this.#records.push(record);
  }

  /** Moves the snapshot of an actor that waits for room into the list, even if the list is full. */
  #keepLatest({ id }: DiedRecord | WatchedRecord): void {
    const latest = this.#latest.get(id);
    if (latest === undefined) return;
    this.#latest.delete(id);
    this.#records.push(latest);
    this.#events += 1;
  }
}

const mayBeDropped: ReadonlySet<InspectionRecord['type']> = new Set(['event', 'emitted', 'snapshot']);

function merge(earlier: SnapshotRecord, later: SnapshotRecord): SnapshotRecord {
  const skipped = (earlier.skipped ?? 0) + 1 + (later.skipped ?? 0);
  // a missing context hasn't changed, so the one of the earlier snapshot still holds
  return earlier.context === undefined ? { ...later, skipped } : { context: earlier.context, ...later, skipped };
}
