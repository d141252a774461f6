import type { Socket } from 'node:net';
import type { ConnectionInfo, ListenAddress } from '../../machines/vocabulary/connectionTypes';

/** Addresses to listen on that don't tell which of the machine's addresses a client has used. */
const wildcards = new Set(['', '0.0.0.0', '::']);

/**
 * Reads a socket's addresses, once: each end takes a system call (3 µs), and a closed socket doesn't answer any more.
 * Our own end takes none when the server listens on a single address.
 * @param id - the connection's id, `connection:7`
 * @param listening - where the server listens; the path of a unix socket has port 0
 */
export function connectionInfo(id: string, socket: Socket, listening?: ListenAddress): ConnectionInfo {
  const { remoteAddress, remotePort } = socket;
  const isKnown = listening !== undefined && !wildcards.has(listening.address);
  const { localAddress, localPort } = isKnown ? { localAddress: listening.address, localPort: listening.port } : socket;
  const isPath = listening?.port === 0;
  return {
    id,
    // a client that has gone already has no address; '0.0.0.0' is what Kamaelia says then
    peer: remoteAddress ?? (isPath ? '' : '0.0.0.0'),
    peerport: remotePort ?? 0,
    localip: localAddress ?? listening?.address ?? '127.0.0.1',
    localport: localPort ?? listening?.port ?? 0,
    encrypted: false,
  };
}
