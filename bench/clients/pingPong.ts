import type { Socket } from 'node:net';
import type { Load } from './load';
import { closeMany, connectMany, receive } from './sockets';

export interface PingPongSettings {
  readonly kind: 'ping-pong';
  readonly port: number;
  readonly connections: number;
  /** Of a message, in bytes. */
  readonly size: number;
  /** How many messages of a connection are on their way at the same time. */
  readonly inFlight: number;
  /** Over all connections. */
  readonly messages: number;
}

/** Messages go there and back; for each that has come back, the next one goes out. */
export function pingPong({ port, connections, size, inFlight, messages }: PingPongSettings): Load {
  let sockets: Socket[] = [];
  const each = messages / connections;
  const batch = Buffer.alloc(size * inFlight, 'x');

  return {
    async open() {
      sockets = await connectMany(port, connections);
    },

    async run() {
      const progress = new Map(sockets.map((socket) => [socket, { sent: inFlight, got: 0 }]));
      const done = receive(sockets, each * connections * size, (socket, length) => {
        const mine = progress.get(socket);
        if (mine === undefined) return;
        mine.got += length;
        const due = Math.min(each, Math.floor(mine.got / size) + inFlight) - mine.sent;
        mine.sent += due;
        if (due > 0) socket.write(batch.subarray(0, due * size));
      });
      for (const socket of sockets) socket.write(batch);
      await done;
    },

    close: () => closeMany(sockets),
  };
}
