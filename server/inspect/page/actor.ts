import type { ActorId, ActorKind, ActorStatus, DefinitionId, Shown, StateValue } from '../records';

/** What an actor was from one record on, until its next moment. */
export interface Moment {
  /** The number of that record. */
  readonly seq: number;
  readonly status: ActorStatus;
  /** Undefined when the actor isn't a machine. */
  readonly value: StateValue | undefined;
  /** Undefined when contexts are not shown. */
  readonly context: Shown | undefined;
  /** The transitions that led here, by their names in the chart. */
  readonly edges: readonly string[];
  /** The type of the event that led here; undefined for the state in which the watching began. */
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
  /** Whether the actor was born before `bornAt`. */
  readonly livedEarlier: boolean;
  /** The number of the record of its birth. */
  readonly born: number;
  /** The children in the order of their births. Those that have ended stay until the log no longer has their death. */
  readonly children: Set<Actor>;
  /** How many of the children live. */
  live: number;
  /** How many of the children have ended since the page knows the actor. */
  ended: number;
  /** A machine's definition, known once the actor was watched. */
  definition: DefinitionId | undefined;
  /** The number of the record of its death. */
  died: number | undefined;
  /** When the page heard of the death: milliseconds of the page's own clock. */
  leftAt: number;
  /** The error that the actor ended in. */
  error: string | undefined;
  /** The oldest first, as far back as the log goes. Empty until the actor is watched. */
  readonly moments: Moment[];
  /** The number of the last record about the actor. */
  touched: number;
  /** How many events the page has seen that were sent to the actor. */
  events: number;
  lastEvent: string | undefined;
}

/** The position that stays at the end of the log. */
export const live = Infinity;

/** Milliseconds for which the tree shows an actor after its end. */
export const linger = 4_000;

/** What an actor was just after record `position`; undefined when nobody had watched the actor by then. */
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

/** An actor's status just after record `position`. */
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
