/** The limits of the zoom. */
const least = 0.1;
const most = 4;
/** The limits of the zoom that a drawing begins with: never larger than this, nor smaller than can be read. */
const mostUnasked = 1.25;
const readable = 0.45;
/** Pixels between a drawing and the edges. */
const margin = 8;
/** Below this zoom the small print can't be read, and the names of states get a larger one. */
const far = 0.62;
/** Pixels of that larger print: on the screen, and in the drawing at most. */
const print = { wanted: 9.5, most: 24 };

/** A place in a drawing, in its own units. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface PanZoom {
  /** Shows another drawing. */
  readonly show: (drawing: SVGSVGElement | undefined) => void;
  /** Keeps a place in sight, when the whole drawing would be too small to read. */
  readonly follow: (place: Place | undefined) => void;
  /** Shows the whole drawing; the next call: as much as can be read. Either lasts when the frame changes its size. */
  readonly fit: () => void;
  /** Makes the drawing larger (above 1) or smaller, about the middle. */
  readonly zoom: (factor: number) => void;
  /** Moves the drawing by so many pixels. */
  readonly pan: (x: number, y: number) => void;
}

/** Shows a drawing in a frame, where the mouse drags it and the wheel zooms it. */
export function panZoom(frame: HTMLElement): PanZoom {
  let drawing: SVGSVGElement | undefined;
  let followed: Place | undefined;
  /** `free`: the reader has moved the drawing. */
  let mode: 'following' | 'whole' | 'free' = 'following';
  let x = 0;
  let y = 0;
  let scale = 1;
  let dragged: number | undefined;

  const apply = (): void => {
    if (drawing === undefined) return;
    drawing.style.transform = `translate(${String(x)}px, ${String(y)}px) scale(${String(scale)})`;
    drawing.style.setProperty('--far-size', `${String(Math.min(print.most, print.wanted / scale))}px`);
    drawing.classList.toggle('far', scale < far);
    drawing.classList.toggle('follows', mode !== 'free');
  };
  const place = (): void => {
    if (drawing === undefined || mode === 'free') return;
    const { width, height } = drawing.viewBox.baseVal;
    const { clientWidth, clientHeight } = frame;
    const room = Math.min((clientWidth - 2 * margin) / width, (clientHeight - 2 * margin) / height);
    scale = Math.max(mode === 'whole' ? least : readable, Math.min(mostUnasked, room));
    x = offset(clientWidth, width * scale, (followed?.x ?? width / 2) * scale);
    y = offset(clientHeight, height * scale, (followed?.y ?? 0) * scale);
    apply();
  };
  const zoomAt = (factor: number, atX: number, atY: number): void => {
    const next = Math.max(least, Math.min(most, scale * factor));
    x = atX - ((atX - x) * next) / scale;
    y = atY - ((atY - y) * next) / scale;
    scale = next;
    mode = 'free';
    apply();
  };
  const pan = (byX: number, byY: number): void => {
    x += byX;
    y += byY;
    mode = 'free';
    apply();
  };

  new ResizeObserver(place).observe(frame);
  frame.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top } = frame.getBoundingClientRect();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 16;
      zoomAt(Math.exp(-pixels / 500), event.clientX - left, event.clientY - top);
    },
    { passive: false },
  );
  frame.addEventListener('pointerdown', ({ button, pointerId }) => {
    if (button !== 0) return;
    dragged = pointerId;
    frame.setPointerCapture(pointerId);
  });
  frame.addEventListener('pointermove', ({ pointerId, movementX, movementY }) => {
    if (dragged === pointerId) pan(movementX, movementY);
  });
  frame.addEventListener('lostpointercapture', () => (dragged = undefined));

  return {
    show(next) {
      drawing?.remove();
      drawing = next;
      followed = undefined;
      mode = 'following';
      if (next !== undefined) frame.append(next);
      place();
    },
    follow(next) {
      followed = next;
      place();
    },
    fit() {
      mode = mode === 'whole' ? 'following' : 'whole';
      place();
    },
    zoom(factor) {
      zoomAt(factor, frame.clientWidth / 2, frame.clientHeight / 2);
    },
    pan,
  };
}

/** Where a drawing of length `size` begins: centred if it fits, else so that `wanted` is near the middle. */
function offset(room: number, size: number, wanted: number): number {
  if (size <= room - 2 * margin) return (room - size) / 2;
  return Math.max(room - size - margin, Math.min(margin, room / 2 - wanted));
}
