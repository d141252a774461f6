import { StateMachine, type AnyActor, type EventObject, type Snapshot } from 'xstate';
import type { ProtocolInput } from '../machines/connectionMachine';
import { describe } from '../machines/errors';
import { isActorLogic, type LogicFor } from '../machines/logic';
import { crashSafe } from './crashSafe';
import { passthrough } from './passthrough';
import { tableDriven } from './tableDriven';

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
    const made = typeof protocol === 'function' ? protocol(info) : protocol;
    if (!isActorLogic(made)) {
      throw new TypeError(`The protocol factory returned ${describe(made)} instead of actor logic`);
    }
    const logic = made instanceof StateMachine ? tableDriven(made) : made;
    CSA.link(self);
    self.logic = crashSafe(logic);
    const snapshot = logic.getInitialSnapshot(scope as never, info) as Snapshot<unknown>;
    // nothing else tells an observable handler from others
    if ('_subscription' in snapshot) CSA.linkValues(self);
    return snapshot;
  },
  // only reached when no handler could be made, by an actor that has failed already
  transition: (snapshot: Snapshot<unknown>) => snapshot,
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};
