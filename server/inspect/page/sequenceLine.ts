import { clip, count, cut, h, timeOfDay } from './dom';
import type { MarkRow, MessageRow, SequenceRow } from './lanes';

/** The places of the lanes, in pixels. */
export interface LaneLayout {
  /** The middle of a lane. */
  readonly middle: (lane: number) => number;
  readonly laneWidth: number;
  /** The right end of the last lane. */
  readonly end: number;
}

/** Pixels of an arrow to or from an actor that has no lane. */
const stub = 56;
/** Pixels between an arrow and the words beside it. */
const gap = 8;
/** Pixels of the loop that an actor's event to itself makes. */
const loop = 16;
/** Pixels that words need. Where an arrow has fewer on its right, the words are on its left. */
const roomy = 150;

/** Fills a line of the sequence diagram: an arrow, a mark on a lifeline, or a gap. */
export function fillSequenceLine(line: HTMLElement, row: SequenceRow, layout: LaneLayout): void {
  const time = h('time', {}, row.at === undefined ? '' : timeOfDay(row.at));
  line.className = row.kind;
  line.dataset['seq'] = String(row.seq);
  if (row.kind === 'message') {
    line.dataset['type'] = row.event.type;
    line.replaceChildren(time, ...message(row, layout));
  } else {
    delete line.dataset['type'];
    line.replaceChildren(time, row.kind === 'gap' ? missing(row.events) : mark(row, layout));
  }
}

function message(row: MessageRow, layout: LaneLayout): HTMLElement[] {
  const { middle } = layout;
  const { from, to, other, event } = row;
  const label = h('span', { class: 'label' }, clip(event.type, 120));
  label.title = tooltip(row);
  if (from !== undefined && to !== undefined && from !== to) {
    const [start, width] = [Math.min(middle(from), middle(to)), Math.abs(middle(to) - middle(from))];
    placeAround(label, start + width / 2, layout);
    label.classList.add('over');
    return [place(h('span', { class: `arrow ${from < to ? 'right' : 'left'}` }), start, width), label];
  }
  const x = middle(to ?? from ?? 0);
  if (from === to) {
    placeBeside(label, x, x + loop, layout);
    return [place(h('span', { class: 'loop' }), x, loop), label];
  }
  label.append(h('span', { class: 'faint' }, ` ${from === undefined ? 'from' : 'to'} ${clip(other ?? '', 40)}`));
  const arrow = h('span', { class: 'arrow right stub' });
  const start = from === undefined ? x - stub : x;
  placeBeside(label, start, start + stub, layout);
  return [place(arrow, start, stub), label];
}

function mark(row: MarkRow, layout: LaneLayout): HTMLElement {
  const { middle, laneWidth } = layout;
  const x = middle(row.lane);
  const element = h('span', { class: 'mark' });
  if (row.kind === 'state') {
    element.append(h('span', { class: 'pill' }, clip(row.text, 80)));
    element.title = clip(row.text, 1_000);
    return placeAround(element, x, layout);
  }
  element.append(h('span', { class: 'point', 'data-status': row.kind === 'died' ? row.status : 'active' }));
  element.append(h('span', { class: 'faint' }, row.kind === 'died' ? row.status : 'born'));
  if (row.kind === 'died' && row.error !== undefined) element.title = clip(row.error, 1_000);
  return place(element, x - 5, laneWidth / 2);
}

const missing = (events: number): HTMLElement => h('span', { class: 'missing' }, `${count(events)} events not shown`);

function tooltip({ event: { type, payload } }: MessageRow): string {
  return payload === undefined
    ? clip(type, 1_000)
    : cut(`${clip(type)}\n${JSON.stringify(payload, undefined, 2)}`, 2_000);
}

/** Centres an element at `x`, with all room on both sides: the line holds nothing else. */
function placeAround(element: HTMLElement, x: number, { middle, laneWidth, end }: LaneLayout): HTMLElement {
  const half = Math.min(x - middle(0) + laneWidth / 2, end - x);
  return place(element, x - half, 2 * half);
}

/** Puts a label on the right of an arrow, or on its left; see {@link roomy}. */
function placeBeside(
  label: HTMLElement,
  left: number,
  right: number,
  { middle, laneWidth, end }: LaneLayout,
): HTMLElement {
  const room = end - right - gap;
  if (room >= roomy) return place(label, right + gap, room);
  label.classList.add('before');
  const begin = middle(0) - laneWidth / 2;
  return place(label, begin, left - gap - begin);
}

function place(element: HTMLElement, left: number, width: number): HTMLElement {
  element.style.left = `${String(Math.round(left))}px`;
  element.style.width = `${String(Math.round(Math.max(0, width)))}px`;
  return element;
}
