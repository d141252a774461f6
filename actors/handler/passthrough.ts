import type { AnyActorRef, EventObject, Snapshot } from 'xstate';
import type { ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import type { ConnectionReport } from '../../machines/events';
import type { ProtocolEvent } from '../../machines/protocolEvents';
import type { LogicFor } from '../../machines/vocabulary/logic';
import { parentOf } from '../xstate/parentOf';
import { relay } from '../xstate/relay';

/** What it passes on, and to what. The rest of a handler's events it can't take, so that the connection deals with them. */
const passed: Readonly<Record<string, ConnectionReport['type']>> = {
  inbox: '_CSA.outbox',
  'control.noSpaceInBox': '_CSA.noSpaceInBox',
  'control.spaceInBox': '_CSA.spaceInBox',
  'control.producerFinished': '_CSA.peerEnded',
};

/**
 * The handler of a connection without a protocol: what the peer sends goes, as `_CSA.outbox`, to the actor that owns the
 * connection. SingleServer and tcpClient are such owners. The other way they send `outbox` to the connection.
 */
export const passthrough: LogicFor<ProtocolEvent, ConnectionInfo> = {
  getInitialSnapshot: () => ({
    status: 'active',
    output: undefined,
    error: undefined,
    can: ({ type }: EventObject) => Object.hasOwn(passed, type),
  }),
  transition(snapshot: Snapshot<unknown>, event, scope) {
    const self = scope.self as AnyActorRef;
    const connection = parentOf(self);
    const owner = connection && parentOf(connection);
    const type = passed[event.type];
    if (type !== undefined && connection !== undefined && owner !== undefined) {
      relay(connection, owner, { ...event, type });
    }
    return snapshot;
  },
  getPersistedSnapshot: (snapshot: Snapshot<unknown>) => snapshot,
};
