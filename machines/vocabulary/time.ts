/**
 * Milliseconds since some moment: of the clock's own time when it tells one, as a simulated one does, else of the system's.
 */
export function timeOf(clock: object | undefined): number {
  const { now } = (clock ?? {}) as { readonly now?: unknown };
  return typeof now === 'function' ? (now.call(clock) as number) : performance.now();
}

/** Milliseconds since an earlier {@link timeOf} the same clock, to the microsecond. */
export const elapsedMs = (since: number, clock: object | undefined): number =>
  Math.round((timeOf(clock) - since) * 1000) / 1000;

/** What an actor's time runs on, which XState's types of `self` leave out; a pure transition has none. */
export const clockOf = (actor: object): object | undefined => (actor as { clock?: object }).clock;
