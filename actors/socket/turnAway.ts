import type { AnyActor } from 'xstate';
import type { Socket } from 'node:net';
import type { Bytes } from '../../machines/vocabulary/connectionTypes';

/**
 * Says a last word to a client whom nobody serves, and closes.
 *
 * What the client sends is read, and thrown away: closing with unread bytes would send a reset, and that may overtake the
 * reply.
 * @param socket - nobody reads it
 * @param reply - the last word
 * @param lingerTimeout - milliseconds until the socket is closed even if the client hasn't closed its side
 * @param clock - what that time runs on
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
