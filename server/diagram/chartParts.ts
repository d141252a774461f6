import type { ChartState, ChartTransition } from './chartGraph';
import { labelOf, rowsOf, type Row } from './rows';

export interface StatePart {
  readonly state: ChartState;
  /** The number of the state that it is in; missing for the root. */
  readonly parent: number | undefined;
  /** The transitions without a line. */
  readonly listed: readonly ChartTransition[];
  /** What is written in it. */
  readonly rows: readonly Row[];
}

/** One line for all transitions from a state to another. */
export interface LinePart {
  readonly from: number;
  readonly to: number;
  /** With what stands beside the line for each. */
  readonly transitions: readonly { readonly transition: ChartTransition; readonly label: readonly Row[] }[];
}

/** The arrow to the state that one comes to first. */
interface InitialPart {
  /** The state around it, which gets a dot for the arrow to begin at; or a history state, where it begins itself. */
  readonly from: number;
  readonly to: number;
}

/** What is drawn of a chart. States go by their number: two of them can have the same id, if their names are odd enough. */
export interface ChartParts {
  /** Each after the one that it is in. */
  readonly states: readonly StatePart[];
  readonly lines: readonly LinePart[];
  readonly initials: readonly InitialPart[];
}

interface Numbered {
  readonly state: ChartState;
  readonly parent: number | undefined;
}

function numbered(root: ChartState): Numbered[] {
  const all: Numbered[] = [];
  const add = (state: ChartState, parent: number | undefined): void => {
    const number = all.push({ state, parent }) - 1;
    for (const child of state.states) add(child, number);
  };
  add(root, undefined);
  return all;
}

/** Whether a state is another one, or in it. */
export function isIn(
  inner: number,
  outer: number,
  states: readonly { readonly parent: number | undefined }[],
): boolean {
  let state: number | undefined = inner;
  // a state's number is higher than that of any that it is in
  while (state !== undefined && state > outer) state = states[state]?.parent;
  return state === outer;
}

/**
 * Takes a chart apart. A line leads from a state to another that is beside it. A transition that stays in its state, or
 * leads into it or to one around it, is listed in the state instead: a line would go through what is written there.
 */
export function chartParts(root: ChartState): ChartParts {
  const all = numbered(root);
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
