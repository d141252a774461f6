/** A clock for servers on real sockets. Its time stands still until the spec moves it, within one synchronous call. */
export class JumpingClock {
  #now = 0;
  #lastId = 0;
  readonly #timers = new Map<number, { readonly due: number; readonly run: () => void }>();

  /** Milliseconds. */
  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): number {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { due: this.#now + ms, run });
    return this.#lastId;
  }

  clearTimeout(id: number): void {
    this.#timers.delete(id);
  }

  /** Moves the time forward, and runs the timers that are due then. */
  jump(ms: number): void {
    this.#now += ms;
    for (const [id, { due, run }] of [...this.#timers]) {
      if (due <= this.#now && this.#timers.delete(id)) run();
    }
  }
}
