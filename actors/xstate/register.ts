import type { AnyActorRef } from 'xstate';
import { has, type SystemInternals } from './internals';

/**
 * Keeps the actors of a system out of the system's register of running actors.
 *
 * XState (5.33) writes to that register, and never reads it: `system.get` finds actors by their `systemId` elsewhere.
 * The register is a Map. While entries come and go in a Map, V8 keeps each of them until a full collection (see
 * `connections.ts`). Of a machine with one invoked child, 7.2 KB moved to V8's old generation with the register, 2.7
 * KB without (Node 20). In an XState without `_register`, this does nothing.
 */
export function keepNoRegister({ system }: AnyActorRef): void {
  if (has._register) (system as SystemInternals)._register = (sessionId) => sessionId;
}
