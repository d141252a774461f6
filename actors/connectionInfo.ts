import type { Socket } from 'node:net';
import type { ConnectionInfo, ListenAddress } from '../machines/connectionTypes';

/** Reads a socket's addresses, once: each getter is a system call, and after the close there is no answer. */
export function connectionInfo(id: string, socket: Socket, listening?: ListenAddress): ConnectionInfo {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  const isPath = listening?.port === 0;
  return {
    id,
    // a client that is gone already has no address: Kamaelia's answer
    peer: remoteAddress ?? (isPath ? '' : '0.0.0.0'),
    peerport: remotePort ?? 0,
    localip: localAddress ?? listening?.address ?? '127.0.0.1',
    localport: localPort ?? listening?.port ?? 0,
    encrypted: false,
  };
}
