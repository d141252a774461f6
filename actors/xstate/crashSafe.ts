import type { AnyActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import { stopOrphans } from './orphans';

const made = new WeakMap<AnyActorLogic, AnyActorLogic>();

type Children = Readonly<Record<string, AnyActorRef | undefined>>;

/**
 * The same logic, leaving nothing behind when its actor crashes. Of XState (5.33) this mends that
 *
 * - a `fromCallback` actor that throws while it receives never runs its clean-up function: it still gets `xstate.stop`
 *   here, the last event of every healthy actor;
 * - a child machine that crashed leaves its own children active, and a parent that ends because of it forgets the child.
 *
 * It inherits from the logic, so a machine stays a machine for whoever looks at it.
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

/** The first error is the one to tell. */
function endQuietly(end: () => unknown): void {
  try {
    end();
  } catch {
    // crashing once more changes nothing
  }
}
