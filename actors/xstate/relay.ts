import type { AnyActorRef, EventObject } from 'xstate';
import { has, processingStatus, type ActorInternals, type SystemInternals } from './internals';
import { recordLives } from './lives';

/**
 * Sends an event to an actor in the name of another actor, as `sendTo` does inside a machine. With `target.send(event)`
 * an inspector would show an event without a source.
 */
export const relay: (source: AnyActorRef, target: AnyActorRef, event: EventObject) => void = has._relay
  ? (source, target, event) => {
      (source.system as SystemInternals)._relay(source, target, event);
    }
  : (_, target, event) => {
      target.send(event);
    };

const lives = has._processingStatus ? undefined : recordLives();

/** Whether an actor was ever started. */
export const wasStarted: (actor: AnyActorRef) => boolean =
  lives?.wasStarted ?? ((actor) => (actor as ActorInternals)._processingStatus !== processingStatus.notStarted);

const wasStopped: (actor: AnyActorRef) => boolean =
  lives?.wasStopped ?? ((actor) => (actor as ActorInternals)._processingStatus === processingStatus.stopped);

/** Whether an actor still takes events. XState warns on the console about each event to an actor that doesn't. */
export function isActive(actor: AnyActorRef): boolean {
  // the snapshot of a stopped fromTransition actor still says 'active'
  if (wasStopped(actor)) return false;
  return (actor.getSnapshot() as { status?: string } | undefined)?.status === 'active';
}
