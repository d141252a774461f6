import type { AnyActorRef } from 'xstate';
import { isActive } from '../actors/xstate/relay';
import { snapshotOf } from './anyServer';

/**
 * Whether a server is ready, which `/readyz` and the metrics tell: whether a client that comes now gets a handler or a place in the queue, as
 * the tags of the server's state say.
 */
export function isReady(server: AnyActorRef): boolean {
  const { tags, context } = snapshotOf(server);
  // an actor that was stopped keeps its last state
  if (!isActive(server)) return false;
  return tags.has('taking') || (tags.has('queueing') && context.queue.length < context.options.maxQueued);
}
