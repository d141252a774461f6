import { byId } from './dom';

/** Pixels of a step with the keyboard. */
const step = 16;

/** A bar between two panels. */
interface Splitter {
  readonly id: string;
  /** The panel whose size the bar changes. */
  readonly panel: string;
  /** Whether that panel lies before the bar. */
  readonly isBefore: boolean;
  /** The property of the style sheet for the panel's width, when the bar stands upright. */
  readonly width: string;
  /** The property for the panel's height, when the bar lies across. */
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

/** Makes the bars between the panels movable, by mouse and arrow keys. The style sheet limits the sizes. */
export function makeSplitters(): void {
  splitters.forEach(makeSplitter);
}

function makeSplitter({ id, panel, isBefore, width, height }: Splitter): void {
  const bar = byId(id);
  const resized = byId(panel);
  const sign = isBefore ? 1 : -1;
  // in a narrow window the style sheet lays the bar across
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
