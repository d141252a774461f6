import type { ActorOptions, AnyActorLogic, AnyActorRef } from 'xstate';

/** The part of an actor that is published, but that a reference to an actor lacks. */
interface Optioned {
  readonly options?: Readonly<ActorOptions<AnyActorLogic>>;
}

/** The actor that has this one among its children; none of a root. */
export const parentOf = (actor: AnyActorRef): AnyActorRef | undefined =>
  (actor as AnyActorRef & Optioned).options?.parent;
