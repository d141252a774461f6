/** What a {@link Stream} tells an observer. */
export interface Listening<T> {
  readonly next?: (value: T) => void;
  readonly error?: (error: unknown) => void;
  readonly complete?: () => void;
}

/** An observable without a library: tells whoever subscribes what the spec tells it. */
export class Stream<T> {
  #observers = new Set<Listening<T>>();
  readonly #atOnce: readonly T[];

  /** @param atOnce - values that each observer gets while it subscribes */
  constructor(...atOnce: readonly T[]) {
    this.#atOnce = atOnce;
  }

  get observers(): number {
    return this.#observers.size;
  }

  subscribe(observer: Listening<T>): { unsubscribe(): void } {
    this.#observers.add(observer);
    for (const value of this.#atOnce) observer.next?.(value);
    return { unsubscribe: () => void this.#observers.delete(observer) };
  }

  next(value: T): void {
    for (const observer of this.#observers) observer.next?.(value);
  }

  complete(): void {
    for (const observer of this.#observers) observer.complete?.();
  }
}
