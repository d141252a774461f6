/**
 * What a hub says about the actors that it sees: one record for each thing that happens, as plain JSON. Types only: the
 * pages share them.
 */

/** The number that a hub gives to an actor, for as long as the actor lives. One hub never uses a number twice. */
export type ActorId = number;

/** The number of a machine's definition. Actors of one machine share it. One hub never uses a number twice. */
export type DefinitionId = number;

/** A machine's state as XState has it: `'idle'`, or `{ open: 'flowing' }`. */
export type StateValue = string | { readonly [state: string]: StateValue };

/**
 * The kind of logic that an actor runs. `other` is a callback, a promise, or logic that somebody wrote from scratch.
 * `part` is no actor: it is a named part of one, such as the socket of a connection.
 */
export type ActorKind = 'machine' | 'transition' | 'observable' | 'other' | 'part';

/** An actor's status, as XState has it. */
export type ActorStatus = 'active' | 'done' | 'error' | 'stopped';

/**
 * A value as far as it may be shown: plain JSON, bounded in depth, breadth and length. Anything that isn't plain data
 * becomes an object with one key that begins with `$`:
 * `{ $bytes: 65536, first: '68 65 6c …' }`, `{ $instance: 'Socket' }`, `{ $more: 12 }` for what was left out,
 * `{ $redacted: true }`, `{ $getter: true }`, `{ $circular: true }`, `{ $bigint: '12' }`, `{ $function: 'name' }`,
 * `{ $symbol: 'text' }`, `{ $undefined: true }`, `{ $number: 'NaN' }`, `{ $date: '2026-…' }`,
 * `{ $error: 'Error: text' }`, `{ $map: [[key, value], …] }`, `{ $set: [value, …] }`,
 * `{ $text: 'its beginning', length: 12345 }`.
 */
export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [key: string]: Shown };

/** An event as far as it may be shown: its type, and its payload when the hub shows payloads. */
export interface ShownEvent {
  readonly type: string;
  readonly payload?: Shown;
}

interface TimedRecord {
  /** When it happened: milliseconds since 1970, with fractions. */
  readonly at: number;
}

/** An actor lives. The record of its parent comes before this one. */
export interface BornRecord extends TimedRecord {
  readonly type: 'born';
  readonly id: ActorId;
  /** Missing for the root of an actor system. */
  readonly parent?: ActorId;
  /** The actor's id in its parent: `connection:7`, `protocol`, `listener`. */
  readonly name: string;
  readonly kind: ActorKind;
  /** XState's session id, unique within the actor system alone. */
  readonly session: string;
  /** The actor lived already when the first onlooker came. `at` is the time of that. */
  readonly earlier?: true;
}

/** A machine. This record comes before a {@link WatchedRecord} that names it; after a {@link ResetRecord}, again. */
export interface DefinitionRecord {
  readonly type: 'definition';
  readonly id: DefinitionId;
  /** The machine's id. */
  readonly name: string;
  /** The machine's config as JSON: `createMachine(JSON.parse(config))` rebuilds it. Functions are left out. */
  readonly config: string;
}

/** An actor is watched from now on: its events and snapshots follow. The record says what the actor is now. */
export interface WatchedRecord extends TimedRecord {
  readonly type: 'watched';
  readonly id: ActorId;
  /** Missing when the actor isn't a machine, and when the hub has 1,000 definitions already. */
  readonly definition?: DefinitionId;
  readonly status: ActorStatus;
  /** Missing when the actor isn't a machine. */
  readonly value?: StateValue;
  /** Missing unless the hub shows contexts. */
  readonly context?: Shown;
}

/** A watched actor has taken an event, and something about the actor is different now. */
export interface SnapshotRecord extends TimedRecord {
  readonly type: 'snapshot';
  readonly id: ActorId;
  readonly status: ActorStatus;
  /** Missing when the actor isn't a machine. */
  readonly value?: StateValue;
  /** The type of the event that the actor took. */
  readonly event: string;
  /** The transitions that the actor took, in order, by the names in `data-edge` of the chart's SVG. Missing: none. */
  readonly edges?: readonly string[];
  /** Missing when contexts are not shown, and when the context is the same as in the snapshot before. */
  readonly context?: Shown;
  /** How many snapshots were left out between the one before and this one. Missing: none. */
  readonly skipped?: number;
}

/** An event was sent to an actor. At least one of source and target is watched. */
export interface EventRecord extends TimedRecord {
  readonly type: 'event';
  /** Missing when the event came from outside of the actor systems. */
  readonly source?: ActorId;
  readonly target: ActorId;
  readonly event: ShownEvent;
}

/** A watched actor has emitted an event: any listener may hear it (a handler's `outbox` goes to the socket). */
export interface EmittedRecord extends TimedRecord {
  readonly type: 'emitted';
  readonly source: ActorId;
  readonly event: ShownEvent;
}

/** An actor has ended. The records of its children's ends come before this one, or follow soon. */
export interface DiedRecord extends TimedRecord {
  readonly type: 'died';
  readonly id: ActorId;
  readonly status: Exclude<ActorStatus, 'active'>;
  /** The error that the actor ended in, as one line. Missing unless `status` is `'error'`. */
  readonly error?: string;
}

/** Events are missing here: there were more than could be sent, or making their records failed. */
export interface DroppedRecord {
  readonly type: 'dropped';
  /** How many are missing. */
  readonly events: number;
}

/**
 * Forget all actors. The records of all that live now follow. The onlooker was too slow, or a system was taken away
 * from the hub.
 */
export interface ResetRecord {
  readonly type: 'reset';
}

export type InspectionRecord =
  | BornRecord
  | DefinitionRecord
  | WatchedRecord
  | SnapshotRecord
  | EventRecord
  | EmittedRecord
  | DiedRecord
  | DroppedRecord
  | ResetRecord;
