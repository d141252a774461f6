import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { backlog, type ListeningServer, type Mode } from './listeningServer';

/** Starts a server of plain `node:net` with the same two protocols: what it costs is the cost of Node itself. */
export async function listenRaw(mode: Mode): Promise<ListeningServer> {
  const sockets = new Set<Socket>();
  const room = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', (data) => {
      if (mode === 'room' && room.has(socket)) {
        for (const other of room) other.write(data);
      } else {
        if (mode === 'room') room.add(socket);
        socket.write(data);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      room.delete(socket);
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, countOpen: () => sockets.size };
}
