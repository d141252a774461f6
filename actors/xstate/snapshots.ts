import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { has } from './internals';

/** A machine's snapshot, or another one, which has no nodes. */
interface MaybeMachine {
  readonly machine?: AnyStateMachine | undefined;
  readonly value?: unknown;
  readonly _nodes?: AnyMachineSnapshot['_nodes'];
}

type Nodes = AnyMachineSnapshot['_nodes'];

/**
 * The state nodes that a machine is in; undefined when the snapshot isn't a machine's. XState keeps the array while the
 * state stays the same. Where XState has no `_nodes`, the array is worked out from the snapshot's value, anew each time.
 */
export const nodesOf: (snapshot: MaybeMachine) => Nodes | undefined = has._nodes
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
 * Whether a snapshot is that of an observable's actor. Nothing that is published tells: where XState has no
 * `_subscription`, an observable's snapshot is known as the only one that has both a value and an input.
 */
export const isOfObservable: (snapshot: object) => boolean = has._subscription
  ? (snapshot) => '_subscription' in snapshot
  : (snapshot) => 'context' in snapshot && 'input' in snapshot && !('machine' in snapshot);
