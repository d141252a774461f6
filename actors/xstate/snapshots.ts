import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { has } from './internals';

/** The snapshot of a machine, or of an actor that isn't a machine and has no nodes. */
interface AnyActorSnapshot {
  readonly machine?: AnyStateMachine | undefined;
  readonly value?: unknown;
  readonly _nodes?: AnyMachineSnapshot['_nodes'];
}

type Nodes = AnyMachineSnapshot['_nodes'];

/**
 * The state nodes that a machine is in; undefined when the snapshot isn't a machine's. XState keeps the same array
 * while the state stays the same. Where XState has no `_nodes`, each call makes a new array from the snapshot's
 * value.
 */
export const nodesOf: (snapshot: AnyActorSnapshot) => Nodes | undefined = has._nodes
  ? ({ _nodes }) => _nodes
  : ({ machine, value }) => machine && below(machine.root, value as StateValue);

function below(node: AnyStateNode, value: StateValue): Nodes {
  const children: readonly [string, StateValue | undefined][] =
    typeof value === 'string' ? [[value, {}]] : Object.entries(value);
  return [
    node,
    ...children.flatMap(([key, inner]) => {
      const child = node.states[key];
      return child === undefined ? [] : below(child, inner ?? {});
    }),
  ];
}

/**
 * Whether a snapshot is that of an observable's actor. Nothing in XState's published types tells. Where XState has no
 * `_subscription`, an observable's snapshot is the only one that has both `context` and `input` and isn't a machine's.
 */
export const isOfObservable: (snapshot: object) => boolean = has._subscription
  ? (snapshot) => '_subscription' in snapshot
  : (snapshot) => 'context' in snapshot && 'input' in snapshot && !('machine' in snapshot);
