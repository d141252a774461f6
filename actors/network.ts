import type { NetConnectOpts, Server, ServerOpts, Socket } from 'node:net';

/** Where servers and sockets come from: `node:net` itself, or what stands in for it. */
export interface Network {
  /** As `net.createServer`. */
  createServer(options: ServerOpts): Server;
  /** As `net.createConnection`. */
  createConnection(options: NetConnectOpts): Socket;
}
