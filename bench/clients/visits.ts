import { connect, type Socket } from 'node:net';
import type { Load } from './load';
import { closeMany, concurrency, connectMany } from './sockets';

export interface VisitsSettings {
  readonly kind: 'visits';
  readonly port: number;
  /** How many connections stay open all the time, idle. */
  readonly held: number;
  /** How many clients come and go. */
  readonly count: number;
  /** The length of each client's message, in bytes; 0 for clients that send nothing. */
  readonly size: number;
}

/** Clients connect, send a message, get it back, and close, while other connections are open and idle. */
export function visits({ port, held, count, size }: VisitsSettings): Load {
  let idle: Socket[] = [];
  const message = Buffer.alloc(size, 'x');

  const visit = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let missing = size;
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('connect', () => {
        if (size === 0) socket.end();
        else socket.write(message);
      });
      socket.on('data', ({ length }) => {
        missing -= length;
        if (missing === 0) socket.end();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        if (missing === 0) resolve();
        else reject(new Error(`${String(missing)} bytes have not come back`));
      });
    });

  return {
    async open() {
      idle = await connectMany(port, held);
    },

    async run() {
      let left = count;
      const client = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await visit();
        }
      };
      await Promise.all(Array.from({ length: concurrency }, client));
    },

    close: () => closeMany(idle),
  };
}
