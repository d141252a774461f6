import type { ChartLayout, PlacedInitial, PlacedLine, PlacedState, Point } from './chartLayout';
import { padding } from './elkGraph';
import { pathOf, round } from './path';
import { indentation, sentenceOf, type Row } from './rows';
import { lineHeight } from './text';
import { escapeXml } from './xml';

/** The distance from a row's upper edge to the line that its letters stand on, in pixels. */
const baseline = 12;

const element = (tag: string, attributes: Readonly<Record<string, string | number>>, content = ''): string => {
  const written = Object.entries(attributes).map(([name, value]) => {
    return ` ${name}="${typeof value === 'number' ? round(value) : escapeXml(value)}"`;
  });
  return content === '' ? `<${tag}${written.join('')}/>` : `<${tag}${written.join('')}>${content}</${tag}>`;
};

const title = (text: string): string => element('title', {}, escapeXml(text));

/** Rows of text, one below the other. The point is the upper left corner of the first row. */
const texts = (rows: readonly Row[], { x, y }: Point): string[] =>
  rows.map(({ kind, text, transition, isIndented = false }, i) => {
    const place = { x: isIndented ? x + indentation : x, y: y + i * lineHeight + baseline };
    if (transition === undefined) return element('text', { class: kind, ...place }, escapeXml(text));
    const tooltip = title(sentenceOf(transition));
    return element('text', { class: kind, 'data-edge': transition.id, ...place }, tooltip + escapeXml(text));
  });

/** A history state: a circle with a letter in it. */
function historyParts({ state, x, y, width, height }: PlacedState): string[] {
  const [cx, cy] = [x + width / 2, y + height / 2];
  const letter = state.kind === 'history' ? 'H' : 'H*';
  return [
    element('circle', { cx, cy, r: width / 2 }),
    element('text', { class: 'name', 'text-anchor': 'middle', x: cx, y: cy + 4.5 }, letter),
  ];
}

function boxParts({ state, rows, x, y, width, height }: PlacedState): string[] {
  const box = (by: number): string =>
    element('rect', { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by, rx: 8 - by });
  return [box(0), ...(state.kind === 'final' ? [box(3)] : []), ...texts(rows, { x: x + padding, y: y + padding })];
}

function stateGroup(placed: PlacedState, states: readonly PlacedState[]): string {
  const { state, parent } = placed;
  const isHistory = state.kind === 'history' || state.kind === 'deepHistory';
  const classes = ['state', isHistory ? 'history' : state.kind];
  if (parent === undefined) classes.push('root');
  else if (states[parent]?.state.kind === 'parallel') classes.push('region');
  const parts = isHistory ? historyParts(placed) : boxParts(placed);
  if (state.description !== undefined) parts.unshift(title(state.description));
  return element('g', { class: classes.join(' '), 'data-state': state.id }, parts.join('\n'));
}

function initialArrow({ dot, points }: PlacedInitial): string {
  const arrow = element('path', { class: 'initial', d: pathOf(points) });
  if (dot === undefined) return arrow;
  const r = dot.width / 2;
  return `${element('circle', { class: 'dot', cx: dot.x + r, cy: dot.y + r, r })}\n${arrow}`;
}

/** A group for each transition, so that each can be marked alone, although all of them share one line. */
function labels({ label: { x, y }, transitions }: PlacedLine, number: number): string[] {
  let row = 0;
  return transitions.map(({ transition, label }) => {
    const content = [title(sentenceOf(transition)), ...texts(label, { x, y: y + row * lineHeight })];
    row += label.length;
    const attributes = { class: 'transition', 'data-edge': transition.id, 'data-line': String(number) };
    return element('g', attributes, content.join(''));
  });
}

/**
 * The drawing as SVG. The colours are up to `style`, or to the page around. A state's `g` has the state's id as
 * `data-state`. A `g.transition` or a `text.internal` has the transition's id as `data-edge`. A `g.transition` has
 * the same `data-line` as its `path.line`. A transition that leads to several states has several groups.
 * @param style - CSS to be written into the drawing; empty for none
 */
export function svgOf(name: string, layout: ChartLayout, style: string): string {
  const { width, height, states, lines, initials } = layout;
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    class: 'chart',
    viewBox: `0 0 ${String(width)} ${String(height)}`,
    width,
    height,
    role: 'img',
    'aria-label': `statechart ${name}`,
  };
  const content = [
    ...(style === '' ? [] : [element('style', {}, style)]),
    ...states.map((state) => stateGroup(state, states)),
    ...initials.map(initialArrow),
    ...lines.map(({ points }, i) => element('path', { class: 'line', 'data-line': String(i), d: pathOf(points) })),
    // above all lines, because a marked line is thick
    ...lines.flatMap(labels),
  ];
  return `${element('svg', attributes, `\n${content.join('\n')}\n`)}\n`;
}
