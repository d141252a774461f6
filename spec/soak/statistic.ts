import type { Run } from './run';
import { faultsOf, isFaultless } from './program';

/** Counts what has happened in many runs, to show that the runs weren't empty. */
export class Statistic {
  #runs = 0;
  #faultless = 0;
  #clients = 0;
  #rejected = 0;
  #bytes = 0;
  readonly #reasons = new Map<string, number>();
  readonly #handlers = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  readonly #faults = new Map<string, number>();

  add({ program, clients, connections, emitted, s }: Run): void {
    this.#runs += 1;
    if (isFaultless(program)) this.#faultless += 1;
    for (const name of new Set(faultsOf(program).flatMap(Object.keys))) {
      if (name !== 'seed') count(this.#faults, name);
    }
    this.#clients += clients.length;
    for (const { kind, closed } of connections) {
      count(this.#handlers, kind ?? 'own boxes');
      count(this.#reasons, closed?.reason ?? 'none: stopped');
      this.#bytes += (closed?.bytesIn ?? 0) + (closed?.bytesOut ?? 0);
    }
    this.#rejected += emitted.filter(({ type }) => type === 'connection.rejected').length;
    count(this.#ends, (s.server.getSnapshot() as { status: string }).status);
  }

  /** The number of connections that have ended for each reason. */
  get reasons(): ReadonlyMap<string, number> {
    return this.#reasons;
  }

  toString(): string {
    const [runs, faultless, clients] = [this.#runs, this.#faultless, this.#clients].map(String);
    return [
      `${runs ?? ''} runs, ${faultless ?? ''} of them without faults, ended ${text(this.#ends)}`,
      `${clients ?? ''} clients, ${String(this.#rejected)} rejected, ${String(Math.round(this.#bytes / 1_000))} kB`,
      `runs by fault: ${text(this.#faults)}`,
      `connections by reason: ${text(this.#reasons)}`,
      `by handler: ${text(this.#handlers)}`,
    ].join('\n');
  }
}

const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

const text = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, times]) => `${name} ${String(times)}`)
    .join(', ');
