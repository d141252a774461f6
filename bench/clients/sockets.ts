import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** How many sockets connect, or close, at the same time. */
export const concurrency = 50;

export async function connectMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(concurrency, count - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1', noDelay: true }),
    );
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
    sockets.push(...batch);
  }
  return sockets;
}

export async function closeMany(sockets: readonly Socket[]): Promise<void> {
  for (let first = 0; first < sockets.length; first += concurrency) {
    await Promise.all(
      sockets.slice(first, first + concurrency).map(async (socket) => {
        socket.removeAllListeners();
        await once(socket.destroy(), 'close');
      }),
    );
  }
}

/** Resolves when all sockets together have received so many bytes. Rejects when more come, or a socket closes. */
export function receive(
  sockets: readonly Socket[],
  bytes: number,
  onData: (socket: Socket, size: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = bytes;
    for (const socket of sockets) {
      socket.removeAllListeners();
      socket.on('data', ({ length }) => {
        missing -= length;
        onData(socket, length);
        if (missing === 0) resolve();
        else if (missing < 0) reject(new Error(`${String(-missing)} bytes more came than were due`));
      });
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('the server has closed a connection'));
      });
    }
  });
}
