import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { edgeIdOf, stateIdOf, type AnyTransition } from './edgeId';
import { actionLabel, eventLabel, guardLabel, invokeLabel } from './labels';

type StateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'deepHistory';

/** A transition, in words. */
export interface ChartTransition {
  /** The id that `edgeIdOf` gives. */
  readonly id: string;
  /** The ids of the target states; none when the transition stays where it is. */
  readonly targets: readonly string[];
  /** The event as a reader writes it: `inbox`, `after writeTimeout`, `done protocol`; empty for an `always`. */
  readonly event: string;
  readonly guard: string | undefined;
  readonly actions: readonly string[];
  /** Whether the transition leaves its state and enters it again, although its target is that state or inside of it. */
  readonly reenter: boolean;
}

/** A state, with what is inside of it. */
export interface ChartState {
  /** The id that `stateIdOf` gives: the path, `open.flowing`. The root's is empty. */
  readonly id: string;
  readonly name: string;
  readonly kind: StateKind;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** The actors that run while the state is active. */
  readonly invokes: readonly string[];
  /**
   * The ids of the states inside that are entered first. For a history state: its targets while there is no history.
   */
  readonly initial: readonly string[];
  /** The states inside, in the order of the machine. */
  readonly states: readonly ChartState[];
  /** The transitions of this state, in the order of the machine, `always` last. */
  readonly transitions: readonly ChartTransition[];
}

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

function kindOf({ type, history }: AnyStateNode): StateKind {
  return type === 'history' && history === 'deep' ? 'deepHistory' : type;
}

/** The nodes that a history state leads to by default. XState looks for their names in the history state's parent. */
function historyDefault({ config, parent, machine }: AnyStateNode): AnyStateNode[] {
  const { target } = config as unknown as { readonly target?: string | readonly string[] };
  return list(target).flatMap((name) => {
    if (name.startsWith('#')) return [machine.getStateNodeById(name)];
    let node = parent;
    for (const key of name.replace(/^\./, '').split('.')) node = node?.states[key];
    return node === undefined ? [] : [node];
  });
}

function transitionOf(transition: AnyTransition): ChartTransition {
  const { target, guard, actions, reenter }: AnyTransition = transition;
  const eventType = transition.eventType as string;
  return {
    id: edgeIdOf(transition),
    targets: (target ?? []).map((node) => stateIdOf(node as AnyStateNode)),
    event: eventLabel(eventType, transition.source as AnyStateNode),
    guard: guard === undefined ? undefined : guardLabel(guard),
    actions: actions.map(actionLabel),
    reenter,
  };
}

function stateOf(node: AnyStateNode): ChartState {
  // from the config: to node.entry and node.exit XState adds the actions that start and cancel the timers of `after`
  const { entry, exit } = node.config as { readonly entry?: unknown; readonly exit?: unknown };
  const initial =
    node.type === 'history'
      ? historyDefault(node)
      : node.type === 'compound'
        ? (node.initial.target as AnyStateNode[])
        : [];
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])] as AnyTransition[];
  return {
    id: stateIdOf(node),
    name: node.key,
    kind: kindOf(node),
    description: node.description,
    tags: node.tags,
    entry: list(entry).map(actionLabel),
    exit: list(exit).map(actionLabel),
    invokes: node.invoke.map(({ id, src }) => invokeLabel(id, src, node)),
    initial: initial.map(stateIdOf),
    states: Object.values(node.states as Record<string, AnyStateNode>).map(stateOf),
    transitions: transitions.map(transitionOf),
  };
}

/** A machine as plain data, ready to be drawn: its root state, named after the machine. */
export const chartGraph = ({ id, root }: AnyStateMachine): ChartState => ({
  ...stateOf(root as AnyStateNode),
  name: id,
});
