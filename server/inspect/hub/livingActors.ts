import type { AnyActorRef } from 'xstate';
import { parentOf } from '../../../actors/xstate/parentOf';
import { isParticipant } from '../../../actors/xstate/participant';
import { isActive, wasStarted } from '../../../actors/xstate/relay';

/**
 * The places in a snapshot where an actor's children may be. Charts and graphlines have theirs in `children`, the
 * registry of connections has them in `live`. In other logic these keys may hold anything.
 */
interface SnapshotOfParent {
  readonly children?: unknown;
  readonly live?: unknown;
}

function* childrenOf(actor: AnyActorRef): Generator<AnyActorRef> {
  try {
    const { children, live } = (actor.getSnapshot() as SnapshotOfParent | undefined) ?? {};
    if (typeof children === 'object' && children !== null) {
      for (const child of Object.values(children)) if (isChild(child, actor)) yield child;
    }
    if (live instanceof Map) {
      for (const entry of (live as ReadonlyMap<unknown, { readonly actor: unknown } | undefined>).values()) {
        if (isChild(entry?.actor, actor)) yield entry.actor;
      }
    }
  } catch {
    // reading some property has thrown; the children that were found before are used
  }
}

const isChild = (value: unknown, parent: AnyActorRef): value is AnyActorRef =>
  typeof value === 'object' && value !== null && parentOf(value as AnyActorRef) === parent;

/** The root of an actor's system. */
export function rootOf(actor: AnyActorRef): AnyActorRef {
  let root = actor;
  for (let parent = parentOf(root); parent !== undefined; parent = parentOf(root)) root = parent;
  return root;
}

/** All actors of a root's system that run, parents before children. XState itself has no list of them. */
export function* livingActors(root: AnyActorRef): Generator<AnyActorRef> {
  const waiting = [root];
  for (const actor of waiting) {
    if (isRunning(actor)) yield actor;
    // not with push(...): a registry may have more children than a call may have arguments
    for (const child of childrenOf(actor)) waiting.push(child);
  }
}

/** Whether an actor has been started, and has ended since. */
export const hasEnded = (actor: AnyActorRef): boolean =>
  isParticipant(actor) ? !isActive(actor) : wasStarted(actor) && !isActive(actor);

/** An actor's nearest living ancestor. The parent may be dead: a machine that crashes leaves its children running. */
export function livingAbove(actor: AnyActorRef): AnyActorRef | undefined {
  let above = parentOf(actor);
  while (above !== undefined && hasEnded(above)) above = parentOf(above);
  return above;
}

/** Whether an actor has been started and hasn't ended. */
const isRunning = (actor: AnyActorRef): boolean => wasStarted(actor) && isActive(actor);
