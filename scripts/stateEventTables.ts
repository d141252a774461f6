import type { AnyStateMachine } from 'xstate';
import { chartGraph, type ChartState, type ChartTransition } from '../server/diagram/chartGraph';

/** A state in which events can come, and the states around it: the innermost first. */
type Place = readonly [ChartState, ...ChartState[]];

function placesIn(state: ChartState, around: readonly ChartState[] = []): Place[] {
  const here = [state, ...around] as const;
  if (state.states.length > 0) return state.states.flatMap((inner) => placesIn(inner, here));
  const isLeftAtOnce = state.transitions.some(({ event, guard }) => event === '' && guard === undefined);
  return state.kind === 'atomic' && !isLeftAtOnce ? [here] : [];
}

const all = (state: ChartState): readonly ChartTransition[] => [...state.transitions, ...state.states.flatMap(all)];

const nameOf = (id: string): string => id.slice(id.lastIndexOf('.') + 1);

function outcomeOf({ targets, actions, guard }: ChartTransition): string {
  const what = targets.length > 0 ? `→ ${targets.map(nameOf).join(', ')}` : actions.length > 0 ? 'stays' : '/';
  return guard === undefined ? what : `${guard}: ${what}`;
}

/** What comes of an event in a place: the first of these whose guard lets it through. */
function cellOf(place: Place, event: string): string {
  const outcomes: string[] = [];
  for (const transition of place.flatMap(({ transitions }) => transitions)) {
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
  const places = placesIn(chart);
  const events = [...new Set(all(chart).map(({ event }) => event))].filter((event) => event !== '').sort();
  const heads = ['', ...places.map(([{ id }]) => id.replaceAll('.', '.<br>'))];
  const rows = events.map((event) => [`\`${event}\``, ...places.map((place) => cellOf(place, event))]);
  return [heads, heads.map(() => '---'), ...rows].map(row).join('\n');
}
