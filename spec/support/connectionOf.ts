import type { Actor, AnyActorRef } from 'xstate';
import type { connection } from '../../server/index';

interface Stage {
  actor(name: string): AnyActorRef;
}

/** The actor of a scenario's first connection. The actor's context has the socket as `CSA`. */
export const connectionOf = (s: Stage): Actor<typeof connection> =>
  s.actor('connection:1') as unknown as Actor<typeof connection>;

/** The bytes that the server has read from the first connection. Some may not have reached the handler yet. */
export const bytesIn = (s: Stage): number => connectionOf(s).getSnapshot().context.CSA.bytesIn;
