import type { ActorId, InspectionRecord } from '../records';
import { live, momentAt, pathOf, type Actor, type Moment } from './actor';
import { parseFilter, type Filter } from './filter';
import { lanesOf } from './lanes';
import { World } from './world';

/** How many records the log keeps for stepping back. */
export const keptRecords = 5_000;

/** How many more are kept while the view is paused. When more come, the log of the live view begins again. */
export const pausedRecords = 20_000;

/** How many actors may be watched by name. */
const mostWatched = 1_000;

/** What the page shows: which actors, at which record, with which filter. */
export class View {
  /** The world that new records go to. */
  world = new World();
  /** The world that is drawn. Another than {@link world} when a paused view shows what `world` no longer keeps. */
  shown = this.world;
  /** The number of the record whose moment is shown, or `live`. */
  position = live;
  /** How many records have come since the pause began. */
  arrived = 0;
  selected: ActorId | undefined;
  /** The actors that the reader has picked for lifelines. */
  readonly picked = new Set<ActorId>();
  /** The actors that the reader has expanded (true) or collapsed (false). */
  readonly toggled = new Map<ActorId, boolean>();
  filter: Filter | undefined;
  /** The actor to select as soon as its birth comes. */
  #wanted: { readonly id: ActorId; readonly path: readonly string[] } | undefined;

  get isPaused(): boolean {
    return this.position !== live;
  }

  get selectedActor(): Actor | undefined {
    return this.selected === undefined ? undefined : this.shown.actors.get(this.selected);
  }

  /** What the selected actor is at {@link position}. */
  get moment(): Moment | undefined {
    return this.selectedActor && momentAt(this.selectedActor, this.position);
  }

  /** The parent of the selected actor, for `beside` of `sequenceRows`; undefined when actors are picked. */
  get beside(): ActorId | undefined {
    return this.picked.size === 0 ? this.selectedActor?.parent?.id : undefined;
  }

  /** The actors with a lifeline. */
  get lanes(): Actor[] {
    return lanesOf(this.shown, this.picked, this.selected, this.position);
  }

  /** @param now - the page's clock */
  receive(records: readonly InspectionRecord[], now: number): void {
    for (const record of records) {
      if (record.type === 'reset') {
        this.#beginAgain(new World(this.world.definitions));
      } else {
        const { last } = this.world;
        this.world.apply(record, now);
        if (this.isPaused) this.arrived += this.world.last - last;
      }
    }
    if (!this.isPaused || this.shown !== this.world) this.world.trim(keptRecords);
    else if (this.world.log.length > keptRecords + pausedRecords) this.world = this.world.fork();
    if (!this.isPaused && this.selected === undefined) this.#selectUnasked();
  }

  /** Forgets all actors: a new connection begins with all births, perhaps under other numbers. A pause goes on. */
  reconnect(): void {
    this.#beginAgain(new World());
    this.picked.clear();
    this.toggled.clear();
  }

  select(id: ActorId): void {
    this.selected = id;
    this.#wanted = undefined;
    this.world.keep(id);
    this.shown.keep(id);
  }

  /** Gives an actor a lifeline, or takes it away again. */
  togglePicked(id: ActorId): void {
    if (!this.picked.delete(id)) this.picked.add(id);
  }

  setFilter(text: string): void {
    this.filter = parseFilter(text);
  }

  /** Stays at the newest record. Later ones are collected. */
  pause(): void {
    if (!this.isPaused) this.moveTo(this.world.last);
  }

  /** Follows the events again. */
  resume(): void {
    this.position = live;
    this.arrived = 0;
    if (this.shown === this.world) return;
    const { selectedActor } = this;
    if (selectedActor !== undefined) this.#wanted = { id: selectedActor.id, path: pathOf(selectedActor) };
    this.selected = undefined;
    this.shown = this.world;
    this.#selectUnasked();
  }

  /** Goes so many records back (below 0) or forward, but not beyond the log, and stays there. */
  step(records: number): void {
    this.pause();
    this.moveTo(this.position + records);
  }

  /** Goes to the record of this number, or the nearest in the log, and stays there. */
  moveTo(position: number): void {
    const { first, last } = this.shown;
    this.position = Math.max(Math.min(position, last), Math.min(first, last));
  }

  /**
   * The actors to watch: the selected one, those with a lifeline, and those in sight.
   * @returns 1,000 at most
   */
  watched(inSight: Iterable<Actor>): ActorId[] {
    const ids = new Set<ActorId>();
    const { selectedActor } = this;
    for (const { id } of [...(selectedActor ? [selectedActor] : []), ...this.lanes, ...inSight]) {
      const actor = this.world.actors.get(id);
      if (actor !== undefined && actor.died === undefined && ids.size < mostWatched) ids.add(id);
    }
    return [...ids];
  }

  #beginAgain(world: World): void {
    this.world = world;
    if (!this.isPaused) this.resume();
  }

  /** Selects the actor that was selected before; when there never was one, a root, so that the page shows something. */
  #selectUnasked(): void {
    const [root] = this.world.roots;
    const found = this.#wanted ? find(this.world, this.#wanted.id, this.#wanted.path) : root;
    if (found !== undefined) this.select(found.id);
  }
}

/** The living actor of this path. Of several, the one with this number, if the connection is still the same. */
function find({ actors, roots }: World, id: ActorId, path: readonly string[]): Actor | undefined {
  const same = actors.get(id);
  if (same?.died === undefined && same && pathOf(same).join('\n') === path.join('\n')) return same;
  let siblings: Iterable<Actor> = roots;
  let found: Actor | undefined;
  for (const name of path) {
    found = undefined;
    for (const actor of siblings) if (actor.name === name && actor.died === undefined) found = actor;
    if (found === undefined) return undefined;
    siblings = found.children;
  }
  return found;
}
