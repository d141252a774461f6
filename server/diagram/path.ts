import type { Point } from './chartLayout';

// in pixels, as all lengths here
const cornerRadius = 6;
const arrowLength = 6;
const arrowHalfWidth = 3.6;

/** A length as it is written in SVG: in pixels, rounded to tenths. */
export const round = (length: number): string => String(Math.round(length * 10) / 10);

const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;

const distance = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

/** The point on the way from one point to another, at the distance `length` from the first one. */
function onTheWay(from: Point, to: Point, length: number): Point {
  const share = length / (distance(from, to) || 1);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

/** The head is drawn as strokes, so that it has the colour of its line. SVG's markers have a colour of their own. */
function arrowHead(end: Point, before: Point): string {
  const base = onTheWay(end, before, arrowLength);
  const turn = arrowHalfWidth / arrowLength;
  const [dx, dy] = [(end.y - base.y) * turn, (base.x - end.x) * turn];
  return `M${at({ x: base.x + dx, y: base.y + dy })}L${at(end)}L${at({ x: base.x - dx, y: base.y - dy })}`;
}

/** The data of an SVG path through the points, with round corners and an arrow head. Empty for fewer than two points. */
export function pathOf(points: readonly Point[]): string {
  const [start, ...rest] = points;
  const end = rest.pop();
  if (start === undefined || end === undefined) return '';
  let path = `M${at(start)}`;
  let before = start;
  for (const [i, corner] of rest.entries()) {
    const after = rest[i + 1] ?? end;
    const radius = Math.min(cornerRadius, distance(before, corner) / 2, distance(corner, after) / 2);
    path += `L${at(onTheWay(corner, before, radius))}Q${at(corner)} ${at(onTheWay(corner, after, radius))}`;
    before = corner;
  }
  return `${path}L${at(end)}${arrowHead(end, before)}`;
}
