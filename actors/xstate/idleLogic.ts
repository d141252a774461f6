import type { AnyActorLogic, Snapshot } from 'xstate';

/** The logic of an actor that never does anything. */
export const idleLogic: AnyActorLogic = {
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  transition: (snapshot: Snapshot<unknown>) => snapshot,
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};
