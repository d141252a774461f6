import type { ChartState, ChartTransition } from './chartGraph';
import { oneLine, widthOf } from './text';

/** A line of text in a state, or beside a line. */
export interface Row {
  readonly kind: 'name' | 'tags' | 'action' | 'invoke' | 'internal' | 'label' | 'guard';
  readonly text: string;
  /** The row goes on with what the row above it began. */
  readonly isIndented?: boolean;
  /** What an internal transition does, for its tooltip. */
  readonly transition?: ChartTransition;
}

/** Beyond this many characters, a label's guard goes to a line of its own. */
const maxLabel = 30;

/** How far a row is moved in that goes on with the row above it, in pixels. */
export const indentation = 24;

/** A row of a state takes no more characters than that, and its actions go on in the next row. */
const maxRow = 48;

/** A transition gets that many rows for its actions. What doesn't fit ends in an ellipsis, and the tooltip has all of them. */
const maxRows = 6;

/** What comes before the actions, and the actions, as many in each row as there is room for. */
function wrapped(head: string, actions: readonly string[]): readonly string[] {
  const rows = [head];
  let isFirst = true;
  for (const [i, action] of actions.entries()) {
    const text = i < actions.length - 1 ? `${action},` : action;
    const row = String(rows.at(-1));
    const part = isFirst ? `/ ${text}` : text;
    isFirst = false;
    if (row.length + part.length < maxRow) rows[rows.length - 1] = `${row} ${part}`;
    else if (rows.length < maxRows) rows.push(part);
    else return [...rows.slice(0, -1), `${row} …`];
  }
  return rows;
}

const triggerOf = ({ event, guard }: ChartTransition): string =>
  [event, guard === undefined ? '' : `[${guard}]`].filter((part) => part !== '').join(' ') || 'always';

/** A state as a transition that is taken in `from` leads to it: by its path from there when it is inside. */
function pathTo(target: string, from: string): string {
  if (target === '') return 'root';
  return from !== '' && target.startsWith(`${from}.`) ? target.slice(from.length + 1) : target;
}

/** A transition with all that it does. */
export function sentenceOf(transition: ChartTransition): string {
  const { actions, reenter, targets } = transition;
  return [
    triggerOf(transition),
    ...(targets.length === 0 ? [] : [`→ ${targets.map((target) => pathTo(target, '')).join(', ')}`]),
    ...(reenter ? ['(leaves its state and enters it again)'] : []),
    ...(actions.length === 0 ? [] : [`/ ${actions.join(', ')}`]),
  ].join(' ');
}

function internalRows(transition: ChartTransition, { id, kind }: ChartState): readonly Row[] {
  const { targets, reenter, actions } = transition;
  const others = targets.filter((target) => target !== id);
  // a state that has others inside begins anew
  const isAnew = reenter || (others.length < targets.length && kind !== 'atomic');
  const head = [
    triggerOf(transition),
    ...(isAnew ? ['↻'] : []),
    ...(others.length > 0 ? [`→ ${others.map((target) => pathTo(target, id)).join(', ')}`] : []),
  ].join(' ');
  // what does nothing at all is there to keep others from being taken: that is worth a sign
  const isSilent = actions.length === 0 && !isAnew && others.length === 0;
  return rowsFor('internal', head, isSilent ? ['–'] : actions, transition);
}

/** A row, and those in which its actions go on. */
const rowsFor = (
  kind: Row['kind'],
  head: string,
  actions: readonly string[],
  transition?: ChartTransition,
): readonly Row[] =>
  wrapped(head, actions).map((text, i) => ({
    kind,
    text: oneLine(text),
    ...(i > 0 && { isIndented: true }),
    ...(transition && { transition }),
  }));

/** What a state says of itself: its name first, and the transitions that are listed in it last. */
export function rowsOf(state: ChartState, listed: readonly ChartTransition[]): readonly Row[] {
  const { name, tags, entry, exit, invokes } = state;
  const row = (kind: Row['kind'], text: string): Row => ({ kind, text: oneLine(text) });
  return [
    row('name', name),
    ...(tags.length > 0 ? [row('tags', `tags: ${tags.join(', ')}`)] : []),
    ...(entry.length > 0 ? rowsFor('action', 'entry', entry) : []),
    ...(exit.length > 0 ? rowsFor('action', 'exit', exit) : []),
    ...invokes.map((actor) => row('invoke', `invoke ${actor}`)),
    ...listed.flatMap((transition) => internalRows(transition, state)),
  ];
}

/** What stands beside a line: the event and the guard. Nothing for an `always` without a guard. */
export function labelOf(transition: ChartTransition): readonly Row[] {
  const { event, guard } = transition;
  if (event === '' && guard === undefined) return [];
  const isLong = event !== '' && guard !== undefined && event.length + guard.length > maxLabel;
  if (!isLong) return [{ kind: 'label', text: oneLine(triggerOf(transition)) }];
  return [
    { kind: 'label', text: oneLine(event) },
    { kind: 'guard', text: oneLine(`[${guard}]`), isIndented: true },
  ];
}

/** What a state's name takes more of when it is drawn larger, to be read from far: as the inspector's page does. */
const fromFar = 0.6;
const mostFromFar = 50;

function widthOfRow({ kind, text, isIndented = false }: Row): number {
  if (kind !== 'name') return (isIndented ? indentation : 0) + widthOf(text, 'code');
  const width = widthOf(text, 'name');
  return Math.ceil(width + Math.min(mostFromFar, width * fromFar));
}

/** How wide they are together, in pixels. */
export const widthOfRows = (rows: readonly Row[]): number => Math.max(0, ...rows.map(widthOfRow));
