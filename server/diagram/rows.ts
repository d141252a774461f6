import type { ChartState, ChartTransition } from './chartGraph';
import { oneLine, widthOf } from './text';

/** A row of text, in a state or beside a line. */
export interface Row {
  readonly kind: 'name' | 'tags' | 'action' | 'invoke' | 'internal' | 'label' | 'guard';
  readonly text: string;
  /** Whether the row continues the row above it. */
  readonly isIndented?: boolean;
  /** The transition that the row is about. It gives the row's tooltip. */
  readonly transition?: ChartTransition;
}

/** How long a label may be, in characters. In a longer label, the guard gets a row of its own. */
const maxLabel = 30;

/** How far a row that continues the row above it is moved to the right, in pixels. */
export const indentation = 24;

/** How long a row of a state may be, in characters. Actions that don't fit continue in the next row. */
const maxRow = 48;

/** How many rows a transition gets. Actions beyond them are cut to an ellipsis. The tooltip has all actions. */
const maxRows = 6;

/** Writes actions behind `head`, in as many rows as they need, at most {@link maxRows}. */
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

/**
 * How a transition of the state `from` names its target: by the path from there when the target is inside of `from`.
 */
function pathTo(target: string, from: string): string {
  if (target === '') return 'root';
  return from !== '' && target.startsWith(`${from}.`) ? target.slice(from.length + 1) : target;
}

/** A transition in one sentence: event and guard, targets, and all actions. */
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
  // a transition from a state to itself: the states inside begin anew
  const isAnew = reenter || (others.length < targets.length && kind !== 'atomic');
  const head = [
    triggerOf(transition),
    ...(isAnew ? ['↻'] : []),
    ...(others.length > 0 ? [`→ ${others.map((target) => pathTo(target, id)).join(', ')}`] : []),
  ].join(' ');
  // a transition that does nothing keeps others from being taken: it gets a sign of its own
  const isSilent = actions.length === 0 && !isAnew && others.length === 0;
  return rowsFor('internal', head, isSilent ? ['–'] : actions, transition);
}

/** The rows for `head` and its actions. */
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

/** The rows in a state: its name first, the transitions that are listed in the state last. */
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

/** The rows beside a line: the event and the guard. None for an `always` without a guard. */
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

/**
 * How much wider a state's name may become. The inspector's page draws names larger when the drawing is seen from
 * far: by this share of their width, and by so many pixels at most.
 */
const growthFromFar = 0.6;
const maxGrowthFromFar = 50;

function widthOfRow({ kind, text, isIndented = false }: Row): number {
  if (kind !== 'name') return (isIndented ? indentation : 0) + widthOf(text, 'code');
  const width = widthOf(text, 'name');
  return Math.ceil(width + Math.min(maxGrowthFromFar, width * growthFromFar));
}

/** The width of the widest row, in pixels; 0 without rows. */
export const widthOfRows = (rows: readonly Row[]): number => Math.max(0, ...rows.map(widthOfRow));
