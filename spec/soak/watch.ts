import { inspect } from 'node:util';

const levels = ['log', 'warn', 'error'] as const;

/**
 * Watches for what an orderly run never does: print something, or set a timer of the system. XState sets such a timer
 * to throw an unhandled error. Other timers of the system would make each run of a program different.
 */
export class Watch implements Disposable {
  /** What has happened, as texts. */
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
