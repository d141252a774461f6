import type { ActorKind } from '../records';

/** The kinds of an actor, in words. */
export const kinds: Readonly<Record<ActorKind, string>> = {
  machine: 'A statechart',
  transition: 'A transition function',
  observable: 'An observable',
  other: 'A callback, a promise, or logic written from scratch',
  part: 'A part of the actor above, and no actor itself',
};
