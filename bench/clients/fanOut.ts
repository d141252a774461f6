import type { Socket } from 'node:net';
import type { Load } from './load';
import { closeMany, connectMany, receive } from './sockets';

export interface FanOutSettings {
  readonly kind: 'fan-out';
  readonly port: number;
  readonly connections: number;
  /** The length of a message, in bytes. */
  readonly size: number;
  readonly messages: number;
}

/** One connection sends a message, all connections receive it, and then the next message is sent. */
export function fanOut({ port, connections, size, messages }: FanOutSettings): Load {
  let sockets: Socket[] = [];
  const message = Buffer.alloc(size, 'x');

  return {
    async open() {
      sockets = await connectMany(port, connections);
      // the first message of a connection is answered to that connection only
      const inside = receive(sockets, connections * size, () => undefined);
      for (const socket of sockets) socket.write(message);
      await inside;
    },

    async run() {
      const [speaker] = sockets;
      const due = messages * connections * size;
      let received = 0;
      const done = receive(sockets, due, (_, length) => {
        received += length;
        if (received % (connections * size) === 0 && received < due) speaker?.write(message);
      });
      speaker?.write(message);
      await done;
    },

    close: () => closeMany(sockets),
  };
}
