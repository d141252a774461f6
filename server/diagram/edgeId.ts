import type { AnyStateNode, TransitionDefinition } from 'xstate';

/** A transition of any machine. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyTransition = TransitionDefinition<any, any>;

const knownIds = new WeakMap<AnyTransition, string>();

/** A state's id in drawings: its path, `open.flowing`. The root's is empty. */
export const stateIdOf = (node: AnyStateNode): string => node.path.join('.');

/**
 * A transition's id in drawings: `open.flowing|inbox|0`. It is made of the state's id, the event's type as the chart
 * has it (empty for an `always`), and the transition's index among those for that event. The copies of a machine that
 * `provide` makes have the same ids.
 */
export function edgeIdOf(transition: AnyTransition): string {
  let id = knownIds.get(transition);
  if (id === undefined) {
    const source = transition.source as AnyStateNode;
    const eventType = transition.eventType as string;
    const siblings = eventType === '' ? (source.always ?? []) : (source.transitions.get(eventType) ?? []);
    id = [stateIdOf(source), eventType, String(siblings.indexOf(transition as never))].join('|');
    knownIds.set(transition, id);
  }
  return id;
}
