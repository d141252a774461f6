/**
 * Echo on `node:net` and nact, an actor per connection.
 *
 * Prints its port, and ends when its stdin is closed.
 */
import { dispatch, spawnStateless, start, stop } from 'nact';
import { createServer, type AddressInfo, type Socket } from 'node:net';

type Message = { readonly type: 'data'; readonly data: Buffer } | { readonly type: 'end' };

const system = start();
let accepted = 0;

function serve(socket: Socket): void {
  accepted += 1;
  const echo = (message: Message): void => {
    if (message.type === 'end') socket.end();
    else if (!socket.write(message.data)) socket.pause();
  };
  // The actor has a name, because nact's own names are random, and a name that comes twice throws. It isn't the child
  // of a listener's actor, because nact copies the list of an actor's children for each message to that actor.
  const connection = spawnStateless(system, echo, `connection-${String(accepted)}`);
  socket.on('data', (data) => {
    dispatch(connection, { type: 'data', data });
  });
  socket.on('end', () => {
    dispatch(connection, { type: 'end' });
  });
  socket.on('drain', () => socket.resume());
  socket.on('error', () => undefined);
  socket.on('close', () => {
    stop(connection);
  });
}

// half-open, because the actor writes the last bytes only after the client's FIN has been seen
const server = createServer({ allowHalfOpen: true, noDelay: true }, serve);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  console.log((server.address() as AddressInfo).port);
});
process.stdin.on('end', () => process.exit()).resume();
