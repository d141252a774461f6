import type { Clock } from '../../serverHandle';

/** Goes off when nothing has happened for some time, and again each time that something has happened since. */
export class IdleTimer {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #ms = 0;
  #timer: unknown;

  /**
   * @param clock - what the time runs on
   * @param onIdle - called each time
   */
  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  /** Waits from now on for so many milliseconds without anything; 0 stops it. */
  start(ms: number): void {
    this.#ms = ms;
    this.refresh();
  }

  /** Something has happened. */
  refresh(): void {
    this.#clock.clearTimeout(this.#timer as never);
    this.#timer = this.#ms === 0 ? undefined : this.#clock.setTimeout(this.#onIdle, this.#ms);
  }
}
