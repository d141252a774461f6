import type { ChartState } from '../../diagram/chartGraph';

/** Whether an event that came in a state was ever taken there. */
export type Mark = 'taken' | 'ignored';

const signs = { taken: '+', ignored: '-', awaited: '?', none: '.' } as const;

/**
 * An innermost state in which events can come, and the events that it and the states around it have transitions for.
 */
interface Column {
  readonly name: string;
  readonly id: string;
  readonly events: ReadonlySet<string>;
}

/**
 * The events as a reader writes them, each with all that the chart writes for it (one `after 50 ms` for each state).
 */
type Rows = ReadonlyMap<string, Set<string>>;

function columnsOf(
  state: ChartState,
  name: string,
  around: readonly string[],
  rows: Map<string, Set<string>>,
): Column[] {
  const events = [...around];
  for (const { id, event } of state.transitions) {
    // an `always` has no event
    if (event === '') continue;
    const written = id.slice(state.id.length + 1, id.lastIndexOf('|'));
    rows.set(event, (rows.get(event) ?? new Set()).add(written));
    events.push(event);
  }
  const inner = state.states.flatMap((child) => columnsOf(child, child.id, events, rows));
  const isLeftAtOnce = state.transitions.some(({ event, guard }) => event === '' && guard === undefined);
  const isPlace = state.states.length === 0 && (state.kind === 'atomic' || state.kind === 'compound') && !isLeftAtOnce;
  return isPlace ? [{ name, id: state.id, events: new Set(events) }] : inner;
}

/**
 * The table of states × events as text: a column for each innermost state, its name above it, and a row for each event.
 *
 * @param chart - the chart of the table
 * @param markOf - the mark of a state for any of these events; undefined when none of them came there
 */
export function coverageTable(
  chart: ChartState,
  markOf: (state: string, events: ReadonlySet<string>) => Mark | undefined,
): string {
  const rows = new Map<string, Set<string>>();
  const columns = columnsOf(chart, chart.name, [], rows);
  const heads = columns.map(({ name }, index) => `${'│ '.repeat(index)}${name}`);
  return [...heads, '│ '.repeat(columns.length).trimEnd(), ...lines(columns, rows, markOf)].join('\n');
}

const lines = (columns: readonly Column[], rows: Rows, markOf: Parameters<typeof coverageTable>[1]): string[] =>
  [...rows].map(([event, written]) => {
    const cells = columns.map(({ id, events }) => {
      return signs[markOf(id, written) ?? (events.has(event) ? 'awaited' : 'none')];
    });
    return [...cells, '', event].join(' ');
  });
