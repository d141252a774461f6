import type { AnyActor, AnyActorRef } from 'xstate';
import { timeOf } from '../../machines/vocabulary/time';

/** Milliseconds between two batches, at least: one timer can do the work of many. */
const pause = 10;

const pending = new WeakMap<AnyActorRef, () => void>();

/**
 * Calls `act` for each item, in order, spread evenly over a time: for the first item at once, for the last one before
 * the time is over, even if timers are late. An actor has one stagger at a time: the next one replaces it.
 * @param actor - the actor whose clock is used
 * @param items - what to act on
 * @param over - the time, in milliseconds; 0: all items at once
 * @param act - called once for each item
 */
export function stagger<T>(actor: AnyActorRef, items: readonly T[], over: number, act: (item: T) => void): void {
  endStagger(actor);
  const { clock } = actor as unknown as AnyActor;
  const begun = timeOf(clock);
  const interval = over / items.length;
  let done = 0;
  const next = (): void => {
    const elapsed = timeOf(clock) - begun;
    const batch = items.slice(done, elapsed < over ? Math.floor(elapsed / interval) + 1 : items.length);
    done += batch.length;
    // before the first act: an act may end this stagger
    if (done < items.length) {
      const wait = Math.max(pause, Math.ceil(done * interval - elapsed));
      const timer: unknown = clock.setTimeout(next, Math.min(wait, over - elapsed));
      pending.set(actor, () => {
        clock.clearTimeout(timer as never);
      });
    } else pending.delete(actor);
    for (const item of batch) act(item);
  };
  next();
}

/** Ends an actor's stagger, if there is one: `act` is not called any more. */
export function endStagger(actor: AnyActorRef): void {
  pending.get(actor)?.();
  pending.delete(actor);
}
