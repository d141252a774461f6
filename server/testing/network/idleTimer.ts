import type { Clock } from '../../serverHandle';

/** Goes off when nothing has happened for some time. It goes off again only when something has happened since. */
export class IdleTimer {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #ms = 0;
  #timer: unknown;

  /**
   * @param clock - the clock that measures the time
   * @param onIdle - called each time that the timer goes off
   */
  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  /** Goes off after so many milliseconds without a {@link refresh}; 0 stops the timer. */
  start(ms: number): void {
    this.#ms = ms;
    this.refresh();
  }

  /** Begins the time again: something has happened. */
  refresh(): void {
    this.#clock.clearTimeout(this.#timer as never);
    this.#timer = this.#ms === 0 ? undefined : this.#clock.setTimeout(this.#onIdle, this.#ms);
  }
}
