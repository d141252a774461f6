import type { ChartState, ChartTransition } from './chartGraph';
import { oneLine, widthOf } from './text';

/** A line of text in a state, or beside a line. */
export interface Row {
  readonly kind: 'name' | 'tags' | 'action' | 'invoke' | 'internal' | 'label' | 'guard';
  readonly text: string;
  /** What an internal transition does, for its tooltip. */
  readonly transition?: ChartTransition;
}

/** Beyond this many characters, a label's guard goes to a line of its own. */
const maxLabel = 30;

/** How far that line is moved in, in pixels. */
export const indentation = 24;

/** How many characters of actions are drawn, roughly; the tooltip has all of them. */
const maxActions = 26;

/** As many actions as there is room for, one at least. */
function briefly([first = '–', ...others]: readonly string[]): string {
  let text = first;
  for (const action of others) {
    if (text.length + action.length > maxActions) return `${text}, …`;
    text += `, ${action}`;
  }
  return text;
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

function internalRow(transition: ChartTransition, { id, kind }: ChartState): Row {
  const { targets, reenter, actions } = transition;
  const others = targets.filter((target) => target !== id);
  // a state that has others inside begins anew
  const isAnew = reenter || (others.length < targets.length && kind !== 'atomic');
  const text = [
    triggerOf(transition),
    ...(isAnew ? ['↻'] : []),
    ...(others.length > 0 ? [`→ ${others.map((target) => pathTo(target, id)).join(', ')}`] : []),
    // what does nothing at all is there to keep others from being taken: that is worth a sign
    ...(actions.length > 0 || (!isAnew && others.length === 0) ? [`/ ${briefly(actions)}`] : []),
  ].join(' ');
  return { kind: 'internal', text: oneLine(text), transition };
}

/** What a state says of itself: its name first, and the transitions that are listed in it last. */
export function rowsOf(state: ChartState, listed: readonly ChartTransition[]): readonly Row[] {
  const { name, tags, entry, exit, invokes } = state;
  const row = (kind: Row['kind'], text: string): Row => ({ kind, text: oneLine(text) });
  return [
    row('name', name),
    ...(tags.length > 0 ? [row('tags', `tags: ${tags.join(', ')}`)] : []),
    ...(entry.length > 0 ? [row('action', `entry / ${briefly(entry)}`)] : []),
    ...(exit.length > 0 ? [row('action', `exit / ${briefly(exit)}`)] : []),
    ...invokes.map((actor) => row('invoke', `invoke ${actor}`)),
    ...listed.map((transition) => internalRow(transition, state)),
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
    { kind: 'guard', text: oneLine(`[${guard}]`) },
  ];
}

/** What a state's name takes more of when it is drawn larger, to be read from far: as the inspector's page does. */
const fromFar = 0.6;
const mostFromFar = 50;

function widthOfRow({ kind, text }: Row): number {
  if (kind !== 'name') return (kind === 'guard' ? indentation : 0) + widthOf(text, 'code');
  const width = widthOf(text, 'name');
  return Math.ceil(width + Math.min(mostFromFar, width * fromFar));
}

/** How wide they are together, in pixels. */
export const widthOfRows = (rows: readonly Row[]): number => Math.max(0, ...rows.map(widthOfRow));
