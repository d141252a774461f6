import type { Socket } from 'node:net';
import type { Load } from './load';
import { closeMany, connectMany, receive } from './sockets';

export interface FanOutSettings {
  readonly kind: 'fan-out';
  readonly port: number;
  readonly connections: number;
  /** Of a message, in bytes. */
  readonly size: number;
  readonly messages: number;
}

/** One connection says something, all of them hear it, then it says the next thing. */
export function fanOut({ port, connections, size, messages }: FanOutSettings): Load {
  let sockets: Socket[] = [];
  const message = Buffer.alloc(size, 'x');

  return {
    async open() {
      sockets = await connectMany(port, connections);
      // the first message of each is answered alone
      const inside = receive(sockets, connections * size, () => undefined);
      for (const socket of sockets) socket.write(message);
      await inside;
    },

    async run() {
      const [speaker] = sockets;
      const due = messages * connections * size;
      let heard = 0;
      const done = receive(sockets, due, (_, length) => {
        heard += length;
        if (heard % (connections * size) === 0 && heard < due) speaker?.write(message);
      });
      speaker?.write(message);
      await done;
    },

    close: () => closeMany(sockets),
  };
}
