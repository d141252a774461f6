import { byId } from './dom';

/** Pixels of a step with the keyboard. */
const step = 16;

/** A bar between panels. */
interface Splitter {
  readonly id: string;
  /** The panel whose size it changes, and whether that lies before it. */
  readonly panel: string;
  readonly isBefore: boolean;
  /** The property of the style sheet that has the size; another one for a bar that lies across. */
  readonly width: string;
  readonly height: string;
}

const splitters: readonly Splitter[] = [
  { id: 'split-left', panel: 'tree-panel', isBefore: true, width: '--left-size', height: '' },
  { id: 'split-details', panel: 'details-panel', isBefore: false, width: '', height: '--details-size' },
  {
    ...{ id: 'split-right', panel: 'sequence-panel', isBefore: false },
    ...{ width: '--sequence-width', height: '--sequence-height' },
  },
];

/** The bars between the panels: dragged, or moved with the arrow keys. How far, the style sheet limits. */
export function makeSplitters(): void {
  splitters.forEach(makeSplitter);
}

function makeSplitter({ id, panel, isBefore, width, height }: Splitter): void {
  const bar = byId(id);
  const resized = byId(panel);
  const sign = isBefore ? 1 : -1;
  // the style sheet may lay it across
  const isAcross = (): boolean => bar.offsetWidth > bar.offsetHeight;
  const current = (): number => (isAcross() ? resized.offsetHeight : resized.offsetWidth);
  const resize = (pixels: number): void => {
    document.body.style.setProperty(isAcross() ? height : width, `${String(Math.round(pixels))}px`);
    tellSize();
  };
  const tellSize = (): void => {
    bar.setAttribute('aria-valuenow', String(current()));
    bar.setAttribute('aria-orientation', isAcross() ? 'horizontal' : 'vertical');
  };
  tellSize();
  bar.addEventListener('focus', tellSize);

  bar.addEventListener('pointerdown', (down) => {
    const before = current();
    bar.setPointerCapture(down.pointerId);
    const move = ({ clientX, clientY }: PointerEvent): void => {
      resize(before + sign * (isAcross() ? clientY - down.clientY : clientX - down.clientX));
    };
    const stop = (): void => {
      bar.removeEventListener('pointermove', move);
    };
    bar.addEventListener('pointermove', move);
    bar.addEventListener('lostpointercapture', stop, { once: true });
  });
  bar.addEventListener('keydown', (event) => {
    const [back, forward] = isAcross() ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
    if (event.key !== back && event.key !== forward) return;
    event.preventDefault();
    event.stopPropagation();
    resize(current() + sign * (event.key === forward ? step : -step));
  });
}
