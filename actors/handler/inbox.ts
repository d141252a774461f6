import type { AnyActorRef, AnyStateMachine, AnyStateNode, EventObject, Subscription } from 'xstate';
import { relay } from '../xstate/relay';
import { nodesOf } from '../xstate/snapshots';
import { matches } from '../xstate/stepTable';

interface WaitingMessage {
  readonly source: AnyActorRef;
  readonly event: EventObject;
}

/** A snapshot that says which events its actor would take now, as a machine's snapshot does. */
interface SelectiveSnapshot {
  can(event: EventObject): boolean;
  readonly machine?: AnyStateMachine;
  /** Whether the actor has dealt with everything; for actors whose `can` alone doesn't tell. */
  readonly isIdle?: boolean;
}

function asSelective(snapshot: unknown): SelectiveSnapshot | undefined {
  const isSelective = typeof (snapshot as Partial<SelectiveSnapshot> | undefined)?.can === 'function';
  return isSelective ? (snapshot as SelectiveSnapshot) : undefined;
}

function isGuarded(nodes: readonly AnyStateNode[], type: string): boolean {
  return nodes.some((node) =>
    [...node.transitions].some(
      ([descriptor, transitions]) => matches(descriptor, type) && transitions.some(({ guard }) => guard !== undefined),
    ),
  );
}

/** Whether an actor takes events of this type in any of its states. */
export function knows(actor: AnyActorRef, type: string): boolean {
  const selective = asSelective(actor.getSnapshot());
  return selective === undefined || everTakes(selective, type);
}

const everTakes = ({ machine }: SelectiveSnapshot, type: string): boolean =>
  machine === undefined || (machine.events as string[]).some((descriptor) => matches(descriptor, type));

/** Whether a machine's present state names this event. Transitions of the machine's root don't count. */
export function listensFor(actor: AnyActorRef, type: string): boolean {
  const selective = asSelective(actor.getSnapshot());
  const nodes = (selective && nodesOf(selective)) ?? [];
  return nodes.some(
    ({ parent, transitions }) =>
      parent !== undefined &&
      [...transitions.keys()].some((descriptor) => descriptor !== '*' && matches(descriptor, type)),
  );
}

/** Whether an actor would take an event now. Actors that aren't machines take everything. */
export function canTake(actor: AnyActorRef, event: EventObject): boolean {
  const selective = asSelective(actor.getSnapshot());
  if (selective === undefined) return true;
  try {
    return selective.can(event);
  } catch {
    // the guard throws: the actor gets the event, so that the crash is the actor's own
    return true;
  }
}

/**
 * One inbox of an actor, with Axon's promise: a message waits in the inbox until the component takes the message.
 *
 * XState drops an event that the present state doesn't handle. So the inbox asks a machine first (`snapshot.can`).
 * Messages that the machine can't take now wait in the inbox, in order, until it can: a state without `inbox` is a
 * state that isn't reading.
 *
 * An actor that is in the middle of an event can't be asked: its state may be about to change. So {@link offer}
 * belongs at the top of a call stack (a socket's callback). Everything else is delivered from a microtask.
 */
export class Inbox {
  readonly #owner: AnyActorRef;
  readonly #type: string;
  readonly #onEmpty: (() => void) | undefined;
  // made when a message comes: nearly every inbox is empty, and an empty array and an empty set would take 0.3 KB
  #waiting: WaitingMessage[] | undefined;
  #awaited: Set<() => boolean> | undefined;
  #subscription: Subscription | undefined;
  #isScheduled = false;

  // What the owner's present state says about this box. XState keeps the array of active nodes while the state stays
  // the same. So the array's identity tells when to ask again: to ask costs 0.5 to 0.8 µs for each chunk.
  #nodes: readonly AnyStateNode[] | undefined;
  #isGuarded = false;
  #isOpen = false;

  /**
   * @param owner - the actor whose inbox this is
   * @param type - the type of the inbox's events; for an event of another type, the owner is asked each time
   * @param onEmpty - called when every message that had to wait has been delivered
   */
  constructor(owner: AnyActorRef, type: string, onEmpty?: () => void) {
    this.#owner = owner;
    this.#type = type;
    this.#onEmpty = onEmpty;
  }

  /** Whether messages wait. */
  get isHolding(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Whether the owner has dealt with everything and waits for more: the owner is in a state that reads this box, or
   * has no state that ever does.
   */
  get isIdle(): boolean {
    if (this.isHolding) return false;
    const selective = asSelective(this.#owner.getSnapshot());
    if (selective === undefined) return true;
    if (selective.isIdle !== undefined) return selective.isIdle;
    this.#look(selective);
    return this.#isOpen || this.#isGuarded || !everTakes(selective, this.#type);
  }

  /**
   * Delivers an event of `source`, or keeps the event until the owner can take it. An event that the owner takes in
   * no state at all is dropped, because it would wait for ever.
   * @returns whether nothing has to wait: the event was delivered or dropped
   */
  offer(source: AnyActorRef, event: EventObject): boolean {
    if (!this.isHolding && this.#canTake(event)) {
      relay(source, this.#owner, event);
      return true;
    }
    const selective = asSelective(this.#owner.getSnapshot());
    if (selective !== undefined && !everTakes(selective, event.type)) return true;
    this.#hold(source, event);
    return false;
  }

  /** Like {@link offer}, but safe in the middle of the owner's work: a machine gets the event from a microtask. */
  post(source: AnyActorRef, event: EventObject): void {
    const selective = asSelective(this.#owner.getSnapshot());
    if (selective === undefined) {
      relay(source, this.#owner, event);
      return;
    }
    if (!everTakes(selective, event.type)) return;
    this.#hold(source, event);
    this.#schedule();
  }

  /**
   * Calls `check` from a microtask, and again after each change of the owner, until `check` returns true. By then,
   * what the owner can take from this box has been delivered.
   */
  until(check: () => boolean): void {
    (this.#awaited ??= new Set()).add(check);
    this.#watch();
    this.#schedule();
  }

  /** Forgets the waiting messages and checks, and no longer watches the owner. */
  clear(): void {
    this.#waiting = undefined;
    this.#awaited?.clear();
    this.#awaited = undefined;
    this.#unwatch();
  }

  #hold(source: AnyActorRef, event: EventObject): void {
    (this.#waiting ??= []).push({ source, event });
    this.#watch();
  }

  #canTake(event: EventObject): boolean {
    const selective = asSelective(this.#owner.getSnapshot());
    if (selective === undefined) return true;
    // an event of another type than the inbox's: #isOpen and #isGuarded say nothing about it
    if (event.type !== this.#type) return canTake(this.#owner, event);
    this.#look(selective);
    return this.#isGuarded ? canTake(this.#owner, event) : this.#isOpen;
  }

  #look(snapshot: SelectiveSnapshot): void {
    const nodes = nodesOf(snapshot);
    if (nodes !== undefined && nodes === this.#nodes) return;
    this.#nodes = nodes;
    this.#isGuarded = nodes === undefined || isGuarded(nodes, this.#type);
    // without a guard only the type counts
    this.#isOpen = !this.#isGuarded && snapshot.can({ type: this.#type });
  }

  #watch(): void {
    this.#subscription ??= this.#owner.subscribe({
      next: () => {
        this.#schedule();
      },
      complete: () => {
        this.clear();
      },
      error: () => {
        this.clear();
      },
    });
  }

  #unwatch(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** Delivers the event that has waited longest, if it can be taken now. */
  #deliverFirst(): boolean {
    const first = this.#waiting?.[0];
    if (first === undefined || !this.#canTake(first.event)) return false;
    this.#waiting?.shift();
    if (this.#waiting?.length === 0) this.#waiting = undefined;
    relay(first.source, this.#owner, first.event);
    return true;
  }

  #pump(): void {
    if (this.isHolding) {
      while (this.#deliverFirst());
      if (this.#waiting === undefined) this.#onEmpty?.();
    }
    const awaited = this.#awaited;
    for (const check of awaited ?? []) {
      if (check()) awaited?.delete(check);
    }
    if (!this.isHolding && !awaited?.size) this.#unwatch();
  }
}
