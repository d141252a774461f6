import type { AnyStateMachine } from 'xstate';
import { chartGraph } from './chartGraph';
import { layOutChart } from './chartLayout';
import { standaloneStyle } from './chartStyle';
import { svgOf } from './svg';

/** Options of {@link drawChart}. */
export interface DrawChartOptions {
  /**
   * Whether the drawing becomes a file of its own, with its own colours: light or dark, as the reader's system is set.
   * @defaultValue `false`, for a page that has `chartStyle`
   */
  readonly standalone?: boolean;
  /**
   * Whether the process may end before the drawing is done.
   * @defaultValue `false`
   */
  readonly inBackground?: boolean;
}

/**
 * Draws a machine as a statechart, and returns it as SVG. The same machine always gives the same text.
 *
 * The package `elkjs` must be installed. The work is done in a thread of its own, and takes about a second. A chart
 * of more than a hundred lines is laid out with less care, and takes several seconds.
 * @throws ServerchartError `ERR_MISSING_PEER` when elkjs isn't installed; `ERR_LAYOUT` when elkjs fails, or takes
 * more than 20 seconds or 512 MiB. A chart of some hundred states with lines all across can take so much.
 */
export async function drawChart(
  machine: AnyStateMachine,
  { standalone = false, inBackground = false }: DrawChartOptions = {},
): Promise<string> {
  const graph = chartGraph(machine);
  return svgOf(graph.name, await layOutChart(graph, inBackground), standalone ? standaloneStyle : '');
}
