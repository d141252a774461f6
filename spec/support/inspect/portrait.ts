import type { AnyActor } from 'xstate';

const isActor = (value: object): value is AnyActor => 'sessionId' in value && 'send' in value;

/** What a machine's snapshot has, and does not tell anything. */
const untold = new Set(['machine', '_nodes', 'can', 'getMeta', 'hasTag', 'matches', 'toJSON']);

/**
 * Turns what a run shows into plain data that can be compared with another run's: actors into their ids, and the ids that
 * XState makes up into numbers from 0.
 */
export class Portrait {
  readonly #ids = new Map<string, string>();
  /** Of actors, contexts, events and snapshots, which do not change, and come again and again. */
  readonly #objects = new WeakMap<object, object | string>();

  of(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'function') return `function ${value.name}`;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.of(item));
    const known = this.#objects.get(value) ?? this.#object(value);
    this.#objects.set(value, known);
    return known;
  }

  #object(value: object): object | string {
    if (value instanceof Error) return `${value.name}: ${this.#text(value.message)}`;
    if (isActor(value)) return `actor ${this.#text(value.id)}`;
    if ('transition' in value && 'getInitialSnapshot' in value) return 'logic';
    if (value instanceof Set) return [...value].map((item) => this.of(item));
    const portrait: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (!untold.has(key)) portrait[this.#text(key)] = this.of(item);
    }
    return portrait;
  }

  #text(text: string): string {
    if (!text.includes('x:')) return text;
    return text.replace(/\bx:\d+/g, (id) => {
      const known = this.#ids.get(id) ?? `x#${String(this.#ids.size)}`;
      this.#ids.set(id, known);
      return known;
    });
  }
}
