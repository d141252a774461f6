import type { ActorStatus, ShownEvent } from '../wire';
import { livedAt, momentAt, type Actor } from './actor';
import { stateText } from './stateText';
import type { World } from './world';

/** So many children of the selected actor have a lifeline, unless somebody picks others. */
const mostChildren = 6;

/** The lane of what isn't an actor: where events come from that no actor sent, and where emitted ones go. */
export const outside = 0;

interface At {
  /** The number of the record. */
  readonly seq: number;
  /** Milliseconds since 1970; undefined where nothing tells. */
  readonly at: number | undefined;
}

/** An arrow from one lane to another, or to the same. */
export interface MessageRow extends At {
  readonly kind: 'message';
  /** The lanes; undefined for an actor that has none, whose name is `other`. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly other: string | undefined;
  readonly event: ShownEvent;
}

/** A mark on one lane. */
export type MarkRow = At & { readonly lane: number } & (
    | { readonly kind: 'state'; readonly text: string }
    | { readonly kind: 'born' }
    | { readonly kind: 'died'; readonly status: ActorStatus; readonly error: string | undefined }
  );

/** A gap: so many events are missing here, or before here since the last row. */
interface GapRow extends At {
  readonly kind: 'gap';
  readonly events: number;
}

export type SequenceRow = MessageRow | MarkRow | GapRow;

/**
 * Whose lifelines are drawn: those of the picked actors; when none is picked, those of the selected one, its parent and
 * its first six children, the living first.
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
 * The rows of the sequence diagram, the oldest first: what of the log concerns the actors on the lanes. The first of
 * them has lane 1; lane 0 is {@link outside}.
 * @param beside - whose events from and to actors without a lane are left out: the parent of the one that is looked at
 * may have ten thousand other children
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
