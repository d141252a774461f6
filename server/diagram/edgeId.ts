import type { AnyStateNode, TransitionDefinition } from 'xstate';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyTransition = TransitionDefinition<any, any>;

const known = new WeakMap<AnyTransition, string>();

/** A state's name in drawings: its path, `open.flowing`. The root's is empty. */
export const stateIdOf = (node: AnyStateNode): string => node.path.join('.');

/**
 * A transition's name in drawings: `open.flowing|inbox|0`, made of the state that it leaves, the event as the chart says
 * it (none for an `always`), and its place among the transitions for that event. Every copy of a machine that `provide`
 * makes has the same.
 */
export function edgeIdOf(transition: AnyTransition): string {
  let id = known.get(transition);
  if (id === undefined) {
    const source = transition.source as AnyStateNode;
    const eventType = transition.eventType as string;
    const siblings = eventType === '' ? (source.always ?? []) : (source.transitions.get(eventType) ?? []);
    id = [stateIdOf(source), eventType, String(siblings.indexOf(transition as never))].join('|');
    known.set(transition, id);
  }
  return id;
}
