import type { AnyActor, AnyActorRef } from 'xstate';
import { timeOf } from '../../machines/vocabulary/time';

/** Milliseconds between two batches, at least: many timers for what one can do would be work for nothing. */
const pause = 10;

const pending = new WeakMap<AnyActorRef, () => void>();

/**
 * Does something for each of many, in order, spread evenly over a time: the first at once, and the last before it is over,
 * even if timers are late. Without a time, all at once. An actor has one such thing to do at a time: the next one takes
 * its place.
 * @param actor - on its clock
 * @param over - milliseconds
 */
export function stagger<T>(actor: AnyActorRef, all: readonly T[], over: number, act: (one: T) => void): void {
  endStagger(actor);
  const { clock } = actor as unknown as AnyActor;
  const begun = timeOf(clock);
  const interval = over / all.length;
  let done = 0;
  const next = (): void => {
    const elapsed = timeOf(clock) - begun;
    const batch = all.slice(done, elapsed < over ? Math.floor(elapsed / interval) + 1 : all.length);
    done += batch.length;
    // before anything is done: that may end all of this
    if (done < all.length) {
      const wait = Math.max(pause, Math.ceil(done * interval - elapsed));
      const timer: unknown = clock.setTimeout(next, Math.min(wait, over - elapsed));
      pending.set(actor, () => {
        clock.clearTimeout(timer as never);
      });
    } else pending.delete(actor);
    for (const one of batch) act(one);
  };
  next();
}

/** Nothing more of it is done. */
export function endStagger(actor: AnyActorRef): void {
  pending.get(actor)?.();
  pending.delete(actor);
}
