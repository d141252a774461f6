import { inspect } from 'node:util';

const levels = ['log', 'warn', 'error'] as const;

/**
 * Watches for what an orderly run never does: print something, or set a timer of the system. The latter is how XState throws
 * an error that nobody took; and time that isn't the clock's would make a run another one each time.
 */
export class Watch implements Disposable {
  /** What has happened, in words. */
  readonly incidents: string[] = [];
  readonly #setTimeout = globalThis.setTimeout;
  readonly #console = { ...console };

  constructor() {
    globalThis.setTimeout = ((run: () => void) => {
      this.#hear(run);
    }) as unknown as typeof setTimeout;
    for (const level of levels) {
      console[level] = (...values: unknown[]) => {
        this.incidents.push(`console.${level} printed ${values.map((value) => inspect(value)).join(' ')}`);
      };
    }
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
    Object.assign(console, this.#console);
  }

  #hear(run: () => void): void {
    try {
      run();
      this.incidents.push('a timer of the system was set');
    } catch (error) {
      this.incidents.push(`nobody took the error ${inspect(error)}`);
    }
  }
}
