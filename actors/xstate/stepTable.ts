import {
  assign,
  createMachine,
  spawnChild,
  stopChild,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';

/** XState's state node. */
export type StateNode = AnyStateMachine['root'];
/** XState's transition. */
export type Transition = NonNullable<StateNode['always']>[number];
/** XState's action. */
export type Action = StateNode['entry'][number];

/** A state node that is entered, and what has to be done then. */
interface NodeEntry {
  readonly node: StateNode;
  readonly actions: readonly Action[];
  /** The ids of the actors that the node invokes. They exist only once all {@link actions} are worked out. */
  readonly invokeIds: readonly string[];
}

/** What a transition does to a configuration. */
export interface Step {
  readonly exitActions: readonly Action[];
  readonly entries: readonly NodeEntry[];
  readonly next: Configuration;
}

/** A state that a machine as a whole can be in: a leaf of its tree, and all nodes above the leaf. */
export interface Configuration {
  /** From the root to the leaf. */
  readonly nodes: StateNode[];
  readonly value: unknown;
  readonly tags: Set<string>;
  /** The eventless transitions, the leaf's first. */
  readonly always: readonly Transition[];
  readonly candidates: Map<string, readonly Transition[]>;
  readonly steps: Map<Transition, Step>;
}

const isLeaf = ({ type }: StateNode): boolean => type === 'atomic' || type === 'final';

function pathTo(leaf: StateNode): StateNode[] {
  const path = [leaf];
  for (let node = leaf.parent; node !== undefined; node = node.parent) path.unshift(node);
  return path;
}

/** The initial descendants of a node, without the node itself. */
function initialBelow(node: StateNode): StateNode[] {
  if (isLeaf(node)) return [];
  const [child] = node.initial.target as StateNode[];
  return child === undefined ? [] : [child, ...initialBelow(child)];
}

const isBelow = (node: StateNode, ancestor: StateNode | undefined): boolean =>
  ancestor === undefined || (node !== ancestor && pathTo(node).includes(ancestor));

function valueOf([, child, ...deeper]: readonly StateNode[]): unknown {
  if (child === undefined) return {};
  return isLeaf(child) ? child.key : { [child.key]: valueOf([child, ...deeper]) };
}

/** A snapshot with the parts that all snapshots have in common. */
const specimen: AnyMachineSnapshot = createMachine({}).resolveState({ value: {}, context: {} });

/** For how many event types a configuration remembers the candidates. */
const maxTypes = 200;

/**
 * A machine's transitions. Each is worked out once for each configuration in which it is taken: which states the
 * machine leaves and enters, with which actions, and the machine's value after that. XState works all that out anew
 * for each event, which is most of what an event costs in XState.
 */
export class StepTable {
  readonly machine: AnyStateMachine;
  readonly #configurations = new Map<StateNode, Configuration>();
  readonly #byNodes = new WeakMap<readonly StateNode[], Configuration>();
  /** The step that a new actor takes. */
  readonly initial: Step;
  /** Gives a new actor its context, if the context is computed. */
  readonly initialContext: Action;
  /** A snapshot before any state is entered. */
  readonly #blank: Omit<AnyMachineSnapshot, 'children'>;

  /** @param machine - a machine that {@link isTabular} */
  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    const { root, config } = machine;
    const path = [root, ...initialBelow(root)];
    const next = this.#at(path.at(-1) ?? root);
    this.initial = { exitActions: [], entries: path.map((node) => entryOf(node, true)), next };
    const { context } = config as { context?: object | ((args: object) => object) };
    const compute = typeof context === 'function' ? context : undefined;
    this.initialContext = assign(({ spawn, event, self }) => {
      const { input } = event as { input?: unknown };
      return (compute?.({ spawn, input, self }) ?? {}) as never;
    }) as unknown as Action;
    this.#blank = {
      ...specimen,
      machine: machine as never,
      context: compute === undefined ? (context ?? {}) : {},
      _nodes: [root],
      value: next.value as never,
      tags: new Set(root.tags as string[]),
    };
  }

  /** A snapshot before any state is entered. */
  blank(): AnyMachineSnapshot {
    return { ...this.#blank, children: {} } as AnyMachineSnapshot;
  }

  configurationOf(snapshot: AnyMachineSnapshot): Configuration {
    const nodes = snapshot._nodes;
    const known = this.#byNodes.get(nodes);
    if (known !== undefined) return known;
    // a restored snapshot has another array
    const configuration = this.#at(nodes.find(isLeaf) ?? this.machine.root);
    this.#byNodes.set(nodes, configuration);
    return configuration;
  }

  /** The transitions that an event of this type may cause, in order: the first one whose guard passes is taken. */
  candidatesOf({ candidates, nodes }: Configuration, type: string): readonly Transition[] {
    let found = candidates.get(type);
    if (found === undefined) {
      found = nodes.toReversed().flatMap((node) => candidatesAt(node, type));
      // event types may contain actors' ids, so there may be any number of types
      if (candidates.size >= maxTypes) candidates.clear();
      candidates.set(type, found);
    }
    return found;
  }

  stepOf(configuration: Configuration, transition: Transition): Step {
    let step = configuration.steps.get(transition);
    if (step === undefined) configuration.steps.set(transition, (step = this.#workOut(configuration, transition)));
    return step;
  }

  /** The SCXML algorithm (https://www.w3.org/TR/scxml/#AlgorithmforSCXMLInterpretation) for a single target. */
  #workOut(configuration: Configuration, { source, target: targets, reenter }: Transition): Step {
    const [target] = targets ?? [];
    if (target === undefined) return { exitActions: [], entries: [], next: configuration };
    const domain = domainOf(source, target, reenter);
    const exited = configuration.nodes.filter((node) => isBelow(node, domain));
    const path = [...pathTo(target), ...initialBelow(target)];
    const isEntered = (node: StateNode): boolean =>
      node === target ? source !== target || source !== domain || reenter : isBelow(node, domain);
    return {
      exitActions: exited.toReversed().flatMap((node) => [...node.exit, ...node.invoke.map(({ id }) => stopChild(id))]),
      entries: path.filter(isEntered).map((node) => entryOf(node, node === target || isBelow(node, target))),
      next: this.#at(path.at(-1) ?? target),
    };
  }

  #at(leaf: StateNode): Configuration {
    const known = this.#configurations.get(leaf);
    if (known !== undefined) return known;
    const nodes = pathTo(leaf);
    const configuration: Configuration = {
      nodes,
      value: valueOf(nodes),
      tags: new Set(nodes.flatMap(({ tags }) => tags as string[])),
      always: nodes.toReversed().flatMap(({ always = [] }) => always),
      candidates: new Map(),
      steps: new Map(),
    };
    this.#configurations.set(leaf, configuration);
    this.#byNodes.set(nodes, configuration);
    return configuration;
  }
}

/**
 * Whether a {@link StepTable} can be made of a machine: the machine is always in exactly one leaf, and has no history
 * states and no `maxIterations`.
 */
export function isTabular({ root, options }: AnyStateMachine): boolean {
  const isSimple = (node: StateNode): boolean =>
    node.type !== 'parallel' &&
    node.type !== 'history' &&
    [...node.transitions.values(), node.always ?? []].flat().every(({ target }) => (target?.length ?? 0) <= 1) &&
    (node.type !== 'final' || Object.keys(node.states).length === 0) &&
    Object.values(node.states).every(isSimple);
  return (
    isSimple(root) &&
    root.type !== 'final' &&
    (options as { maxIterations?: number } | undefined)?.maxIterations === Infinity
  );
}

/** The node that a transition stays within; undefined when the transition leaves even the root. */
function domainOf(source: StateNode, target: StateNode, reenter: boolean): StateNode | undefined {
  if (!reenter && (target === source || isBelow(target, source))) return source;
  const common = pathTo(target)
    .toReversed()
    .slice(1)
    .find((ancestor) => isBelow(source, ancestor));
  return common ?? (reenter ? undefined : source.machine.root);
}

function entryOf(node: StateNode, isDefault: boolean): NodeEntry {
  const invoked = node.invoke.map((definition) =>
    spawnChild(definition.src as never, { ...definition, syncSnapshot: definition.onSnapshot !== undefined } as never),
  );
  return {
    node,
    actions: [...node.entry, ...invoked, ...(isDefault && !isLeaf(node) ? node.initial.actions : [])],
    invokeIds: node.invoke.map(({ id }) => id),
  };
}

/** As in XState, the exact descriptor comes first, then the wildcards, the longest first. */
function candidatesAt({ transitions }: StateNode, type: EventObject['type']): Transition[] {
  const wildcards = [...transitions.keys()]
    .filter((descriptor) => descriptor !== type && matches(descriptor, type))
    .sort((a, b) => b.length - a.length);
  return [type, ...wildcards].flatMap((descriptor) => transitions.get(descriptor) ?? []);
}

/** XState's own rule for event descriptors: `box`, `box.*` or `*`. */
export function matches(descriptor: string, type: string): boolean {
  if (descriptor === type || descriptor === '*') return true;
  if (!descriptor.endsWith('.*')) return false;
  const prefix = descriptor.slice(0, -2);
  return type === prefix || type.startsWith(`${prefix}.`);
}
