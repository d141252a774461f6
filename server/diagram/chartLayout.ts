import type { ElkExtendedEdge, ElkNode } from 'elkjs';
import type { ChartState } from './chartGraph';
import { chartParts, type ChartParts, type LinePart, type StatePart } from './chartParts';
import { layOut } from './elk';
import { elkGraph, headHeight, padding } from './elkGraph';
import { widthOfRows } from './rows';

/** A point in the drawing, in pixels from the drawing's upper left corner. All lengths here are in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle in the drawing, from its upper left corner on. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** A state with its place in the drawing. */
export interface PlacedState extends StatePart, Box {}

/** A line with its place in the drawing. */
export interface PlacedLine extends LinePart {
  /** The ends of the line, and the bends between them. */
  readonly points: readonly Point[];
  /** The upper left corner of the line's label. */
  readonly label: Point;
}

/** An initial arrow with its place in the drawing. */
export interface PlacedInitial {
  /** The dot that the arrow begins at. Undefined when the arrow begins at a history state. */
  readonly dot: Box | undefined;
  readonly points: readonly Point[];
}

/** The places of all that is drawn of a chart. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  /** Each state comes after the state that it is in. */
  readonly states: readonly PlacedState[];
  readonly lines: readonly PlacedLine[];
  readonly initials: readonly PlacedInitial[];
}

/** How many layouts of a chart are made at most. The best one is taken. */
const maxAttempts = 6;

/**
 * How many lines are laid out at most in all attempts together: a large chart takes longer, and gets fewer attempts.
 */
const maxLinesInAttempts = 48;

/** How often at most a chart is laid out anew because lines go through a state's text. */
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

/** The length of all lines together. Shorter lines are easier to follow. */
const totalLengthOf = ({ edges = [] }: ElkNode): number =>
  edges.reduce((sum, edge) => sum + lengthOf(pointsOf(edge)), 0);

function boxesOf(graph: ElkNode): ReadonlyMap<string, Box> {
  const boxes = new Map<string, Box>();
  const collect = ({ id, x = 0, y = 0, width = 0, height = 0, children = [] }: ElkNode): void => {
    boxes.set(id, { x, y, width, height });
    children.forEach(collect);
  };
  collect(graph);
  return boxes;
}

/** Whether a line goes through the text at the top of a state. */
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

async function bestGraph(parts: ChartParts, textAtLeft: ReadonlySet<number>, inBackground: boolean): Promise<ElkNode> {
  const count = Math.max(1, Math.min(maxAttempts, Math.floor(maxLinesInAttempts / parts.lines.length)));
  const attempts = Array.from({ length: count }, (_, i) => elkGraph(parts, i + 1, textAtLeft));
  const graphs = await layOut(attempts, inBackground);
  return graphs.reduce((a, b) => (totalLengthOf(b) < totalLengthOf(a) ? b : a));
}

function place(
  { states, lines, initials }: ChartParts,
  { width = 0, height = 0, edges = [], ...graph }: ElkNode,
): ChartLayout {
  const boxes = boxesOf(graph);
  const edgesById = new Map(edges.map((edge) => [edge.id, edge]));
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    states: states.map((part, number) => ({ ...part, ...(boxes.get(`state${String(number)}`) ?? nowhere) })),
    lines: lines.map((part, number) => {
      const edge = edgesById.get(`line${String(number)}`);
      const { x = 0, y = 0 } = edge?.labels?.[0] ?? {};
      return { ...part, points: pointsOf(edge), label: { x, y } };
    }),
    initials: initials.map(({ from }, number) => {
      return { dot: boxes.get(`dot${String(from)}`), points: pointsOf(edgesById.get(`initial${String(number)}`)) };
    }),
  };
}

/** Finds a place for all that is drawn of a chart. Where lines cross a state's text, that text moves to the left. */
export async function layOutChart(root: ChartState, inBackground = false): Promise<ChartLayout> {
  const parts = chartParts(root);
  const textAtLeft = new Set<number>();
  for (let corrections = 0; ; corrections += 1) {
    const layout = place(parts, await bestGraph(parts, textAtLeft, inBackground));
    const lines = [...layout.lines, ...layout.initials].map(({ points }) => points);
    const crossed = layout.states.flatMap((placed, number) =>
      placed.state.states.length > 0 && !textAtLeft.has(number) && isCrossed(placed, placed, lines) ? [number] : [],
    );
    if (crossed.length === 0 || corrections === maxCorrections) return layout;
    for (const number of crossed) textAtLeft.add(number);
  }
}
