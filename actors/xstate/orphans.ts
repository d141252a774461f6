import type { AnyActorRef } from 'xstate';
import { isActive } from './relay';

/**
 * Stops the children of an actor that crashed.
 *
 * XState (5.33) stops an actor's children when it ends, but not when its transition throws: they would go on for ever,
 * and no later `stop()` would reach them. `xstate.stop` is what a parent sends to end a child.
 */
export function stopOrphans(crashed: AnyActorRef): void {
  const { children } = crashed.getSnapshot() as { children?: Readonly<Record<string, AnyActorRef | undefined>> };
  if (children === undefined) return;
  for (const child of Object.values(children)) {
    if (child !== undefined && isActive(child)) child.send({ type: 'xstate.stop' });
  }
}
