import type { Socket } from 'node:net';
import type { ConnectionInfo, ListenAddress } from '../../machines/vocabulary/connectionTypes';

/** Where a socket doesn't say which of the machine's addresses its client has used. */
const wildcards = new Set(['', '0.0.0.0', '::']);

/**
 * Reads a socket's addresses, once: each end is a system call (3 µs), and after the close there is no answer. Our own end
 * needs none when the server listens on one address alone.
 */
export function connectionInfo(id: string, socket: Socket, listening?: ListenAddress): ConnectionInfo {
  const { remoteAddress, remotePort } = socket;
  const isKnown = listening !== undefined && !wildcards.has(listening.address);
  const { localAddress, localPort } = isKnown ? { localAddress: listening.address, localPort: listening.port } : socket;
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
