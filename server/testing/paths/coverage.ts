import type { ChartState, ChartTransition } from '../../diagram/chartGraph';
import { matches } from '../../../actors/xstate/stepTable';
import { coverageTable, type Mark } from './coverageTable';
import type { Cell, Reaction } from './reaction';

/** All states of a chart but the root, and all transitions. */
export function partsOf(root: ChartState): {
  readonly states: readonly string[];
  readonly transitions: readonly ChartTransition[];
} {
  const all = (state: ChartState): ChartState[] => [state, ...state.states.flatMap(all)];
  const states = all(root);
  // an actor is never in a history state: such a state stands for others
  const isReal = ({ id, kind }: ChartState): boolean => id !== '' && kind !== 'history' && kind !== 'deepHistory';
  return {
    states: states.filter(isReal).map(({ id }) => id),
    transitions: states.flatMap((state) => state.transitions),
  };
}

/**
 * The parts of a chart that real actors have passed, in all runs so far. Ids are those of drawings: `full|newCSA|0`.
 */
export class Coverage {
  readonly #chart: ChartState;
  readonly #unreachable: Readonly<Record<string, string>>;
  readonly #seen = new Set<string>();
  /** The marks, by the innermost state and then by the event. */
  readonly #cells = new Map<string, Map<string, Mark>>();

  /** @internal */
  constructor(chart: ChartState, unreachable: Readonly<Record<string, string>>) {
    this.#chart = chart;
    this.#unreachable = unreachable;
    const { states, transitions } = partsOf(chart);
    const known = new Set([...states, ...transitions.map(({ id }) => id)]);
    for (const id of Object.keys(unreachable)) {
      if (!known.has(id))
        throw new Error(`modelPaths: '${id}' is listed as unreachable, but ${chart.name} has no such thing`);
    }
  }

  /** The states that were seen. */
  get states(): readonly string[] {
    return partsOf(this.#chart).states.filter((id) => this.#seen.has(id));
  }

  /** The transitions that were seen. */
  get transitions(): readonly string[] {
    return this.#transitions.filter((id) => this.#seen.has(id));
  }

  /** Each event that came in each state, and whether a transition took it. */
  get cells(): readonly Cell[] {
    return [...this.#cells].flatMap(([state, row]) =>
      [...row].map(([event, mark]) => ({ state, event, isTaken: mark === 'taken' })),
    );
  }

  /** The states and transitions that were not seen and are not listed as unreachable. */
  get missing(): readonly string[] {
    const all = [...partsOf(this.#chart).states, ...this.#transitions];
    return all.filter((id) => !this.#seen.has(id) && !Object.hasOwn(this.#unreachable, id));
  }

  /** The states and transitions that were seen although they are listed as unreachable. */
  get contradictions(): readonly string[] {
    return Object.keys(this.#unreachable).filter((id) => this.#seen.has(id));
  }

  /** @internal */
  note({ states, transitions, cells }: Pick<Reaction, 'states' | 'transitions' | 'cells'>): void {
    for (const id of [...states, ...transitions]) this.#seen.add(id);
    for (const { state, event, isTaken } of cells) {
      const row = this.#cells.get(state) ?? new Map<string, Mark>();
      this.#cells.set(state, row);
      // a guard may have let the event through at another time
      if (isTaken || !row.has(event)) row.set(event, isTaken ? 'taken' : 'ignored');
    }
  }

  /**
   * The table of states × events, then the missing parts. In the table, `+` is an event that came and was taken, `-`
   * one that came and was ignored, `?` one that the chart would take but that never came, `.` none of these.
   */
  toString(): string {
    const { states } = partsOf(this.#chart);
    const count = (all: readonly string[], what: string): string[] =>
      all.length === 0
        ? []
        : [`${String(all.filter((id) => this.#seen.has(id)).length)} of ${String(all.length)} ${what}`];
    const list = (title: string, lines: readonly string[]): string[] =>
      lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
    return [
      coverageTable(this.#chart, (state, written) => markOf(this.#cells.get(state), written)),
      '',
      [...count(states, 'states'), ...count(this.#transitions, 'transitions')].join(', '),
      ...list('missing:', this.missing),
      ...list(
        'unreachable:',
        Object.entries(this.#unreachable).map((entry) => entry.join(': ')),
      ),
    ].join('\n');
  }

  get #transitions(): readonly string[] {
    return partsOf(this.#chart).transitions.map(({ id }) => id);
  }
}

/** The mark of an event that the chart writes in one of these ways: `taken` if it was ever taken. */
function markOf(row: ReadonlyMap<string, Mark> | undefined, written: ReadonlySet<string>): Mark | undefined {
  const marks = [...(row ?? [])].filter(([type]) => [...written].some((event) => matches(event, type)));
  return marks.find(([, mark]) => mark === 'taken')?.[1] ?? marks[0]?.[1];
}
