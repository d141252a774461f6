/**
 * The time in milliseconds, counted from some fixed moment: the clock's own time if it has one, as a simulated clock
 * does, else the system's.
 */
export function timeOf(clock: object | undefined): number {
  const { now } = (clock ?? {}) as { readonly now?: unknown };
  return typeof now === 'function' ? (now.call(clock) as number) : performance.now();
}

/** Milliseconds since an earlier {@link timeOf} of the same clock, rounded to the microsecond. */
export const elapsedMs = (since: number, clock: object | undefined): number =>
  Math.round((timeOf(clock) - since) * 1000) / 1000;

/**
 * The clock of an actor, which XState's types of `self` leave out. Undefined in a pure transition, which has no
 * clock.
 */
export const clockOf = (actor: object): object | undefined => (actor as { clock?: object }).clock;
