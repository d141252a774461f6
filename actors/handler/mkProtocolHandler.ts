import type { AnyActor, EventObject, Snapshot } from 'xstate';
import type { ProtocolInput } from '../../machines/connectionMachine';
import { describe } from '../../machines/vocabulary/errors';
import { isActorLogic, type LogicFor } from '../../machines/vocabulary/logic';
import { crashSafe } from '../xstate/crashSafe';
import { hearEmits } from '../xstate/hearEmits';
import { isOfObservable } from '../xstate/snapshots';
import { tableDriven } from '../xstate/tableDriven';
import { passthrough } from './passthrough';

/**
 * Kamaelia's `mkProtocolHandler`: the logic that becomes the user's handler.
 *
 * A factory may return different logic for each connection, but a statechart names its actors once. So the chart
 * invokes this logic. When the actor is made, this logic asks the factory, links the actor to the socket, and puts
 * the handler's logic in its own place. From then on the actor is the handler, with nothing in between, and an
 * inspector sees the handler's machine.
 */
export const mkProtocolHandler: LogicFor<EventObject, ProtocolInput> = {
  getInitialSnapshot(scope, { CSA, options, info }) {
    const { protocol = passthrough } = options;
    const self = scope.self as unknown as AnyActor;
    const made = typeof protocol === 'function' ? protocol(info) : protocol;
    if (!isActorLogic(made)) {
      throw new TypeError(`The protocol factory returned ${describe(made)} instead of actor logic`);
    }
    const logic = tableDriven(made);
    const link = CSA.link(self, options);
    self.logic = crashSafe(logic);
    const own = hearEmits(scope, (event) => {
      link.route(event);
    });
    const snapshot = logic.getInitialSnapshot(own as never, info) as Snapshot<unknown>;
    if (isOfObservable(snapshot)) link.routeValues();
    return snapshot;
  },
  // called only when no handler could be made: the actor has failed already
  transition: (snapshot: Snapshot<unknown>) => snapshot,
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};
