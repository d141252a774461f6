import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import type { Drive } from '../../../server/testing/paths/modelPath';

const nodesIn = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesIn)];

const knownIn = (nodes: readonly AnyStateNode[]): Set<string> =>
  new Set(nodes.flatMap(({ transitions }) => [...transitions.keys()]));

/**
 * The types of the events that a chart handles in any state, without XState's own. XState's events about actors and
 * delays come only where the chart has such actors and delays.
 */
export const typesIn = ({ root }: AnyStateMachine): string[] =>
  [...knownIn(nodesIn(root))].filter((type) => type !== '' && !type.startsWith('xstate.')).sort();

/** The innermost states in which a machine can be when an event comes. */
export const placesIn = ({ root }: AnyStateMachine): AnyStateNode[] =>
  nodesIn(root).filter(({ type, always = [] }) => {
    return type === 'atomic' && !always.some(({ guard }) => guard === undefined);
  });

/** The event types for which a machine has no transition in a state, whatever its guards say. */
export function unknownIn(place: AnyStateNode, types: readonly string[]): string[] {
  const around: AnyStateNode[] = [];
  for (let node: AnyStateNode | undefined = place; node !== undefined; node = node.parent) around.push(node);
  const known = knownIn(around);
  return types.filter((type) => !known.has(type));
}

/** The drive. Before each step, the machine also gets every event for which it has no transition where it is. */
export function withNoise(actor: AnyActorRef, machine: AnyStateMachine, drive: Drive): Drive {
  const types = typesIn(machine);
  const noise = (): void => {
    const { status, _nodes } = actor.getSnapshot() as AnyMachineSnapshot;
    if (status !== 'active') return;
    const places = _nodes.filter(({ states }) => Object.keys(states).length === 0);
    for (const place of places) for (const type of unknownIn(place, types)) actor.send({ type });
  };
  const others: Drive = {
    '*': (event) => {
      actor.send(event);
    },
  };
  const noisy = Object.entries({ ...others, ...drive }).map(([type, how]): [string, Drive[string]] => [
    type,
    (event) => {
      noise();
      return how === 'itself' ? undefined : how(event);
    },
  ]);
  return Object.fromEntries(noisy);
}
