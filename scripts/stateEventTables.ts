import type { AnyStateMachine } from 'xstate';
import { chartGraph, type ChartState, type ChartTransition } from '../server/diagram/chartGraph';

/** A state in which events can come, followed by the states around it, the innermost first. */
type StatePath = readonly [ChartState, ...ChartState[]];

function statePathsIn(state: ChartState, around: readonly ChartState[] = []): StatePath[] {
  const path = [state, ...around] as const;
  if (state.states.length > 0) return state.states.flatMap((inner) => statePathsIn(inner, path));
  const isLeftAtOnce = state.transitions.some(({ event, guard }) => event === '' && guard === undefined);
  return state.kind === 'atomic' && !isLeftAtOnce ? [path] : [];
}

const allTransitions = (state: ChartState): readonly ChartTransition[] => [
  ...state.transitions,
  ...state.states.flatMap(allTransitions),
];

const nameOf = (id: string): string => id.slice(id.lastIndexOf('.') + 1);

function outcomeOf({ targets, actions, guard }: ChartTransition): string {
  const outcome = targets.length > 0 ? `→ ${targets.map(nameOf).join(', ')}` : actions.length > 0 ? 'stays' : '/';
  return guard === undefined ? outcome : `${guard}: ${outcome}`;
}

/**
 * The possible outcomes of an event in a state, one a line. The first one whose guard lets the event through counts.
 */
function cellOf(path: StatePath, event: string): string {
  const outcomes: string[] = [];
  for (const transition of path.flatMap(({ transitions }) => transitions)) {
    if (transition.event !== event) continue;
    outcomes.push(outcomeOf(transition));
    if (transition.guard === undefined) break;
  }
  return outcomes.join('<br>');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The table of states × events of a chart, as Markdown. */
export function stateEventTable(machine: AnyStateMachine): string {
  const chart = chartGraph(machine);
  const paths = statePathsIn(chart);
  const events = [...new Set(allTransitions(chart).map(({ event }) => event))].filter((event) => event !== '').sort();
  const heads = ['', ...paths.map(([{ id }]) => id.replaceAll('.', '.<br>'))];
  const rows = events.map((event) => [`\`${event}\``, ...paths.map((path) => cellOf(path, event))]);
  return [heads, heads.map(() => '---'), ...rows].map(row).join('\n');
}
