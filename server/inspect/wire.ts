/**
 * What the inspector's server and its pages say to each other over the WebSocket, as JSON. Types only: the pages share
 * them.
 */

/** Which of the two ends speaks a version that the other one doesn't know is told by this number, in {@link Hello}. */
export type WireVersion = 1;

/** An actor, for as long as it lives; the hub gives the numbers. Never used twice by one hub. */
export type ActorId = number;

/** A machine's definition. One for all actors that run the same machine; never used twice by one hub. */
export type DefinitionId = number;

/** A machine's state as XState has it: `'idle'`, or `{ open: 'flowing' }`. */
export type StateValue = string | { readonly [state: string]: StateValue };

/**
 * What kind of logic an actor runs. `other`: a callback, a promise, or logic that somebody wrote from scratch. `part`: no
 * actor, but a part of one that has a name of its own, such as a connection's socket.
 */
export type ActorKind = 'machine' | 'transition' | 'observable' | 'other' | 'part';

/** An actor's status, as XState has it. */
export type ActorStatus = 'active' | 'done' | 'error' | 'stopped';

/**
 * A value as far as it may be shown: plain JSON, bounded in depth, breadth and length. What isn't plain data is an object
 * with one key that begins with `$`:
 * `{ $bytes: 65536, first: '68 65 6c …' }`, `{ $instance: 'Socket' }`, `{ $more: 12 }` for what was left out,
 * `{ $redacted: true }`, `{ $getter: true }`, `{ $circular: true }`, `{ $bigint: '12' }`, `{ $function: 'name' }`,
 * `{ $symbol: 'text' }`, `{ $undefined: true }`, `{ $number: 'NaN' }`, `{ $date: '2026-…' }`, `{ $error: 'Error: text' }`,
 * `{ $map: [[key, value], …] }`, `{ $set: [value, …] }`, `{ $text: 'its beginning', length: 12345 }`.
 */
export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [key: string]: Shown };

/** An event as far as it may be shown: its type, and its payload when the hub was told to show payloads. */
export interface ShownEvent {
  readonly type: string;
  readonly payload?: Shown;
}

interface Told {
  /** When it happened: milliseconds since 1970, with fractions. */
  readonly at: number;
}

/** An actor lives. Its parent has been told of before. */
export interface Born extends Told {
  readonly type: 'born';
  readonly id: ActorId;
  /** Missing for the root of an actor system. */
  readonly parent?: ActorId;
  /** The actor's id in its parent: `connection:7`, `protocol`, `listener`. */
  readonly name: string;
  readonly kind: ActorKind;
  /** XState's session id, unique within the actor system alone. */
  readonly session: string;
  /** It lived already when somebody began to look, which was `at`. */
  readonly earlier?: true;
}

/** A machine, told before the first {@link Watched} that names it, and anew after a {@link Reset}. */
export interface Definition {
  readonly type: 'definition';
  readonly id: DefinitionId;
  /** The machine's id. */
  readonly name: string;
  /** The machine's config as JSON: `createMachine(JSON.parse(config))` rebuilds it. Functions are left out. */
  readonly config: string;
}

/** An actor is watched from now on: what it is at this moment. From here on come its events and snapshots. */
export interface Watched extends Told {
  readonly type: 'watched';
  readonly id: ActorId;
  /** Missing when it isn't a machine. */
  readonly definition?: DefinitionId;
  readonly status: ActorStatus;
  /** Missing when it isn't a machine. */
  readonly value?: StateValue;
  /** Missing unless the hub was told to show contexts. */
  readonly context?: Shown;
}

/** A watched actor has taken an event, and something about it is different. */
export interface SnapshotTaken extends Told {
  readonly type: 'snapshot';
  readonly id: ActorId;
  readonly status: ActorStatus;
  readonly value?: StateValue;
  /** The type of the event that it took. */
  readonly event: string;
  /** The transitions that it took, as `data-edge` of the chart's SVG names them, in the order in which they were taken. */
  readonly edges?: readonly string[];
  /** Missing when contexts are not shown, or when it is the same as in the snapshot before. */
  readonly context?: Shown;
  /** How many snapshots before this one were left out since the last that was told. Missing: none. */
  readonly skipped?: number;
}

/** An event was sent to an actor. One of the two, at least, is watched. */
export interface EventSent extends Told {
  readonly type: 'event';
  /** Missing when it came from outside of the actor systems. */
  readonly source?: ActorId;
  readonly target: ActorId;
  readonly event: ShownEvent;
}

/** A watched actor has emitted an event: to whoever listens (a handler's `outbox` goes to the socket). */
export interface EventEmitted extends Told {
  readonly type: 'emitted';
  readonly source: ActorId;
  readonly event: ShownEvent;
}

/** An actor has ended. Its children have ended before, or are told of soon. */
export interface Died extends Told {
  readonly type: 'died';
  readonly id: ActorId;
  readonly status: Exclude<ActorStatus, 'active'>;
  /** What it ended in, in one line, when it failed. */
  readonly error?: string;
}

/** Events and snapshots are missing here, because there were more than could be sent. Births and deaths never are. */
export interface Dropped {
  readonly type: 'dropped';
  readonly events: number;
}

/** Forget all actors: the viewer was too slow, and what lives is told anew. */
export interface Reset {
  readonly type: 'reset';
}

export type InspectionRecord =
  Born | Definition | Watched | SnapshotTaken | EventSent | EventEmitted | Died | Dropped | Reset;

/** The server's first message. */
export interface Hello {
  readonly type: 'hello';
  readonly version: WireVersion;
  /** Whether {@link Watched.context} and {@link SnapshotTaken.context} are told. */
  readonly context: boolean;
  /** Whether {@link ShownEvent.payload} is told. */
  readonly payloads: boolean;
}

/** What has happened, in order. */
export interface Batch {
  readonly type: 'batch';
  readonly records: readonly InspectionRecord[];
}

/** The answer to {@link ChartWanted}: the drawing, or why there is none. */
export interface Chart {
  readonly type: 'chart';
  readonly definition: DefinitionId;
  readonly svg?: string;
  readonly error?: string;
}

export type ServerMessage = Hello | Batch | Chart;

/**
 * Whom to watch, from now on, in place of whom was watched before. Unknown ids are ignored. At most 1,000 are watched by
 * one viewer.
 */
export interface Watch {
  readonly type: 'watch';
  readonly ids: readonly ActorId[];
  /** So many others are watched too, from their birth, for as long as they live; the eldest first. 0: none. */
  readonly auto: number;
}

export interface ChartWanted {
  readonly type: 'chart';
  readonly definition: DefinitionId;
}

export type ViewerMessage = Watch | ChartWanted;
