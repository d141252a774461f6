import type { AnyActorRef, EventObject, Subscription } from 'xstate';
import { isActive } from '../xstate/relay';
import { Inbox } from '../handler/inbox';

const inboxes = new WeakMap<AnyActorRef, Map<string, Inbox>>();

/** The one inbox that all links to a box share, so that their messages keep their order. */
export function inboxOf(owner: AnyActorRef, box: string): Inbox {
  const boxes = inboxes.get(owner) ?? new Map<string, Inbox>();
  inboxes.set(owner, boxes);
  const inbox = boxes.get(box) ?? new Inbox(owner, box);
  boxes.set(box, inbox);
  return inbox;
}

/**
 * An event of one box under the name that it has in another box.
 * @returns undefined when the event isn't of the box `from`
 */
export function rename(event: EventObject, from: string, to: string): EventObject | undefined {
  if (event.type === from) return { ...event, type: to };
  return event.type.startsWith(`${from}.`) ? { ...event, type: to + event.type.slice(from.length) } : undefined;
}

/**
 * Links an outbox of one actor to an inbox of another, as Axon's `link` does: what `source` emits as `outbox` (or
 * `outbox.message`), `target` receives as `inbox` (or `inbox.message`).
 *
 * A message waits in the inbox until the target's present state takes the message. Any number of messages may wait. A
 * message that the target takes in no state at all is dropped. The link ends with either actor, or by `unsubscribe()`.
 * Actors of different systems can be linked. Make the link before the source starts, if what it emits at its start must
 * not be missed.
 *
 * @example
 * ```ts
 * link(server, 'outbox', handler, 'inbox');
 * link(handler, 'outbox', server, 'inbox');
 * ```
 */
export function link(source: AnyActorRef, outbox: string, target: AnyActorRef, inbox: string): Subscription {
  const box = inboxOf(target, inbox);
  return source.on('*', (emitted: EventObject) => {
    const event = rename(emitted, outbox, inbox);
    if (event !== undefined && isActive(target)) box.post(source, event);
  });
}
