import type { ActorId, InspectionRecord } from '../wire';
import { live, momentAt, pathOf, type Actor, type Moment } from './actor';
import { parseFilter, type Filter } from './filter';
import { lanesOf } from './lanes';
import { World } from './world';

/** Records that one can step back through. */
export const keptRecords = 5_000;

/** Records that may come while the view is paused, to be stepped through as well; those after them are seen live alone. */
export const pausedRecords = 20_000;

/** So many actors may be watched by name. */
const mostWatched = 1_000;

/** What the page looks at: whom, at which record, with which filter. */
export class View {
  /** Where records are collected. */
  world = new World();
  /** What is drawn. Another than {@link world} when the view is paused, and what it shows can't be kept there. */
  shown = this.world;
  /** The number of the record at which it is looked at, or `live`. */
  position = live;
  /** Records that have come since it was paused. */
  arrived = 0;
  selected: ActorId | undefined;
  /** Whose lifelines somebody has picked. */
  readonly picked = new Set<ActorId>();
  /** Whom somebody has expanded (true) or collapsed (false). */
  readonly toggled = new Map<ActorId, boolean>();
  filter: Filter | undefined;
  /** Who is to be selected as soon as it is told of. */
  #wanted: { readonly id: ActorId; readonly path: readonly string[] } | undefined;

  get isPaused(): boolean {
    return this.position !== live;
  }

  get selectedActor(): Actor | undefined {
    return this.selected === undefined ? undefined : this.shown.actors.get(this.selected);
  }

  /** What the selected actor is at this position. */
  get moment(): Moment | undefined {
    return this.selectedActor && momentAt(this.selectedActor, this.position);
  }

  /** Whose events the sequence diagram shows as far as they concern the other lanes; undefined where somebody has picked. */
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

  /** Forgets all actors: another connection tells of them anew, and by other numbers perhaps. Pauses go on. */
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

  /** Stays at this record; what comes is collected. */
  pause(): void {
    if (!this.isPaused) this.moveTo(this.world.last);
  }

  /** Follows what happens again. */
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

  /** Goes so many records back (below 0) or forward, and stays there. At either end of the log it goes no further. */
  step(records: number): void {
    this.pause();
    this.moveTo(this.position + records);
  }

  /** Goes to the record of this number, or the nearest that there is, and stays there. */
  moveTo(position: number): void {
    const { first, last } = this.shown;
    this.position = Math.max(Math.min(position, last), Math.min(first, last));
  }

  /**
   * Who is to be watched: the selected actor, those with a lifeline, and those in sight.
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

  /** Selects who was selected before, or, when nobody ever was, a root: a page that shows nothing tells nothing. */
  #selectUnasked(): void {
    const [root] = this.world.roots;
    const found = this.#wanted ? find(this.world, this.#wanted.id, this.#wanted.path) : root;
    if (found !== undefined) this.select(found.id);
  }
}

/** The living actor of this path; of several the one with this number, which another connection needn't know. */
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
