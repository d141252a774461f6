import type { ElkNode } from 'elkjs';
import { isIn, type ChartParts, type LinePart, type StatePart } from './chartParts';
import { widthOfRows } from './rows';
import { lineHeight } from './text';

type Edges = NonNullable<ElkNode['edges']>;

/** The space between a state's border and its text, in pixels. */
export const padding = 10;

/** The space between a state's border and the states in it, in pixels. */
const margin = 16;

/** The diameter of the dot that an initial arrow begins at, in pixels. */
const dotSize = 10;

/** The diameter of a history state, in pixels. */
const historySize = 26;

/**
 * These options were chosen by looking at charts. `considerModelOrder` is left out on purpose: with that option,
 * elkjs 0.12 fails on many nested graphs.
 */
const options: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  // begins at the initial state, which then stands on top
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  // takes half the time of the default 7, and gives the same drawings
  'elk.layered.thoroughness': '3',
  // a label stands where its line begins
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'TAIL_LAYER',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '5',
};

/** A chart with more lines is laid out quickly instead: a good layout could take longer than anybody waits. */
const maxLinesWithCare = 100;

const quickly: Readonly<Record<string, string>> = {
  'elk.layered.layering.strategy': 'LONGEST_PATH',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.thoroughness': '1',
};

/** The height of a state's own text with the space around that text, in pixels. */
export const headHeight = ({ rows }: StatePart): number => rows.length * lineHeight + 2 * padding;

function elkNode(part: StatePart, number: number, isTextAtLeft: boolean): ElkNode {
  const id = `state${String(number)}`;
  const { kind, states, initial } = part.state;
  if (kind === 'history' || kind === 'deepHistory') return { id, width: historySize, height: historySize };
  const width = widthOfRows(part.rows) + 2 * padding;
  const height = headHeight(part);
  if (states.length === 0) return { id, width, height };
  const [top, left] = isTextAtLeft ? [margin, width + margin] : [height + 4, margin];
  // swapped on purpose: elkjs mixes up width and height when the layout goes down
  const [minWidth, minHeight] = isTextAtLeft ? [height, 0] : [0, width];
  return {
    id,
    layoutOptions: {
      'elk.padding': `[top=${String(top)},left=${String(left)},bottom=${String(margin)},right=${String(margin)}]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${String(minWidth)},${String(minHeight)})`,
    },
    children: initial.length > 0 ? [{ id: `dot${String(number)}`, width: dotSize, height: dotSize }] : [],
  };
}

/** The states that a line or an initial arrow enters from outside. */
function reachedStates({ states, lines, initials }: ChartParts): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { from, to } of [...lines, ...initials]) {
    for (let state: number | undefined = to; state !== undefined && !isIn(from, state, states);) {
      found.add(state);
      state = states[state]?.parent;
    }
  }
  return found;
}

/** Gives the common options to a node and to all nodes inside: in elkjs, each nested graph has its own options. */
function withOptions(node: ElkNode, common: Readonly<Record<string, string>>): ElkNode {
  if (node.children === undefined) return node;
  const layoutOptions = { ...common, ...node.layoutOptions };
  return { ...node, layoutOptions, children: node.children.map((child) => withOptions(child, common)) };
}

/** Lines that are never drawn. Each places a state that no line leads to below the state before it in the machine. */
function orderLines(parts: ChartParts): Edges {
  const { states } = parts;
  const reached = reachedStates(parts);
  const lastSiblings = new Map<number, number>();
  return states.flatMap(({ parent }, number) => {
    if (parent === undefined) return [];
    const before = lastSiblings.get(parent);
    lastSiblings.set(parent, number);
    if (before === undefined || reached.has(number) || states[parent]?.state.kind === 'parallel') return [];
    return { id: `order${String(number)}`, sources: [`state${String(before)}`], targets: [`state${String(number)}`] };
  });
}

function drawnLine({ from, to, transitions }: LinePart, number: number): Edges[number] {
  const rows = transitions.flatMap(({ label }) => label);
  const id = `line${String(number)}`;
  // elkjs leaves out a label without a text
  const label = { id: `label${String(number)}`, text: id, width: widthOfRows(rows), height: rows.length * lineHeight };
  const ends = { sources: [`state${String(from)}`], targets: [`state${String(to)}`] };
  return { id, ...ends, labels: rows.length > 0 ? [label] : [] };
}

/**
 * A graph for elkjs. The ids in it are made of a kind and a number: `state3` and its `dot3` are for the state with
 * number 3, `line0` and `initial0` for the first line and the first initial arrow.
 * @param seed - a different seed gives a different layout
 * @param textAtLeft - the numbers of the states whose text stands at the left of the states inside, not above them
 */
export function elkGraph(parts: ChartParts, seed: number, textAtLeft: ReadonlySet<number>): ElkNode {
  const { states, lines, initials } = parts;
  const nodes = states.map((part, number) => elkNode(part, number, textAtLeft.has(number)));
  for (const [number, { parent }] of states.entries()) {
    const node = nodes[number];
    if (node !== undefined && parent !== undefined) nodes[parent]?.children?.push(node);
  }
  const initialLines = initials.map(({ from, to }, number) => {
    const source = `${states[from]?.state.states.length === 0 ? 'state' : 'dot'}${String(from)}`;
    return { id: `initial${String(number)}`, sources: [source], targets: [`state${String(to)}`] };
  });
  const edges = [...initialLines, ...lines.map(drawnLine), ...orderLines(parts)];
  const layoutOptions = { 'elk.padding': '[top=1,left=1,bottom=1,right=1]' };
  const chart = { id: 'chart', layoutOptions, children: nodes.slice(0, 1) };
  const haste = lines.length > maxLinesWithCare ? quickly : {};
  return { ...withOptions(chart, { ...options, ...haste, 'elk.randomSeed': String(seed) }), edges };
}
