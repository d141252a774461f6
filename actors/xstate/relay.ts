import type { AnyActorRef, EventObject } from 'xstate';

/** The part of an actor system that XState's types leave out: what `sendTo` and `sendBack` use themselves. */
interface Relaying {
  _relay?: (source: AnyActorRef, target: AnyActorRef, event: EventObject) => void;
}

/**
 * Sends an event to an actor in the name of another one, as `sendTo` does inside a machine.
 *
 * `target.send(event)` would deliver it too, but the inspector would show it as coming from nowhere.
 */
export function relay(source: AnyActorRef, target: AnyActorRef, event: EventObject): void {
  const system = source.system as AnyActorRef['system'] & Relaying;
  if (system._relay === undefined) target.send(event);
  else system._relay(source, target, event);
}

/** Whether an actor was ever started. */
export function wasStarted(actor: AnyActorRef): boolean {
  // 0 is XState's ProcessingStatus.NotStarted
  return (actor as AnyActorRef & { _processingStatus?: number })._processingStatus !== 0;
}

/** Whether an actor still takes events. XState warns on the console about each one sent to an actor that doesn't. */
export function isActive(actor: AnyActorRef): boolean {
  // a stopped fromTransition actor's snapshot still says 'active'; 2 is XState's ProcessingStatus.Stopped
  if ((actor as AnyActorRef & { _processingStatus?: number })._processingStatus === 2) return false;
  return (actor.getSnapshot() as { status?: string } | undefined)?.status === 'active';
}
