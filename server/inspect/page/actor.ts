import type { ActorId, ActorKind, ActorStatus, DefinitionId, Shown, StateValue } from '../wire';

/** What an actor was from one record on. */
export interface Moment {
  /** The number of that record. */
  readonly seq: number;
  readonly status: ActorStatus;
  /** Undefined when it isn't a machine. */
  readonly value: StateValue | undefined;
  /** Undefined when contexts are not shown. */
  readonly context: Shown | undefined;
  /** The transitions that led here, by their names in the chart. */
  readonly edges: readonly string[];
  /** The type of the event that led here; undefined for what it was when it began to be watched. */
  readonly event: string | undefined;
}

/** An actor as far as the page knows it. */
export interface Actor {
  readonly id: ActorId;
  readonly parent: Actor | undefined;
  readonly name: string;
  readonly kind: ActorKind;
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly bornAt: number;
  /** It was born before `bornAt`. */
  readonly livedEarlier: boolean;
  /** The number of the record that told its birth. */
  readonly born: number;
  /** In the order of their births; also those that have ended, until they are forgotten. */
  readonly children: Set<Actor>;
  /** How many of its children live. */
  live: number;
  /** How many of its children have ended since the page knows it. */
  ended: number;
  /** Known once it has been watched, if it is a machine. */
  definition: DefinitionId | undefined;
  /** The number of the record that told its death. */
  died: number | undefined;
  /** When the page heard of its death: milliseconds of the page's own clock. */
  leftAt: number;
  /** What it ended in, when it failed. */
  error: string | undefined;
  /** The oldest first, as far back as the log goes. Empty as long as nobody has watched it. */
  readonly moments: Moment[];
  /** The number of the last record that concerned it. */
  touched: number;
  /** Events that were sent to it, since the page knows it. */
  events: number;
  lastEvent: string | undefined;
}

/** A position in the log that is always at its end. */
export const live = Infinity;

/** Milliseconds for which an actor is still to be seen after its end. */
export const linger = 4_000;

/** What an actor was just after record `position`; undefined when it wasn't watched by then. */
export function momentAt({ moments }: Actor, position: number): Moment | undefined {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((moments[middle]?.seq ?? live) <= position) low = middle + 1;
    else high = middle;
  }
  return moments[low - 1];
}

/** Whether an actor lived just after record `position`. */
export const livedAt = ({ born, died }: Actor, position: number): boolean =>
  born <= position && (died === undefined || died > position);

/** What became of an actor until record `position`. */
export function statusAt(actor: Actor, position: number): ActorStatus {
  return momentAt(actor, position)?.status ?? 'active';
}

/** How many of an actor's children lived just after record `position`. */
export function liveChildren(actor: Actor, position: number): number {
  if (position === live) return actor.live;
  let count = 0;
  for (const child of actor.children) if (livedAt(child, position)) count += 1;
  return count;
}

/** An actor's name and those of its ancestors, the root's first. */
export function pathOf(actor: Actor): string[] {
  const path: string[] = [];
  for (let at: Actor | undefined = actor; at !== undefined; at = at.parent) path.unshift(at.name);
  return path;
}
