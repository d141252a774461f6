import type { AnyStateMachine } from 'xstate';
import { chartGraph } from './chartGraph';
import { layOutChart } from './chartLayout';
import { standaloneStyle } from './chartStyle';
import { svgOf } from './svg';

export interface DrawChartOptions {
  /**
   * Whether the drawing is to be a file of its own, which brings its colours with it: light or dark, as its reader has
   * it. Default: false, for a page that has `chartStyle`.
   */
  readonly standalone?: boolean;
  /** Whether the process may end before the drawing is done. Default: false. */
  readonly inBackground?: boolean;
}

/**
 * Draws a machine as a statechart, and returns it as SVG. The same machine gives the same text, whenever it is drawn.
 *
 * It needs the package `elkjs`. The work is done in a thread of its own, for about a second; a chart of more than a hundred
 * lines is laid out with less care, and takes several.
 * @throws ServerchartError `ERR_MISSING_PEER` when elkjs isn't installed; `ERR_LAYOUT` when elkjs fails, or takes more than
 * 20 seconds or 512 MiB for one layout: some hundred states with lines all across
 */
export async function drawChart(
  machine: AnyStateMachine,
  { standalone = false, inBackground = false }: DrawChartOptions = {},
): Promise<string> {
  const graph = chartGraph(machine);
  return svgOf(graph.name, await layOutChart(graph, inBackground), standalone ? standaloneStyle : '');
}
