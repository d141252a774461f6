import type { ActorOptions, AnyActorLogic, AnyActorRef } from 'xstate';

/** The published part of an actor that the type `AnyActorRef` lacks. */
interface ActorWithOptions {
  readonly options?: Readonly<ActorOptions<AnyActorLogic>>;
}

/** The parent of an actor; undefined for a root. */
export const parentOf = (actor: AnyActorRef): AnyActorRef | undefined =>
  (actor as AnyActorRef & ActorWithOptions).options?.parent;
