import type { ChartState, ChartTransition } from './chartGraph';
import { labelOf, rowsOf, type Row } from './rows';

/** A state as it is drawn. */
export interface StatePart {
  readonly state: ChartState;
  /** The number of the state that this one is in; undefined for the root. */
  readonly parent: number | undefined;
  /** The transitions that have no line, and are listed in the state. */
  readonly listed: readonly ChartTransition[];
  /** The text in the state. */
  readonly rows: readonly Row[];
}

/** One line for all transitions from a state to another. */
export interface LinePart {
  readonly from: number;
  readonly to: number;
  /** Each transition, with the text that stands beside the line for it. */
  readonly transitions: readonly { readonly transition: ChartTransition; readonly label: readonly Row[] }[];
}

/** The arrow to the state that is entered first. */
interface InitialPart {
  /** The state around it, which gets a dot where the arrow begins. Or a history state, and the arrow begins there. */
  readonly from: number;
  readonly to: number;
}

/**
 * All that is drawn of a chart. A state's number is its index in `states`. The id would not do: two states can have
 * the same one, when a name has a dot in it.
 */
export interface ChartParts {
  /** Each state comes after the state that it is in. */
  readonly states: readonly StatePart[];
  readonly lines: readonly LinePart[];
  readonly initials: readonly InitialPart[];
}

/** A state, and the number of the state that it is in. */
interface StateWithParent {
  readonly state: ChartState;
  readonly parent: number | undefined;
}

/** All states of a chart: the index of each is its number. */
function allStates(root: ChartState): StateWithParent[] {
  const all: StateWithParent[] = [];
  const add = (state: ChartState, parent: number | undefined): void => {
    const number = all.push({ state, parent }) - 1;
    for (const child of state.states) add(child, number);
  };
  add(root, undefined);
  return all;
}

/** Whether the state `inner` is the state `outer`, or inside of it. */
export function isIn(
  inner: number,
  outer: number,
  states: readonly { readonly parent: number | undefined }[],
): boolean {
  let state: number | undefined = inner;
  // a state has a higher number than all states that it is in
  while (state !== undefined && state > outer) state = states[state]?.parent;
  return state === outer;
}

/**
 * Takes a chart apart. A line leads from a state to another state, when neither is inside the other. All other
 * transitions are listed in their state, because a line would go through the text there: those that stay in the
 * state, lead to a state inside of it, or to one around it.
 */
export function chartParts(root: ChartState): ChartParts {
  const all = allStates(root);
  const numbers = new Map<string, number>();
  for (const [number, { state }] of all.entries()) if (!numbers.has(state.id)) numbers.set(state.id, number);
  const numbersOf = (ids: readonly string[]): number[] => ids.map((id) => numbers.get(id) ?? 0);
  const isBeside = (a: number, b: number): boolean => !isIn(a, b, all) && !isIn(b, a, all);

  const lines: LinePart[] = [];
  const initials: InitialPart[] = [];
  const states = all.map(({ state, parent }, from): StatePart => {
    const listed: ChartTransition[] = [];
    const byTarget = new Map<number, LinePart['transitions'][number][]>();
    for (const transition of state.transitions) {
      const targets = numbersOf(transition.targets).filter((to) => isBeside(from, to));
      if (targets.length === 0) listed.push(transition);
      for (const to of targets) {
        const transitions = byTarget.get(to) ?? [];
        byTarget.set(to, transitions);
        transitions.push({ transition, label: labelOf(transition) });
      }
    }
    for (const [to, transitions] of byTarget) lines.push({ from, to, transitions });
    for (const to of numbersOf(state.initial)) {
      if (state.states.length > 0 || isBeside(from, to)) initials.push({ from, to });
    }
    return { state, parent, listed, rows: rowsOf(state, listed) };
  });
  return { states, lines, initials };
}
