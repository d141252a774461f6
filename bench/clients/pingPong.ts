import type { Socket } from 'node:net';
import type { Load } from './load';
import { closeMany, connectMany, receive } from './sockets';

export interface PingPongSettings {
  readonly kind: 'ping-pong';
  readonly port: number;
  readonly connections: number;
  /** The length of a message, in bytes. */
  readonly size: number;
  /** How many messages of a connection are on their way at the same time. */
  readonly inFlight: number;
  /** How many messages all connections send together. */
  readonly messages: number;
}

/** Messages go to the server and back. For each message that comes back, the next one is sent. */
export function pingPong({ port, connections, size, inFlight, messages }: PingPongSettings): Load {
  let sockets: Socket[] = [];
  const each = messages / connections;
  const batch = Buffer.alloc(size * inFlight, 'x');

  return {
    async open() {
      sockets = await connectMany(port, connections);
    },

    async run() {
      const progress = new Map(sockets.map((socket) => [socket, { sent: inFlight, receivedBytes: 0 }]));
      const done = receive(sockets, each * connections * size, (socket, length) => {
        const own = progress.get(socket);
        if (own === undefined) return;
        own.receivedBytes += length;
        const due = Math.min(each, Math.floor(own.receivedBytes / size) + inFlight) - own.sent;
        own.sent += due;
        if (due > 0) socket.write(batch.subarray(0, due * size));
      });
      for (const socket of sockets) socket.write(batch);
      await done;
    },

    close: () => closeMany(sockets),
  };
}
