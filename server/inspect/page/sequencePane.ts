import type { Actor } from './actor';
import type { App, Pane } from './app';
import { byId, clip, count, h, setText, shownName } from './dom';
import { outside, sequenceRows, type SequenceRow } from './lanes';
import { fillSequenceLine, type LaneLayout } from './sequenceLine';
import { virtualList } from './virtualList';

const lineHeight = 22;
/** Pixels of the lane names, which stay at the top. */
const headHeight = 30;
/** Pixels for the time of day, at the left. */
const gutter = 84;
const narrowestLane = 112;

/** Shows the events between actors as a sequence diagram, the newest at the bottom. */
export function sequencePane(app: App): Pane {
  const { view } = app;
  const scroller = byId('sequence');
  const empty = byId('sequence-empty');
  const hint = byId('sequence-hint');
  const unpick = byId('unpick');
  const head = h('div', { class: 'lane-names' });
  const lifelines = h('div', { class: 'lifelines', 'aria-hidden': 'true' });
  scroller.append(head);
  /** What each line shows: its row, in which layout. */
  const filled = new WeakMap<HTMLElement, string>();
  let layout: LaneLayout = { middle: () => 0, laneWidth: 0, end: 0 };
  /** Stands for the layout: when it changes, all lines are filled again. */
  let layoutName = '';
  let isAtEnd = true;
  let position: number | undefined;

  const list = virtualList<SequenceRow>(scroller, {
    height: lineHeight,
    top: headHeight,
    keyOf: ({ seq }) => seq,
    make: () => h('div'),
    fill: (line, row) => {
      const name = `${String(row.seq)} ${layoutName}`;
      if (filled.get(line) !== name) fillSequenceLine(line, row, layout);
      filled.set(line, name);
      line.classList.toggle('later', row.seq > view.position);
      line.classList.toggle('here', row.seq === view.position);
    },
  });
  list.content.append(lifelines);

  scroller.addEventListener('scroll', () => {
    isAtEnd = scroller.scrollTop + scroller.clientHeight > scroller.scrollHeight - lineHeight;
    app.changed();
  });
  new ResizeObserver(() => {
    app.changed();
  }).observe(scroller);
  // not 'click': between press and release, the line under the pointer may have moved on
  scroller.addEventListener('mousedown', ({ target }) => {
    const line = target instanceof Element ? target.closest<HTMLElement>('[data-seq]') : null;
    if (line === null) return;
    view.moveTo(Number(line.dataset['seq']));
    app.changed();
  });
  unpick.addEventListener('click', () => {
    view.picked.clear();
    app.changed();
  });

  return {
    draw() {
      const { lanes, beside, picked, isPaused } = view;
      const rows = sequenceRows(view.shown, lanes, beside);
      layOut(lanes);
      drawLifelines(rows, lanes.length + 1);
      empty.hidden = rows.length > 0;
      setText(
        empty,
        lanes.length === 0 ? 'Select an actor.' : 'Nothing has happened between them since this page looks.',
      );
      unpick.hidden = picked.size === 0;
      setText(hint, picked.size === 0 ? 'around the selection' : `${count(picked.size)} picked`);
      list.setLength(rows.length);
      if (isPaused && view.position !== position) {
        const here = rows.findLastIndex(({ seq }) => seq <= view.position);
        list.reveal(Math.max(0, here));
      } else if (!isPaused && (isAtEnd || position !== view.position)) {
        scroller.scrollTop = scroller.scrollHeight;
      }
      position = view.position;
      list.draw(rows);
    },
  };

  function layOut(lanes: readonly Actor[]): void {
    const laneWidth = Math.max(narrowestLane, Math.floor((scroller.clientWidth - gutter) / (lanes.length + 1)));
    const name = [laneWidth, view.selected, ...lanes.map(({ id }) => id)].join(' ');
    if (name === layoutName) return;
    layoutName = name;
    const end = gutter + laneWidth * (lanes.length + 1);
    layout = { laneWidth, end, middle: (lane) => Math.round(gutter + laneWidth * (lane + 0.5)) };
    list.content.style.width = head.style.width = `${String(end)}px`;
    head.replaceChildren(h('span', { class: 'lane-name outside' }, 'outside'), ...lanes.map(laneName));
    [...(head.children as HTMLCollectionOf<HTMLElement>)].forEach((lane, index) => {
      lane.style.left = `${String(gutter + laneWidth * index)}px`;
      lane.style.width = `${String(laneWidth)}px`;
    });
  }

  function laneName({ id, name }: Actor): HTMLElement {
    const lane = h(
      'button',
      { class: 'lane-name', type: 'button', title: clip(name, 1_000) },
      h('bdi', {}, shownName(name)),
    );
    lane.classList.toggle('selected', id === view.selected);
    lane.addEventListener('click', () => {
      view.select(id);
      app.changed();
    });
    return lane;
  }

  /** A lifeline begins with a birth and ends with a death, where the log has them. */
  function drawLifelines(rows: readonly SequenceRow[], lanes: number): void {
    const begin = new Array<number>(lanes).fill(0);
    const end = new Array<number | undefined>(lanes).fill(undefined);
    rows.forEach((row, index) => {
      if (row.kind === 'born') begin[row.lane] = index + 0.5;
      if (row.kind === 'died') end[row.lane] = index + 0.5;
    });
    while (lifelines.childElementCount < lanes) lifelines.append(h('i'));
    while (lifelines.childElementCount > lanes) lifelines.lastElementChild?.remove();
    [...(lifelines.children as HTMLCollectionOf<HTMLElement>)].forEach((line, lane) => {
      const from = begin[lane] ?? 0;
      const to = end[lane];
      line.className = lane === outside ? 'outside' : '';
      line.style.left = `${String(layout.middle(lane))}px`;
      line.style.top = `${String(from * lineHeight)}px`;
      line.style.bottom = to === undefined ? '0' : 'auto';
      line.style.height = to === undefined ? 'auto' : `${String((to - from) * lineHeight)}px`;
    });
  }
}
