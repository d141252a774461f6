import type { App } from './app';
import type { ChartPane } from './chartPane';
import { byId, h } from './dom';
import type { Transport } from './transport';
import type { TreePane } from './treePane';

/** The parts of the page that the keys act on. */
interface KeyTargets {
  readonly app: App;
  readonly tree: TreePane;
  readonly chart: ChartPane;
  readonly transport: Transport;
}

/** The list of the keys, for the reader. */
const help: readonly (readonly [keys: string, what: string])[] = [
  ['↑ ↓', 'Move in the tree; Enter selects'],
  ['← →', 'In the tree: collapse, expand. In the chart: move it. Elsewhere: step back, forward'],
  ['space', 'Pause, go on'],
  ['l  End', 'Back to now'],
  ['/', 'Filter; Enter keeps it, Escape empties it'],
  ['p', 'Give the actor at the cursor a lifeline, or take it away'],
  ['f', 'Show all of the chart'],
  ['+ −', 'Zoom the chart'],
  ['t', 'Light or dark'],
  ['?', 'This list'],
];

type Keys = Readonly<Record<string, () => void>>;

/** Pixels by which an arrow key moves the chart. */
const nudge = 40;

/** Makes the keyboard work. */
export function listenToKeys({ app, tree, chart, transport }: KeyTargets): void {
  const { view } = app;
  const filter = byId('filter') as HTMLInputElement;
  const dialog = byId('keys') as HTMLDialogElement;
  dialog
    .querySelector('dl')
    ?.append(...help.map(([keys, what]) => h('div', {}, h('dt', {}, ...chords(keys)), h('dd', {}, what))));

  const everywhere: Keys = {
    '/': () => {
      filter.focus();
      filter.select();
    },
    ' ': transport.toggle,
    l: transport.goLive,
    End: transport.goLive,
    ArrowLeft: () => {
      transport.step(-1);
    },
    ArrowRight: () => {
      transport.step(1);
    },
    ArrowUp: () => {
      byId('tree').focus();
      tree.move(-1);
    },
    ArrowDown: () => {
      byId('tree').focus();
      tree.move(1);
    },
    p: () => {
      const id = tree.cursor?.id ?? view.selected;
      if (id !== undefined) view.togglePicked(id);
      app.changed();
    },
    f: chart.fit,
    '+': () => {
      chart.zoom(1.25);
    },
    '-': () => {
      chart.zoom(0.8);
    },
    t: () => {
      byId('theme').click();
    },
    '?': () => {
      dialog.showModal();
    },
  };
  const inTree: Keys = {
    ArrowLeft: tree.leave,
    ArrowRight: tree.enter,
    Enter: tree.choose,
    PageUp: () => {
      tree.move(-20);
    },
    PageDown: () => {
      tree.move(20);
    },
    Home: () => {
      tree.move(-Infinity);
    },
  };
  const inChart: Keys = {
    ArrowLeft: () => {
      chart.pan(nudge, 0);
    },
    ArrowRight: () => {
      chart.pan(-nudge, 0);
    },
    ArrowUp: () => {
      chart.pan(0, nudge);
    },
    ArrowDown: () => {
      chart.pan(0, -nudge);
    },
  };
  const own: Readonly<Record<string, Keys>> = { tree: inTree, chart: inChart };

  byId('help').addEventListener('click', () => {
    dialog.showModal();
  });
  const applyFilter = (): void => {
    view.setFilter(filter.value);
    app.changed();
  };
  filter.addEventListener('input', applyFilter);
  filter.addEventListener('keydown', (event) => {
    const { key } = event;
    if (key === 'Escape') {
      // a browser may empty the field by itself: no 'input' follows, since the tree has the focus by then
      event.preventDefault();
      filter.value = '';
      applyFilter();
    }
    if (key === 'Escape' || key === 'Enter' || key === 'ArrowDown') byId('tree').focus();
  });
  document.addEventListener('keydown', (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || dialog.open || !(target instanceof HTMLElement)) return;
    // the slider uses the arrow keys itself
    if (target === filter || (target instanceof HTMLInputElement && key.startsWith('Arrow'))) return;
    // the space bar presses a button that has the focus
    if (key === ' ' && target.matches('button, summary')) return;
    if (target.id === 'sequence' && (key === 'ArrowUp' || key === 'ArrowDown')) return;
    const keys = { ...everywhere, ...own[target.id] };
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]?.();
  });
}

const chords = (keys: string): HTMLElement[] => keys.split(/\s+/).map((key) => h('kbd', {}, key));
