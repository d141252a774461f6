import type { ElkNode } from 'elkjs';
import { isIn, type ChartParts, type LinePart, type StatePart } from './chartParts';
import { widthOfRows } from './rows';
import { lineHeight } from './text';

type Edges = NonNullable<ElkNode['edges']>;

/** Between a state's border and its text, in pixels. */
export const padding = 10;

/** Between a state's border and the states in it, in pixels. */
const margin = 16;

/** The diameters of the dot that an initial arrow begins at, and of a history state, in pixels. */
const dotSize = 10;
const historySize = 26;

/**
 * Chosen by looking at charts. `considerModelOrder` isn't among them for a reason: elkjs 0.12 fails on many nested graphs
 * when it is to respect the order of the states.
 */
const options: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  // from the initial state on: it comes to be on top
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  // half of the time that its default 7 takes, for the same drawings
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

/** With more lines than that a chart can take longer to be laid out well than anybody waits: it is done quickly then. */
const maxLinesWithCare = 100;

const quickly: Readonly<Record<string, string>> = {
  'elk.layered.layering.strategy': 'LONGEST_PATH',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.thoroughness': '1',
};

/** How high a state's own text is with the space around it, in pixels. */
export const headHeight = ({ rows }: StatePart): number => rows.length * lineHeight + 2 * padding;

function elkNode(part: StatePart, number: number, isBeside: boolean): ElkNode {
  const id = `state${String(number)}`;
  const { kind, states, initial } = part.state;
  if (kind === 'history' || kind === 'deepHistory') return { id, width: historySize, height: historySize };
  const width = widthOfRows(part.rows) + 2 * padding;
  const height = headHeight(part);
  if (states.length === 0) return { id, width, height };
  const [top, left] = isBeside ? [margin, width + margin] : [height + 4, margin];
  // elkjs takes the two for each other when the layout goes down
  const [minWidth, minHeight] = isBeside ? [height, 0] : [0, width];
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

/** The states that a line, or an initial arrow, leads to or into from outside. */
function reached({ states, lines, initials }: ChartParts): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { from, to } of [...lines, ...initials]) {
    for (let state: number | undefined = to; state !== undefined && !isIn(from, state, states);) {
      found.add(state);
      state = states[state]?.parent;
    }
  }
  return found;
}

/** Nested graphs have options of their own. */
function withOptions(node: ElkNode, common: Readonly<Record<string, string>>): ElkNode {
  if (node.children === undefined) return node;
  const layoutOptions = { ...common, ...node.layoutOptions };
  return { ...node, layoutOptions, children: node.children.map((child) => withOptions(child, common)) };
}

/** Lines that are not drawn: what no line leads to is placed below the one before it, as in the machine. */
function orderLines(parts: ChartParts): Edges {
  const { states } = parts;
  const isReached = reached(parts);
  const elder = new Map<number, number>();
  return states.flatMap(({ parent }, number) => {
    if (parent === undefined) return [];
    const before = elder.get(parent);
    elder.set(parent, number);
    if (before === undefined || isReached.has(number) || states[parent]?.state.kind === 'parallel') return [];
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
 * A graph for elkjs: `state3`, its `dot3`, `line0`, `initial0` are the parts of that number.
 * @param seed - another one gives another layout
 * @param beside - the states whose text stands at the left of what is in them, not above
 */
export function elkGraph(parts: ChartParts, seed: number, beside: ReadonlySet<number>): ElkNode {
  const { states, lines, initials } = parts;
  const nodes = states.map((part, number) => elkNode(part, number, beside.has(number)));
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
