import { Actor, type AnyActor, type AnyActorRef } from 'xstate';

/** Which actors have been started, and which have been stopped. */
export interface Lives {
  readonly wasStarted: (actor: AnyActorRef) => boolean;
  readonly wasStopped: (actor: AnyActorRef) => boolean;
}

/**
 * Records which actors are started and stopped from now on. Only for an XState without `_processingStatus`: this
 * replaces `Actor.prototype.start` and inspects every system, which makes each event slower.
 *
 * An actor that is stopped without ever having been started counts as neither: XState doesn't report its stop.
 */
export function recordLives(): Lives {
  const started = new WeakSet<AnyActorRef>();
  const stopped = new WeakSet<AnyActorRef>();
  const inspected = new WeakSet<AnyActor['system']>();
  const descriptor = Object.getOwnPropertyDescriptor(Actor.prototype, 'start');
  const start = descriptor?.value as (this: AnyActor) => AnyActor;
  Object.defineProperty(Actor.prototype, 'start', {
    ...descriptor,
    value(this: AnyActor): AnyActor {
      const { system } = this;
      started.add(this);
      if (!inspected.has(system)) {
        inspected.add(system);
        system.inspect((event) => {
          if (event.type === '@xstate.snapshot' && event.event.type === 'xstate.stop') {
            stopped.add(event.actorRef as AnyActorRef);
          }
        });
      }
      return start.call(this);
    },
  });
  return { wasStarted: (actor) => started.has(actor), wasStopped: (actor) => stopped.has(actor) };
}
