import type { ElkExtendedEdge, ElkNode } from 'elkjs';
import type { ChartState } from './chartGraph';
import { chartParts, type ChartParts, type LinePart, type StatePart } from './chartParts';
import { layOut } from './elk';
import { elkGraph, headHeight, padding } from './elkGraph';
import { widthOfRows } from './rows';

/** All lengths are in pixels, from the drawing's upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedState extends StatePart, Box {}

export interface PlacedLine extends LinePart {
  /** Its ends, and where it bends. */
  readonly points: readonly Point[];
  /** The upper left corner of its label. */
  readonly label: Point;
}

export interface PlacedInitial {
  /** Missing when it begins at a history state. */
  readonly dot: Box | undefined;
  readonly points: readonly Point[];
}

export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  /** Each after the one that it is in. */
  readonly states: readonly PlacedState[];
  readonly lines: readonly PlacedLine[];
  readonly initials: readonly PlacedInitial[];
}

/** How many layouts of a chart are made, at most, for the best to be taken: fewer of a large one, which takes longer. */
const attempts = 6;
const linesToLayOut = 48;

/** How often a chart is laid out anew because lines go through a state's text. */
const maxCorrections = 3;

const nowhere: Box = { x: 0, y: 0, width: 0, height: 0 };

const pointsOf = (edge: ElkExtendedEdge | undefined): Point[] =>
  (edge?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);

function lengthOf(points: readonly Point[]): number {
  let length = 0;
  for (const [i, { x, y }] of points.entries()) {
    const { x: fromX, y: fromY } = points[i - 1] ?? { x, y };
    length += Math.abs(x - fromX) + Math.abs(y - fromY);
  }
  return length;
}

/** All lines together: the shorter they are, the easier they are to follow. */
const linesOf = ({ edges = [] }: ElkNode): number => edges.reduce((sum, edge) => sum + lengthOf(pointsOf(edge)), 0);

function boxesOf(graph: ElkNode): ReadonlyMap<string, Box> {
  const boxes = new Map<string, Box>();
  const collect = ({ id, x = 0, y = 0, width = 0, height = 0, children = [] }: ElkNode): void => {
    boxes.set(id, { x, y, width, height });
    children.forEach(collect);
  };
  collect(graph);
  return boxes;
}

/** Whether a line that goes down into a state goes through what is written at its top. */
function isCrossed(part: StatePart, { x, y }: Box, lines: readonly (readonly Point[])[]): boolean {
  const right = x + padding + widthOfRows(part.rows);
  const bottom = y + headHeight(part);
  return lines.some((points) =>
    points.some((to, i) => {
      const from = points[i - 1] ?? to;
      const isAbove = Math.max(from.y, to.y) <= y + 1 || Math.min(from.y, to.y) >= bottom;
      return !isAbove && Math.max(from.x, to.x) > x && Math.min(from.x, to.x) < right;
    }),
  );
}

async function bestGraph(parts: ChartParts, beside: ReadonlySet<number>, inBackground: boolean): Promise<ElkNode> {
  const count = Math.max(1, Math.min(attempts, Math.floor(linesToLayOut / parts.lines.length)));
  const tries = Array.from({ length: count }, (_, i) => elkGraph(parts, i + 1, beside));
  const graphs = await layOut(tries, inBackground);
  return graphs.reduce((a, b) => (linesOf(b) < linesOf(a) ? b : a));
}

function place(
  { states, lines, initials }: ChartParts,
  { width = 0, height = 0, edges = [], ...graph }: ElkNode,
): ChartLayout {
  const boxes = boxesOf(graph);
  const found = new Map(edges.map((edge) => [edge.id, edge]));
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    states: states.map((part, number) => ({ ...part, ...(boxes.get(`state${String(number)}`) ?? nowhere) })),
    lines: lines.map((part, number) => {
      const edge = found.get(`line${String(number)}`);
      const { x = 0, y = 0 } = edge?.labels?.[0] ?? {};
      return { ...part, points: pointsOf(edge), label: { x, y } };
    }),
    initials: initials.map(({ from }, number) => {
      return { dot: boxes.get(`dot${String(from)}`), points: pointsOf(found.get(`initial${String(number)}`)) };
    }),
  };
}

/** Says where all that is drawn of a chart is. See {@link layOut} for how it can fail. */
export async function layOutChart(root: ChartState, inBackground = false): Promise<ChartLayout> {
  const parts = chartParts(root);
  const beside = new Set<number>();
  for (let corrections = 0; ; corrections += 1) {
    const layout = place(parts, await bestGraph(parts, beside, inBackground));
    const lines = [...layout.lines, ...layout.initials].map(({ points }) => points);
    const crossed = layout.states.flatMap((placed, number) =>
      placed.state.states.length > 0 && !beside.has(number) && isCrossed(placed, placed, lines) ? [number] : [],
    );
    if (crossed.length === 0 || corrections === maxCorrections) return layout;
    for (const number of crossed) beside.add(number);
  }
}
