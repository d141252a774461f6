import type { ActorId, Died, Dropped, InspectionRecord, SnapshotTaken, Watched } from '../wire';

/**
 * What a viewer is still to be told, in order.
 *
 * When it takes slower than things happen, events are left out first, and counted; then snapshots, of which only the
 * latest of each actor is kept. Births and deaths never are: when they become too many as well, {@link isLost} says that
 * there is no list any more, and that the viewer is to be told anew what lives.
 */
export class Backlog {
  readonly #maxEvents: number;
  readonly #maxRecords: number;
  #records: InspectionRecord[] = [];
  /** How many of the records are events or snapshots. */
  #events = 0;
  /** The latest snapshot of each actor whose snapshots found no place in the list. */
  #latest = new Map<ActorId, SnapshotTaken>();
  #gap: { -readonly [Key in keyof Dropped]: Dropped[Key] } | undefined;
  #allowed = 0;
  #isLost = false;

  /**
   * @param maxEvents - events and snapshots
   * @param maxRecords - all there are beside those that it began with
   */
  constructor(maxEvents: number, maxRecords: number) {
    this.#maxEvents = maxEvents;
    this.#maxRecords = maxRecords;
    this.#allowed = maxRecords;
  }

  get isEmpty(): boolean {
    return !this.#isLost && this.#records.length === 0 && this.#latest.size === 0;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Begins anew, with these. */
  begin(records: InspectionRecord[]): void {
    this.#records = records;
    this.#events = 0;
    this.#latest.clear();
    this.#gap = undefined;
    this.#allowed = records.length + this.#maxRecords;
    this.#isLost = false;
  }

  /** Gives up the list. */
  lose(): void {
    this.begin([]);
    this.#isLost = true;
  }

  /** What must be told. */
  add(record: InspectionRecord): void {
    if (this.#isLost) return;
    // what an actor was comes before what it is, or that it is no more
    if (record.type === 'died' || record.type === 'watched') this.#keepLatest(record);
    this.#gap = undefined;
    this.#records.push(record);
    if (this.#records.length > this.#allowed) this.lose();
  }

  /** What may be left out. */
  addEvent(record: InspectionRecord): void {
    if (this.#events >= this.#maxEvents) this.drop();
    else this.#push(record);
  }

  /** What may be left out when a later one follows. */
  addSnapshot(record: SnapshotTaken): void {
    const earlier = this.#latest.get(record.id);
    // once one waits the next can't overtake it
    if (earlier === undefined && this.#events < this.#maxEvents) this.#push(record);
    else if (!this.#isLost) this.#latest.set(record.id, earlier === undefined ? record : merge(earlier, record));
  }

  /** Something is missing at this place. */
  drop(): void {
    if (this.#isLost) return;
    if (this.#gap === undefined) {
      this.#gap = { type: 'dropped', events: 0 };
      this.#records.push(this.#gap);
    }
    this.#gap.events += 1;
  }

  /** The oldest records, and no more of them than that. */
  take(limit: number): InspectionRecord[] {
    const taken = this.#records.splice(0, limit);
    if (this.#records.length === 0) {
      this.#gap = undefined;
      // from here on they have their place, before what comes now
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

  /** Gives the snapshot of an actor that found no place one after all. */
  #keepLatest({ id }: Died | Watched): void {
    const latest = this.#latest.get(id);
    if (latest === undefined) return;
    this.#latest.delete(id);
    this.#records.push(latest);
    this.#events += 1;
  }
}

const mayBeDropped: ReadonlySet<InspectionRecord['type']> = new Set(['event', 'emitted', 'snapshot']);

function merge(earlier: SnapshotTaken, later: SnapshotTaken): SnapshotTaken {
  const skipped = (earlier.skipped ?? 0) + 1 + (later.skipped ?? 0);
  // a context that is missing is one that hasn't changed
  return earlier.context === undefined ? { ...later, skipped } : { context: earlier.context, ...later, skipped };
}
