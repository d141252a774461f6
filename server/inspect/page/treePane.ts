import { linger, live, momentAt, type Actor } from './actor';
import type { App, Pane } from './app';
import { byId, count, play, setText } from './dom';
import { treeRows, type Row } from './rows';
import { fillLine, lineId, makeLine } from './treeLine';
import { virtualList } from './virtualList';

const lineHeight = 26;
/** Milliseconds of a flash. While one plays, another one is left out. */
const flash = 600;
/** The flash goes from this colour to the line's own. */
const flashing = [{ backgroundColor: 'var(--flash)', offset: 0 }];

export interface TreePane extends Pane {
  /** The actors whose lines were in sight at the last drawing. */
  readonly inSight: readonly Actor[];
  /** The actor at the tree's own cursor. */
  readonly cursor: Actor | undefined;
  /** Moves the cursor by so many lines. */
  readonly move: (lines: number) => void;
  /** Collapses the actor at the cursor, or goes to its parent. */
  readonly leave: () => void;
  /** Expands the actor at the cursor, or goes to its first child. */
  readonly enter: () => void;
  /** Selects the actor at the cursor. */
  readonly choose: () => void;
}

/** Shows the actors as a tree, a line for each. */
export function treePane(app: App): TreePane {
  const { view } = app;
  const scroller = byId('tree');
  const empty = byId('tree-empty');
  const note = byId('filter-note');
  const touchedWhenDrawn = new WeakMap<HTMLElement, number>();
  let rows: Row[] = [];
  let inSight: Actor[] = [];
  let cursor: number | undefined;
  let isTimed = false;

  const list = virtualList<Row>(scroller, {
    height: lineHeight,
    top: 0,
    keyOf: ({ actor }) => actor.id,
    make: makeLine,
    fill: (line, row, isNew) => {
      fillLine(line, row, view, cursor === row.actor.id);
      const before = isNew ? row.actor.touched : (touchedWhenDrawn.get(line) ?? row.actor.touched);
      touchedWhenDrawn.set(line, row.actor.touched);
      if (before !== row.actor.touched && !view.isPaused) play(line, 'flash', flashing, flash);
    },
  });

  // a key may come before the next frame, and needs the rows of now
  const refresh = (): void => {
    const { shown, position, toggled, filter } = view;
    rows = treeRows({ world: shown, position, now: performance.now(), toggled, filter });
  };
  const indexOf = (id: number | undefined): number => rows.findIndex(({ actor }) => actor.id === id);
  const goTo = (actor: Actor | undefined): void => {
    if (actor === undefined) return;
    cursor = actor.id;
    list.reveal(indexOf(cursor));
    app.changed();
  };
  const toggle = ({ actor, isExpanded }: Row): void => {
    view.toggled.set(actor.id, isExpanded !== true);
    app.changed();
  };

  scroller.addEventListener('scroll', () => {
    app.changed();
  });
  // a click must not move the focus here, where the arrow keys have another meaning
  scroller.addEventListener('mousedown', (event) => {
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  scroller.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element)) return;
    const row = rows[indexOf(Number(target.closest<HTMLElement>('.row')?.dataset['id'] ?? Number.NaN))];
    if (row === undefined) return;
    if (target.closest('.pick') !== null) view.togglePicked(row.actor.id);
    else if (target.closest('.twist') !== null && row.isExpanded !== undefined) toggle(row);
    else view.select((cursor = row.actor.id));
    app.changed();
  });
  scroller.addEventListener('dblclick', () => {
    const row = rows[indexOf(cursor)];
    if (row?.isExpanded !== undefined) toggle(row);
  });

  return {
    get inSight() {
      return inSight;
    },
    get cursor() {
      return rows[indexOf(cursor)]?.actor;
    },
    move(lines) {
      refresh();
      const from = Math.max(0, indexOf(cursor ?? view.selected));
      const isFirst = cursor === undefined && indexOf(view.selected) < 0;
      goTo(rows[isFirst ? 0 : Math.max(0, Math.min(rows.length - 1, from + lines))]?.actor);
    },
    leave() {
      refresh();
      const row = rows[indexOf(cursor)];
      if (row?.isExpanded === true) toggle(row);
      else goTo(row?.actor.parent);
    },
    enter() {
      refresh();
      const row = rows[indexOf(cursor)];
      if (row?.isExpanded === false) toggle(row);
      else if (row?.isExpanded === true) goTo(rows[indexOf(cursor) + 1]?.actor);
    },
    choose() {
      const actor = rows[indexOf(cursor)]?.actor;
      if (actor === undefined) return;
      view.select(actor.id);
      app.changed();
    },
    draw() {
      const { shown, position, filter } = view;
      refresh();
      inSight = list.draw(rows).map(({ actor }) => actor);
      if (cursor === undefined) scroller.removeAttribute('aria-activedescendant');
      else scroller.setAttribute('aria-activedescendant', lineId(cursor));
      empty.hidden = rows.length > 0;
      setText(empty, filter === undefined ? 'No actors yet.' : 'Nobody matches.');
      drawNote();
      const wait = shown.lastLeftAt + linger - performance.now();
      if (position === live && wait > 0) drawLater(wait);
    },
  };

  /** Draws again when the lingering of ended actors is over: one timer for all of them. */
  function drawLater(wait: number): void {
    if (isTimed) return;
    isTimed = true;
    setTimeout(() => {
      isTimed = false;
      app.changed();
    }, wait + 1);
  }

  function drawNote(): void {
    const { filter, shown, position } = view;
    let watched = 0;
    if (filter?.asksForStates === true) {
      for (const actor of shown.actors.values()) if (momentAt(actor, position) !== undefined) watched += 1;
    }
    const isPartial = filter?.asksForStates === true && watched < shown.actors.size;
    note.hidden = !isPartial;
    if (isPartial) {
      setText(
        note,
        `States are known of ${count(watched)} of ${count(shown.actors.size)} actors: those being watched.`,
      );
    }
  }
}
