import type { AnyActorRef, EventObject, Snapshot } from 'xstate';
import type { ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import type { ConnectionReport } from '../../machines/events';
import type { ProtocolEvent } from '../../machines/protocolEvents';
import type { LogicFor } from '../../machines/vocabulary/logic';
import { parentOf } from '../xstate/parentOf';
import { relay } from '../xstate/relay';

/** The events that are passed on, with their new types. The connection itself deals with all others. */
const reportTypes: Readonly<Record<string, ConnectionReport['type']>> = {
  inbox: '_CSA.outbox',
  'control.noSpaceInBox': '_CSA.noSpaceInBox',
  'control.spaceInBox': '_CSA.spaceInBox',
  'control.producerFinished': '_CSA.peerEnded',
};

/**
 * The handler of a connection without a protocol. The peer's bytes go, as `_CSA.outbox`, to the actor that owns the
 * connection: a SingleServer or a tcpClient. That actor sends its own bytes to the connection, as `outbox`.
 */
export const passthrough: LogicFor<ProtocolEvent, ConnectionInfo> = {
  getInitialSnapshot: () => ({
    status: 'active',
    output: undefined,
    error: undefined,
    can: ({ type }: EventObject) => Object.hasOwn(reportTypes, type),
  }),
  transition(snapshot: Snapshot<unknown>, event, scope) {
    const self = scope.self as AnyActorRef;
    const connection = parentOf(self);
    const owner = connection && parentOf(connection);
    const type = reportTypes[event.type];
    if (type !== undefined && connection !== undefined && owner !== undefined) {
      relay(connection, owner, { ...event, type });
    }
    return snapshot;
  },
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};
