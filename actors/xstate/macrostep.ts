import { stopChild, type AnyActor, type AnyMachineSnapshot, type EventObject } from 'xstate';
import { resolveBuiltIn, withChanges } from './builtIns';
import type { BuiltInAction, Guard, MachineScope, MacrostepParts } from './internals';
import type { Action, Configuration, StateNode, Step, StepTable, Transition } from './stepTable';

/** How a chart refers to an action or a guard: by its name, by its name and params, or by the thing itself. */
type Reference<T> = string | { readonly type: string; readonly params?: unknown } | T;

/**
 * What one event does to one actor: XState's macrostep, with the steps from a {@link StepTable}. The actions are
 * XState's own, and everything happens in XState's order: `spec/xstate/tableDriven.spec.ts` proves that.
 */
export class Macrostep {
  readonly #table: StepTable;
  readonly #scope: MachineScope;
  #event: EventObject;
  #snapshot: AnyMachineSnapshot;
  #first: AnyMachineSnapshot;
  #configuration: Configuration;
  /** The raised events that wait. */
  readonly #queue: EventObject[] = [];

  constructor(table: StepTable, scope: MachineScope, snapshot: AnyMachineSnapshot, event: EventObject) {
    this.#table = table;
    this.#scope = scope;
    this.#snapshot = snapshot;
    this.#first = snapshot;
    this.#event = event;
    this.#configuration = table.configurationOf(snapshot);
  }

  /** The snapshot before the first step. An actor that fails at its start keeps this snapshot. */
  get first(): AnyMachineSnapshot {
    return this.#first;
  }

  /** Takes the first steps of an actor. */
  begin(): AnyMachineSnapshot {
    const { context } = this.#table.machine.config as { context?: unknown };
    if (typeof context === 'function') this.#run([this.#table.initialContext]);
    this.#first = this.#snapshot;
    this.#take(this.#table.initial, []);
    return this.#settle();
  }

  /** The transition that the event causes, if any. */
  select(): Transition | undefined {
    const candidates = this.#table.candidatesOf(this.#configuration, this.#event.type);
    return candidates.find((candidate) => {
      const { guard, source } = candidate;
      try {
        return guard === undefined || this.#passes(guard as Reference<Guard>);
      } catch (error) {
        const name =
          typeof guard === 'object' ? (guard as { type: string }).type : typeof guard === 'string' ? guard : '';
        const which = `${name && `'${name}' `}in transition for event '${this.#event.type}' in state node '${source.id}'`;
        throw new Error(`Unable to evaluate guard ${which}:\n${(error as Error).message}`, { cause: error });
      }
    });
  }

  /** Ends the actor with the error of another one. */
  fail(error: unknown): AnyMachineSnapshot {
    this.#run(childrenOf(this.#snapshot).map((child) => stopChild(child)));
    this.#snapshot = { ...this.#snapshot, status: 'error', error } as AnyMachineSnapshot;
    this.#microstep(undefined);
    return this.#snapshot;
  }

  /** Takes the event's transition, then all further steps. */
  finish(transition: Transition | undefined): AnyMachineSnapshot {
    this.#microstep(transition);
    return this.#settle();
  }

  /** Takes eventless transitions, then those of raised events, until there are no more of either. */
  #settle(): AnyMachineSnapshot {
    let before: AnyMachineSnapshot | undefined;
    while (this.#snapshot.status === 'active') {
      // an eventless transition that changed nothing must not be taken again at once: it would be taken for ever
      let transition = this.#snapshot === before ? undefined : this.#selectEventless();
      before = transition && this.#snapshot;
      if (transition === undefined) {
        const raised = this.#queue.shift();
        if (raised === undefined) break;
        this.#event = raised;
        transition = this.select();
      }
      this.#microstep(transition);
    }
    if (this.#snapshot.status !== 'active') {
      const last = this.#snapshot;
      this.#run(childrenOf(last).map((child) => stopChild(child)));
      // XState leaves the children in the snapshot of an actor that has ended
      this.#snapshot = last;
    }
    return this.#snapshot;
  }

  #selectEventless(): Transition | undefined {
    return this.#configuration.always.find(
      ({ guard }) => guard === undefined || this.#passes(guard as Reference<Guard>),
    );
  }

  #microstep(transition: Transition | undefined): void {
    if (transition !== undefined) {
      this.#take(this.#table.stepOf(this.#configuration, transition), transition.actions as readonly Action[]);
    }
    this.#scope.system._sendInspectionEvent({
      type: '@xstate.microstep',
      actorRef: this.#scope.self,
      event: this.#event,
      snapshot: this.#snapshot,
      _transitions: transition === undefined ? [] : [transition],
    });
  }

  #take({ exitActions, entries, next }: Step, actions: readonly Action[]): void {
    this.#run(exitActions);
    this.#run(actions);
    for (const { node, actions: entryActions, invokeIds } of entries) {
      this.#run(entryActions, invokeIds);
      if (node.type === 'final') this.#reachFinal(node);
    }
    const isDone = this.#snapshot.status === 'done';
    const nodes = isDone ? next.nodes.toReversed() : next.nodes;
    if (isDone) this.#run(nodes.flatMap(({ exit }) => exit));
    if (this.#configuration === next) return;
    const tags = isDone ? new Set(nodes.flatMap((node) => node.tags)) : next.tags;
    const { context, children } = this.#snapshot as unknown as { context: unknown; children: never };
    this.#snapshot = withChanges(this.#snapshot, context, children, { nodes, value: next.value, tags });
    this.#configuration = next;
  }

  #reachFinal(node: StateNode): void {
    const { parent } = node;
    if (parent === undefined) return;
    const { root } = this.#table.machine;
    const output = (from: StateNode, event: EventObject): unknown => {
      const mapper: unknown = from.output;
      if (typeof mapper !== 'function') return mapper;
      return (mapper as (args: object) => unknown)({
        context: this.#snapshot.context as unknown,
        event,
        self: this.#scope.self,
      });
    };
    this.#queue.push({ type: `xstate.done.state.${parent.id}`, output: output(node, this.#event) } as EventObject);
    if (parent !== root) return;
    this.#snapshot = {
      ...this.#snapshot,
      status: 'done',
      output:
        root.output === undefined
          ? undefined
          : output(root, { type: `xstate.done.state.${node.id}`, output: output(node, this.#event) } as EventObject),
    } as AnyMachineSnapshot;
  }

  #run(actions: readonly Action[], deferredActorIds?: readonly string[]): void {
    if (actions.length === 0) return;
    const retries: [BuiltInAction, unknown][] | undefined = deferredActorIds && [];
    this.#resolve(actions, { internalQueue: this.#queue, deferredActorIds }, retries);
    if (retries === undefined) return;
    for (const [action, params] of retries) action.retryResolve?.(this.#scope, this.#snapshot, params);
  }

  #resolve(actions: readonly Action[], parts: MacrostepParts, retries: [BuiltInAction, unknown][] | undefined): void {
    const scope = this.#scope;
    for (const action of actions as readonly Reference<BuiltInAction | (() => void)>[]) {
      const context = this.#snapshot.context as unknown;
      const info = { context, event: this.#event, self: scope.self, system: scope.system };
      const params = paramsOf(action, context, this.#event);
      const implementation = typeof action === 'function' ? action : this.#implementationOf(action);
      if (implementation === undefined || !('resolve' in implementation)) {
        scope.actionExecutor({ type: nameOf(action), info, params, exec: implementation });
        continue;
      }
      const [snapshot, resolved, more] = resolveBuiltIn(scope, this.#snapshot, info, params, implementation, parts);
      this.#snapshot = snapshot;
      if (implementation.retryResolve !== undefined) retries?.push([implementation, resolved]);
      if (implementation.execute !== undefined) {
        const exec = implementation.execute.bind(null, scope, resolved);
        scope.actionExecutor({ type: implementation.type, info, params: resolved, exec });
      }
      if (more !== undefined) this.#resolve(more as readonly Action[], parts, retries);
    }
  }

  #implementationOf(action: string | { readonly type: string }): BuiltInAction | (() => void) | undefined {
    const { actions } = this.#table.machine.implementations as { actions: Record<string, BuiltInAction | undefined> };
    return actions[typeof action === 'string' ? action : action.type];
  }

  #passes(guard: Reference<Guard>): boolean {
    const context = this.#snapshot.context as unknown;
    const { guards } = this.#table.machine.implementations as { guards: Record<string, Reference<Guard> | undefined> };
    const name = nameOf(guard);
    const implementation = typeof guard === 'function' ? guard : guards[name];
    if (implementation === undefined) throw new Error(`Guard '${name}' is not implemented.'.`);
    // the name of this guard stands for another guard
    if (typeof implementation !== 'function') return this.#passes(implementation);
    const args = { context, event: this.#event };
    const params = paramsOf(guard, context, this.#event);
    if (implementation.check !== undefined) return implementation.check(this.#snapshot, args, implementation);
    return implementation(args, params);
  }
}

const childrenOf = ({ children }: AnyMachineSnapshot): AnyActor[] =>
  Object.values(children as Record<string, AnyActor>);

function paramsOf(reference: unknown, context: unknown, event: EventObject): unknown {
  if (typeof reference !== 'object') return undefined;
  const { params } = reference as { params?: unknown };
  return typeof params === 'function' ? (params as (args: object) => unknown)({ context, event }) : params;
}

function nameOf(action: Reference<unknown>): string {
  if (typeof action === 'string') return action;
  return (typeof action === 'function' ? action.name : (action as { type: string }).type) || '(anonymous)';
}
