import type { AnyActor } from 'xstate';
import type { Socket } from 'node:net';
import type { Bytes } from '../../machines/vocabulary/connectionTypes';

/**
 * Sends a reply to a client that nobody serves, and closes the socket.
 *
 * What the client sends is read and thrown away: a close with unread bytes would send a reset, which may overtake the
 * reply.
 * @param socket - a socket that nobody else reads
 * @param reply - the last bytes that the client gets
 * @param lingerTimeout - milliseconds until the socket is closed even if the client hasn't closed its side
 * @param clock - the clock of that time
 */
export function turnAway(
  socket: Socket,
  reply: Bytes,
  lingerTimeout: number,
  clock: AnyActor['clock'] = globalThis,
): void {
  socket.on('data', () => undefined);
  socket.resume();
  socket.end(reply);
  const timer: unknown = clock.setTimeout(() => socket.destroy(), lingerTimeout);
  socket.on('close', () => {
    clock.clearTimeout(timer as never);
  });
}
