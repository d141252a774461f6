import { linger, live, livedAt, type Actor } from './actor';
import type { Filter } from './filter';
import type { World } from './world';

/** A parent with more live children than this is collapsed until the reader expands it. */
export const crowd = 1_000;

/** A line of the actor tree. */
export interface Row {
  readonly actor: Actor;
  /** 0 for a root. */
  readonly depth: number;
  /** Undefined when the actor has no children to show. */
  readonly isExpanded: boolean | undefined;
}

/** What the tree shows. */
export interface TreeView {
  readonly world: World;
  /** The number of the record whose moment is shown; `live` for now. */
  readonly position: number;
  /** The page's clock. */
  readonly now: number;
  /** The actors that the reader has expanded (true) or collapsed (false); see {@link isExpanded} for all others. */
  readonly toggled: ReadonlyMap<number, boolean>;
  readonly filter: Filter | undefined;
}

/** Whether an actor's children are shown. */
const isExpanded = ({ id, live: children }: Actor, toggled: ReadonlyMap<number, boolean>): boolean =>
  toggled.get(id) ?? children <= crowd;

/**
 * The lines of the tree, from the top. With a filter: the actors that match and their ancestors, even where these are
 * collapsed. There is no recursion here, since actors may be nested to any depth.
 */
export function treeRows(view: TreeView): Row[] {
  const { world, toggled, filter } = view;
  const found = filter === undefined ? undefined : matching(view, filter);
  const isThere = (actor: Actor): boolean => (found === undefined ? isSeen(actor, view) : found.has(actor));
  const rows: Row[] = [];
  const open = [world.roots.values()];
  for (let siblings = open.at(-1); siblings !== undefined; siblings = open.at(-1)) {
    const { value: actor } = siblings.next();
    if (actor === undefined) {
      open.pop();
    } else if (isThere(actor)) {
      const expandable = hasChild(actor, isThere);
      const expanded = expandable && (found !== undefined || isExpanded(actor, toggled));
      rows.push({ actor, depth: open.length - 1, isExpanded: expandable ? expanded : undefined });
      if (expanded) open.push(actor.children.values());
    }
  }
  return rows;
}

/** Whether an actor is in the tree: while it lives, for {@link linger} after its end, and while it is selected. */
function isSeen(actor: Actor, { world, position, now }: TreeView): boolean {
  if (livedAt(actor, position) || world.isKept(actor)) return true;
  return position === live && now - actor.leftAt < linger;
}

function hasChild(actor: Actor, isThere: (child: Actor) => boolean): boolean {
  for (const child of actor.children) if (isThere(child)) return true;
  return false;
}

function matching(view: TreeView, filter: Filter): ReadonlySet<Actor> {
  const found = new Set<Actor>();
  for (const actor of view.world.actors.values()) {
    if (!isSeen(actor, view) || !filter.matches(actor, view.position)) continue;
    for (let at: Actor | undefined = actor; at !== undefined && !found.has(at); at = at.parent) found.add(at);
  }
  return found;
}
