/** An observer of a {@link Stream}. */
export interface StreamObserver<T> {
  readonly next?: (value: T) => void;
  readonly error?: (error: unknown) => void;
  readonly complete?: () => void;
}

/** An observable without a library. The spec calls its methods, and they reach all observers. */
export class Stream<T> {
  #observers = new Set<StreamObserver<T>>();
  readonly #atOnce: readonly T[];

  /** @param atOnce - the values that each observer gets while it subscribes */
  constructor(...atOnce: readonly T[]) {
    this.#atOnce = atOnce;
  }

  get observers(): number {
    return this.#observers.size;
  }

  subscribe(observer: StreamObserver<T>): { unsubscribe(): void } {
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
