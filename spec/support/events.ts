import type { Subscription } from 'xstate';

/** Something that emits events: an actor, or a server's handle. */
interface Emitter {
  on(type: never, listener: (event: never) => void): Subscription;
}

/** Waits for the next emitted event of a type that satisfies `where`. */
export function emitted<TEvent>(
  source: Emitter,
  type: string,
  where: (event: TEvent) => boolean = () => true,
): Promise<TEvent> {
  return new Promise((resolve) => {
    const subscription = source.on(
      type as never,
      ((event: TEvent) => {
        if (!where(event)) return;
        subscription.unsubscribe();
        resolve(event);
      }) as (event: never) => void,
    );
  });
}

/** Collects the events that are emitted from now on. */
export function collect<TEvent>(source: Emitter, type = '*'): TEvent[] {
  const events: TEvent[] = [];
  source.on(
    type as never,
    ((event: TEvent) => {
      events.push(event);
    }) as (event: never) => void,
  );
  return events;
}

/** Waits until `condition` holds, and checks it after each turn of the event loop. For changes that emit no event. */
export async function eventually(condition: () => boolean): Promise<void> {
  const since = performance.now();
  while (!condition()) {
    // without a limit, this loop would go on for ever after jest has given up on the spec
    if (performance.now() - since > 30_000) throw new Error(`This never came true: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
