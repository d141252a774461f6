import type { ActorKind } from '../wire';

/** What an actor runs, in words. */
export const kinds: Readonly<Record<ActorKind, string>> = {
  machine: 'A statechart',
  transition: 'A transition function',
  observable: 'An observable',
  other: 'A callback, a promise, or logic written from scratch',
  part: 'A part of the actor above, and no actor itself',
};
