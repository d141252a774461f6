import type { Actor, AnyActorRef } from 'xstate';
import type { connection } from '../../server/index';

interface Stage {
  actor(name: string): AnyActorRef;
}

/** The actor of a scenario's first connection: its state, and its socket as the context's `CSA`. */
export const connectionOf = (s: Stage): Actor<typeof connection> =>
  s.actor('connection:1') as unknown as Actor<typeof connection>;

/** Bytes that the server has read from that connection, whether or not the handler has got them. */
export const bytesIn = (s: Stage): number => connectionOf(s).getSnapshot().context.CSA.bytesIn;
