import type { AnyMachineSnapshot, AnyStateNode, InspectedMicrostepEvent, StateValue } from 'xstate';
import { nodesOf } from '../../../actors/xstate/snapshots';
import { transitionsOf } from '../../../actors/xstate/transitionsOf';
import { stateText } from '../../inspect/trace/traceText';
import { edgeIdOf, stateIdOf, type AnyTransition } from '../../diagram/edgeId';

/** A place in the table of states × events: an innermost state, and an event that came there. */
export interface Cell {
  readonly state: string;
  /** The event as the chart writes it, if a transition took it; else the event's type. */
  readonly event: string;
  readonly isTaken: boolean;
}

/** All that one event has done to a machine, with the events that it raised. Ids are those of drawings. */
export interface Reaction {
  readonly transitions: readonly string[];
  /** The states that the machine was in on the way and at the end. */
  readonly states: readonly string[];
  readonly cells: readonly Cell[];
  /** The state at the end. */
  readonly value: StateValue;
}

const isIn = (node: AnyStateNode, outer: AnyStateNode): boolean =>
  node === outer || (node.parent !== undefined && isIn(node.parent, outer));

const pathTo = (node: AnyStateNode): AnyStateNode[] => [...(node.parent ? pathTo(node.parent) : []), node];

/** Makes {@link Reaction}s of inspected microsteps. */
export class Reactions {
  #nodes: readonly AnyStateNode[];
  readonly #transitions: string[] = [];
  readonly #states = new Set<string>();
  readonly #cells: Cell[] = [];

  /** @param snapshot - the machine's snapshot now; none before its start */
  constructor(snapshot?: AnyMachineSnapshot) {
    this.#nodes = (snapshot && nodesOf(snapshot)) ?? [];
  }

  add(microstep: InspectedMicrostepEvent): void {
    const { event } = microstep;
    const transitions: readonly AnyTransition[] = transitionsOf(microstep);
    const leaves = this.#nodes.filter(({ states }) => Object.keys(states).length === 0);
    for (const transition of transitions) {
      this.#transitions.push(edgeIdOf(transition));
      // when an `always` leaves the very first state at once, no snapshot has that state
      this.#pass(pathTo(transition.source as AnyStateNode));
    }
    const isEventless = transitions.some(({ eventType }) => eventType === '');
    for (const leaf of isEventless ? [] : leaves) {
      const taken = transitions.find(({ source }) => isIn(leaf, source as AnyStateNode));
      const cell = { state: stateIdOf(leaf), isTaken: taken !== undefined };
      this.#cells.push({ ...cell, event: taken === undefined ? event.type : (taken.eventType as string) });
    }
    this.#enter(microstep.snapshot as AnyMachineSnapshot);
  }

  /** Returns the complete reaction. Microsteps that are added from now on belong to the next one. */
  finish(snapshot: AnyMachineSnapshot): Reaction {
    this.#enter(snapshot);
    const reaction = { value: snapshot.value as StateValue, states: [...this.#states], cells: this.#cells.splice(0) };
    this.#states.clear();
    return { ...reaction, transitions: this.#transitions.splice(0) };
  }

  #enter(snapshot: AnyMachineSnapshot): void {
    this.#nodes = nodesOf(snapshot) ?? [];
    this.#pass(this.#nodes);
  }

  #pass(nodes: readonly AnyStateNode[]): void {
    for (const node of nodes) this.#states.add(stateIdOf(node));
  }
}

/**
 * A state as text: `listening.full`, `lamp.on, door.shut` for parallel ones. A machine without states has its own
 * name.
 */
export const valueName = (value: StateValue | undefined, machine: string): string => stateText(value) || machine;
