import type { ActorStatus, ShownEvent } from '../records';
import { livedAt, momentAt, type Actor } from './actor';
import { stateText } from './stateText';
import type { World } from './world';

/** How many children of the selected actor get a lifeline, while no actors are picked. */
const mostChildren = 6;

/** The lane of the world outside: the source of events that no actor sent, and the target of emitted events. */
export const outside = 0;

interface TimedRow {
  /** The number of the record. */
  readonly seq: number;
  /** Milliseconds since 1970; undefined for a gap. */
  readonly at: number | undefined;
}

/** An arrow from one lane to another, or to the same. */
export interface MessageRow extends TimedRow {
  readonly kind: 'message';
  /** The lanes; undefined for an actor without a lane. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** The name of the actor without a lane, if one of the two has none. */
  readonly other: string | undefined;
  readonly event: ShownEvent;
}

/** A mark on one lane. */
export type MarkRow = TimedRow & { readonly lane: number } & (
    | { readonly kind: 'state'; readonly text: string }
    | { readonly kind: 'born' }
    | { readonly kind: 'died'; readonly status: ActorStatus; readonly error: string | undefined }
  );

/** A gap: so many events are missing between the rows before and after it. */
interface GapRow extends TimedRow {
  readonly kind: 'gap';
  readonly events: number;
}

export type SequenceRow = MessageRow | MarkRow | GapRow;

/**
 * The actors that have lifelines: the picked ones. When none is picked: the parent of the selected actor, the
 * selected actor, and its first six children, living ones before others.
 */
export function lanesOf(
  { actors }: World,
  picked: Iterable<number>,
  selected: number | undefined,
  position: number,
): Actor[] {
  const chosen = [...picked].flatMap((id) => actors.get(id) ?? []);
  if (chosen.length > 0) return chosen;
  const actor = selected === undefined ? undefined : actors.get(selected);
  if (actor === undefined) return [];
  const children: Actor[] = [];
  const ended: Actor[] = [];
  for (const child of actor.children) {
    if (children.length === mostChildren) break;
    (livedAt(child, position) ? children : ended).push(child);
  }
  const all = [...children, ...ended.slice(0, mostChildren - children.length)].sort((a, b) => a.id - b.id);
  return [...(actor.parent === undefined ? [] : [actor.parent]), actor, ...all];
}

/**
 * The rows of the sequence diagram, the oldest first: all records of the log that concern the actors on the lanes.
 * The first actor has lane 1; lane 0 is {@link outside}.
 * @param beside - an actor that has a lane only for its events with other lanes. The parent of the selected actor is
 * one: it may have ten thousand children without a lane, and its events with them are left out
 */
export function sequenceRows(world: World, actors: readonly Actor[], beside?: number): SequenceRow[] {
  const lanes = new Map(actors.map((actor, index) => [actor.id, index + 1]));
  const nameOf = (id: number): string => world.actors.get(id)?.name ?? '';
  const rows: SequenceRow[] = [];
  let seq = world.first - 1;

  for (const record of world.log) {
    seq += 1;
    if (record.type === 'dropped') {
      const before = rows.at(-1);
      const events = record.events + (before?.kind === 'gap' ? before.events : 0);
      if (before?.kind === 'gap') rows.pop();
      rows.push({ kind: 'gap', seq, at: undefined, events });
      continue;
    }
    const { at } = record;
    if (record.type === 'event') {
      const { source, target, event } = record;
      const from = source === undefined ? outside : lanes.get(source);
      const to = lanes.get(target);
      if ((from === undefined && target === beside) || (to === undefined && source === beside)) continue;
      if (to !== undefined || (from !== undefined && from !== outside)) {
        const other = from === undefined ? nameOf(source ?? target) : to === undefined ? nameOf(target) : undefined;
        rows.push({ kind: 'message', seq, at, from, to, other, event });
      }
      continue;
    }
    const lane = lanes.get(record.type === 'emitted' ? record.source : record.id);
    if (lane === undefined) continue;
    switch (record.type) {
      case 'emitted':
        rows.push({ kind: 'message', seq, at, from: lane, to: outside, other: undefined, event: record.event });
        break;
      case 'snapshot': {
        const actor = world.actors.get(record.id);
        const text = stateText(record.value);
        const before = stateText(actor && momentAt(actor, seq - 1)?.value);
        if (text !== before) rows.push({ kind: 'state', seq, at, lane, text });
        break;
      }
      case 'born':
        if (record.earlier !== true) rows.push({ kind: 'born', seq, at, lane });
        break;
      case 'died':
        rows.push({ kind: 'died', seq, at, lane, status: record.status, error: record.error });
    }
  }
  return rows;
}
