/** A clock for servers on real sockets: its time stands still, and jumps when the spec says so, all within one call. */
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

  /** Moves the time on, and has those timers go off that are due then. */
  jump(ms: number): void {
    this.#now += ms;
    for (const [id, { due, run }] of [...this.#timers]) {
      if (due <= this.#now && this.#timers.delete(id)) run();
    }
  }
}
