import type { AnyMachineSnapshot, AnyStateMachine, EventObject, InspectionEvent } from 'xstate';
import { Portrait } from './inspect/portrait';

type StateNode = AnyStateMachine['root'];

interface Stoppable {
  readonly _stop: () => void;
}

const withBelow = (node: StateNode): StateNode[] => [node, ...Object.values(node.states).flatMap(withBelow)];

/** Returns the function's result, or the error that it throws. */
export function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

/** Records everything that can be seen of an actor while it runs. */
export class Trace {
  /** The names of the actions, in the order in which they ran. */
  readonly did: string[] = [];
  /** Everything that was seen, the actions included. */
  readonly seen: unknown[] = [];
  /** All actors that were made, including those that a crash leaves behind. */
  readonly actors: Stoppable[] = [];
  readonly #portrait = new Portrait();
  #described: unknown;

  readonly say = (name: string, detail?: unknown): void => {
    this.did.push(name);
    this.see('action', name, detail);
  };

  /** An action that traces its name and its arguments. */
  readonly noting =
    (name: string) =>
    ({ context, event }: { context: unknown; event: EventObject }, params?: unknown): void => {
      this.say(name, { context, event, params });
    };

  see(...what: unknown[]): void {
    this.seen.push(this.#portrait.of(what));
  }

  /** Records everything that a snapshot shows. */
  describe(snapshot: AnyMachineSnapshot, events: readonly EventObject[]): void {
    const isNew = snapshot !== this.#described;
    this.#described = snapshot;
    this.see('snapshot', isNew && snapshot);
    // the snapshot of an actor whose start failed may lack its methods
    if (!isNew || typeof (snapshot as Partial<AnyMachineSnapshot>).can !== 'function') return;
    const nodes = withBelow(snapshot.machine.root);
    const matching = nodes.filter(({ path }) => path.length > 0 && snapshot.matches(path.join('.') as never));
    const tags = nodes.flatMap((node) => node.tags).filter((tag) => snapshot.hasTag(tag));
    this.see('is in', ...snapshot._nodes.map(({ id }) => id));
    this.see('matches', ...matching.map(({ id }) => id));
    this.see('has tags', ...tags);
    this.see('meta', snapshot.getMeta());
    this.see('JSON', snapshot.toJSON());
    for (const event of events) {
      const can = attempt(() => snapshot.can(event));
      this.see('can', event, can);
    }
  }

  readonly inspect = (inspected: InspectionEvent): void => {
    const { type, actorRef } = inspected;
    if (type === '@xstate.actor') this.actors.push(actorRef as unknown as Stoppable);
    const seen: unknown[] = [type, actorRef];
    if ('sourceRef' in inspected) seen.push(inspected.sourceRef);
    if ('event' in inspected) seen.push(inspected.event);
    if ('snapshot' in inspected) seen.push(inspected.snapshot);
    if ('action' in inspected) seen.push(inspected.action);
    if ('_transitions' in inspected) {
      for (const { eventType, source, target, reenter } of inspected._transitions) {
        seen.push([eventType, source.id, target?.map(({ id }) => id), reenter]);
      }
    }
    this.see(...seen);
  };
}
