import { fromCallback } from 'xstate';
import type { ConnectionInfo } from '../machines/connectionTypes';
import type { ConnectionReport, ProtocolEmitted, ProtocolEvent } from '../machines/events';
import { relay } from './relay';

/**
 * The handler of a connection without a protocol: what the peer sends goes, as `_CSA.outbox`, to the actor that owns the
 * connection. SingleServer and tcpClient are such owners. The other way they send `outbox` to the connection.
 */
export const passthrough = fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ self, receive, emit }) => {
  const connection = self._parent;
  const owner = connection?._parent;
  const report = (event: ConnectionReport): void => {
    if (connection !== undefined && owner !== undefined) relay(connection, owner, event);
  };
  receive((event) => {
    switch (event.type) {
      case 'inbox':
        report({ type: '_CSA.outbox', data: event.data });
        break;
      case 'control.noSpaceInBox':
        report({ type: '_CSA.noSpaceInBox' });
        break;
      case 'control.spaceInBox':
        report({ type: '_CSA.spaceInBox' });
        break;
      case 'control.producerFinished':
      case 'control.serverShutdown':
        emit({ type: 'signal.producerFinished' });
        break;
      case 'control.socketShutdown':
        break;
    }
  });
});
