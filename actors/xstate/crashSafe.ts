import type { AnyActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import { stopOrphans } from './orphans';

const made = new WeakMap<AnyActorLogic, AnyActorLogic>();

type Children = Readonly<Record<string, AnyActorRef | undefined>>;

/**
 * The same logic, but an actor that crashes leaves nothing running. This mends two faults of XState (5.33):
 *
 * - A `fromCallback` actor that throws while it receives never runs its clean-up function. Here such an actor still
 *   gets `xstate.stop`, the last event of every healthy actor.
 * - A child machine that crashes leaves its own children active, and a parent that ends because of the crash forgets
 *   the child. Here those children are stopped.
 *
 * The result inherits from the logic, so a machine still looks like a machine.
 */
export function crashSafe(logic: AnyActorLogic): AnyActorLogic {
  const known = made.get(logic);
  if (known !== undefined) return known;
  const safe = Object.create(logic, {
    // a class's own fields are not inherited
    start: { value: logic.start?.bind(logic) },
    getPersistedSnapshot: { value: logic.getPersistedSnapshot.bind(logic) },
    transition: {
      value: (snapshot: Snapshot<unknown> & { children?: Children }, event: EventObject, scope: never): unknown => {
        if (event.type.startsWith('xstate.error.actor.')) {
          const crashed = snapshot.children?.[(event as EventObject & { actorId: string }).actorId];
          if (crashed !== undefined) stopOrphans(crashed);
        }
        try {
          return logic.transition(snapshot, event, scope);
        } catch (error) {
          if (snapshot.children === undefined)
            endQuietly(() => logic.transition(snapshot, { type: 'xstate.stop' }, scope) as unknown);
          throw error;
        }
      },
    },
  }) as AnyActorLogic;
  made.set(logic, safe);
  return safe;
}

/** Calls `end`, and ignores what `end` throws: only the first error matters. */
function endQuietly(end: () => unknown): void {
  try {
    end();
  } catch {
    // a second crash changes nothing
  }
}
