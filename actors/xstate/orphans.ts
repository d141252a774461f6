import type { AnyActorRef } from 'xstate';
import { isActive } from './relay';

/**
 * Stops the children of an actor that crashed.
 *
 * XState (5.33) stops an actor's children when the actor ends, but not when its transition throws. Such children
 * would go on for ever, and no later `stop()` would reach them. A parent ends a child by the event `xstate.stop`.
 */
export function stopOrphans(crashed: AnyActorRef): void {
  const { children } = crashed.getSnapshot() as { children?: Readonly<Record<string, AnyActorRef | undefined>> };
  if (children === undefined) return;
  for (const child of Object.values(children)) {
    if (child !== undefined && isActive(child)) child.send({ type: 'xstate.stop' });
  }
}
