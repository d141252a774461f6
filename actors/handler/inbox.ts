import type { AnyActorRef, AnyStateMachine, AnyStateNode, EventObject, Subscription } from 'xstate';
import { relay } from '../xstate/relay';
import { nodesOf } from '../xstate/snapshots';
import { matches } from '../xstate/stepTable';

interface Waiting {
  readonly source: AnyActorRef;
  readonly event: EventObject;
}

/** A snapshot that can say which events its actor would take now, as a machine's can. */
interface Selective {
  can(event: EventObject): boolean;
  readonly machine?: AnyStateMachine;
  /** Whether it has dealt with everything, where `can` alone doesn't tell. */
  readonly isIdle?: boolean;
}

function asSelective(snapshot: unknown): Selective | undefined {
  return typeof (snapshot as Partial<Selective> | undefined)?.can === 'function' ? (snapshot as Selective) : undefined;
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

const everTakes = ({ machine }: Selective, type: string): boolean =>
  machine === undefined || (machine.events as string[]).some((descriptor) => matches(descriptor, type));

/** Whether a machine is in a state that names this event itself. What the whole machine does about it doesn't count. */
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
    // A guard that throws is the actor's crash: let the actor have it.
    return true;
  }
}

/**
 * One inbox of an actor, with Axon's promise: a message waits there until its component takes it.
 *
 * XState drops an event that the current state doesn't handle. So a machine is asked first (`snapshot.can`), and what
 * it can't take now waits here, in order, until it can: a state without `inbox` is a state that isn't reading.
 *
 * An actor that is in the middle of an event can't be asked, since its state may be about to change. {@link offer}
 * therefore belongs at the top of a call stack (a socket's callback); everything else comes from a microtask.
 */
export class Inbox {
  readonly #owner: AnyActorRef;
  readonly #type: string;
  readonly #onEmpty: (() => void) | undefined;
  // made when there is something: nearly every inbox is empty, and empty ones would be 0.3 KB
  #waiting: Waiting[] | undefined;
  #awaited: Set<() => boolean> | undefined;
  #subscription: Subscription | undefined;
  #isScheduled = false;

  // What the owner's present state says about this box. XState keeps the array of active nodes while the state stays
  // the same, so its identity tells when to ask again: asking costs 0.5 to 0.8 µs a chunk.
  #nodes: readonly AnyStateNode[] | undefined;
  #isGuarded = false;
  #isOpen = false;

  /**
   * @param owner - the actor whose inbox this is
   * @param type - the type of its events; others may come too, but are asked about each time
   * @param onEmpty - told when all that had to wait has been delivered
   */
  constructor(owner: AnyActorRef, type: string, onEmpty?: () => void) {
    this.#owner = owner;
    this.#type = type;
    this.#onEmpty = onEmpty;
  }

  /** Whether something waits. */
  get isHolding(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Whether the owner has dealt with everything and waits for more: it is in a state that reads this box, or no state of
   * it ever does.
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
   * Delivers an event of `source`, or keeps it until it can be taken. Returns whether it was delivered. What the owner
   * takes in no state at all is dropped, for it would wait for ever.
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

  /** As {@link offer}, but safe in the middle of the owner's own work: a machine gets the event from a microtask. */
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
   * Calls `check` from a microtask, and again each time that the owner has changed or emptied this box, until it returns
   * true.
   */
  until(check: () => boolean): void {
    (this.#awaited ??= new Set()).add(check);
    this.#watch();
    this.#schedule();
  }

  /** Forgets what waits, and the owner. */
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
    // a box of several messages: what is kept here is about one
    if (event.type !== this.#type) return canTake(this.#owner, event);
    this.#look(selective);
    return this.#isGuarded ? canTake(this.#owner, event) : this.#isOpen;
  }

  #look(selective: Selective): void {
    const nodes = nodesOf(selective);
    if (nodes !== undefined && nodes === this.#nodes) return;
    this.#nodes = nodes;
    this.#isGuarded = nodes === undefined || isGuarded(nodes, this.#type);
    // without a guard only the type counts
    this.#isOpen = !this.#isGuarded && selective.can({ type: this.#type });
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
