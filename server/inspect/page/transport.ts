import type { App, Pane } from './app';
import { byId, count, setText } from './dom';

export interface Transport extends Pane {
  /** Pauses, or follows the events again. */
  readonly toggle: () => void;
  /** Goes so many records back (below 0) or forward. */
  readonly step: (records: number) => void;
  /** Follows the events again. */
  readonly goLive: () => void;
}

/** The buttons and the slider that move through time. */
export function transport(app: App): Transport {
  const { view } = app;
  const pause = byId('pause');
  const slider = byId('position') as HTMLInputElement;
  const text = byId('position-text');
  const changing =
    (change: () => void): (() => void) =>
    () => {
      change();
      app.changed();
    };

  const goLive = changing(() => {
    view.resume();
  });
  const toggle = changing(() => {
    if (view.isPaused) view.resume();
    else view.pause();
  });
  const step = (records: number): void => {
    view.step(records);
    app.changed();
  };
  pause.addEventListener('click', toggle);
  byId('live').addEventListener('click', goLive);
  byId('step-back').addEventListener('click', () => {
    step(-1);
  });
  byId('step-forward').addEventListener('click', () => {
    step(1);
  });
  slider.addEventListener(
    'input',
    changing(() => {
      view.moveTo(Number(slider.value));
    }),
  );

  return {
    toggle,
    step,
    goLive,
    draw() {
      const { isPaused, shown, position, arrived } = view;
      const { first, last } = shown;
      document.body.toggleAttribute('data-paused', isPaused);
      pause.setAttribute('aria-pressed', String(isPaused));
      pause.setAttribute('aria-label', isPaused ? 'Go on' : 'Pause');
      slider.min = String(Math.min(first, last));
      slider.max = String(last);
      slider.value = String(isPaused ? position : last);
      const share = last > first ? (Number(slider.value) - first) / (last - first) : 1;
      slider.style.setProperty('--share', String(share));
      const later = arrived > 0 ? ` · ${count(arrived)} new` : '';
      const kept = last - first + 1;
      setText(text, isPaused ? `${count(position - first + 1)} of ${count(kept)}${later}` : `${count(kept)} records`);
    },
  };
}
