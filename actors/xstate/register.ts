import type { AnyActorRef } from 'xstate';
import { has, type SystemInternals } from './internals';

/**
 * Keeps the actors of a system out of its register of running actors.
 *
 * XState (5.33) has one, writes to it, and never reads it: `system.get` finds actors by their `systemId` elsewhere. It is a
 * Map, and a Map that entries come and go in makes V8 keep each of them until a full collection (see `connections.ts`). Of a
 * machine with one invoked child, 7.2 KB became old with it, 2.7 KB without (Node 20). An XState that has no `_register`
 * keeps whatever it keeps.
 */
export function keepNoRegister({ system }: AnyActorRef): void {
  if (has._register) (system as SystemInternals)._register = (sessionId) => sessionId;
}
