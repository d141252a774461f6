import { isMachineSnapshot, type AnyActor, type AnyActorLogic, type EventObject, type Snapshot } from 'xstate';
import type { ProtocolInput } from '../machines/connectionMachine';
import { describe } from '../machines/errors';
import { isActorLogic, type LogicFor } from '../machines/logic';
import { passthrough } from './passthrough';

const disposing = new WeakMap<AnyActorLogic, AnyActorLogic>();

/**
 * The same logic, which after a crash still gets `xstate.stop`, the last event of every healthy actor.
 *
 * Without it a `fromCallback` actor that throws while it receives would never run its clean-up function (XState 5.33).
 */
function withLastEvent(logic: AnyActorLogic): AnyActorLogic {
  const known = disposing.get(logic);
  if (known !== undefined) return known;
  const made: AnyActorLogic = {
    ...logic,
    transition(snapshot: Snapshot<unknown>, event: EventObject, scope) {
      try {
        return logic.transition(snapshot, event, scope) as Snapshot<unknown>;
      } catch (error) {
        try {
          logic.transition(snapshot, { type: 'xstate.stop' }, scope);
        } catch {
          // the first error is the one to tell
        }
        throw error;
      }
    },
  };
  disposing.set(logic, made);
  return made;
}

/**
 * Kamaelia's `mkProtocolHandler`: the logic that becomes the user's handler.
 *
 * A factory may return other logic for each connection, while a statechart names its actors once. So this logic is what
 * the chart invokes; when its actor is made it asks the factory, links the actor to the socket, and puts the handler's
 * logic in its own place. From there on the actor is the handler, with nothing in between, and the inspector sees its
 * machine.
 */
export const mkProtocolHandler: LogicFor<EventObject, ProtocolInput> = {
  getInitialSnapshot(scope, { CSA, protocol = passthrough, info }) {
    const self = scope.self as unknown as AnyActor;
    const logic = typeof protocol === 'function' ? protocol(info) : protocol;
    if (!isActorLogic(logic)) {
      throw new TypeError(`The protocol factory returned ${describe(logic)} instead of actor logic`);
    }
    CSA.link(self);
    const snapshot = logic.getInitialSnapshot(scope as never, info) as Snapshot<unknown>;
    const isMachine = isMachineSnapshot(snapshot);
    self.logic = isMachine ? logic : withLastEvent(logic);
    return snapshot;
  },
  // only reached when no handler could be made, by an actor that has failed already
  transition: (snapshot: Snapshot<unknown>) => snapshot,
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};
