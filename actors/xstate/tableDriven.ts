import {
  StateMachine,
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import { has, type Internal, type MachineScope } from './internals';
import { Macrostep } from './macrostep';
import { isTabular, StepTable } from './stepTable';

/** What a {@link Macrostep} does XState's work with. */
const needed: readonly Internal[] = [
  '_sendInspectionEvent',
  '_nodes',
  'the keys of a snapshot',
  'actionExecutor',
  'exec',
  'resolve',
  'execute',
  'retryResolve',
  'assignment',
  'internalQueue',
  'deferredActorIds',
  'check',
];
const isKnownXState = needed.every((name) => has[name]);

const made = new WeakMap<AnyActorLogic, AnyActorLogic>();

/**
 * The same machine, with its transitions from a {@link StepTable}. It inherits from the machine, so that whoever looks at it
 * finds a machine. Logic that no table can be made of comes back as it is: other kinds of logic, parallel machines, and
 * every machine where XState isn't as {@link Macrostep} knows it. Such a machine takes XState's own transitions.
 *
 * `echo`, from an event to what it emits: 2.8 µs by XState, 0.5 µs by the table; to make and stop it: 9 µs and 5 µs.
 */
export function tableDriven<TLogic extends AnyActorLogic>(logic: TLogic): TLogic {
  const known = made.get(logic);
  if (known !== undefined) return known as TLogic;
  if (!(logic instanceof StateMachine)) return logic;
  const driven: AnyActorLogic = isKnownXState && isTabular(logic) ? drive(logic) : logic;
  made.set(logic, driven).set(driven, driven);
  return driven as TLogic;
}

function drive(machine: AnyStateMachine): AnyStateMachine {
  const table = new StepTable(machine);
  const transition = (snapshot: AnyMachineSnapshot, event: EventObject, scope: MachineScope): AnyMachineSnapshot => {
    // what no chart has a say in
    if (snapshot.status !== 'active' || event.type === 'xstate.stop' || event.type === 'xstate.init') {
      return machine.transition(snapshot, event, scope as never);
    }
    const step = new Macrostep(table, scope, snapshot, event);
    const selected = step.select();
    if (selected === undefined && event.type.startsWith('xstate.error.actor')) {
      // it ends the actor
      return step.fail((event as { error?: unknown }).error);
    }
    return step.finish(selected);
  };
  const getInitialSnapshot = (scope: MachineScope, input: unknown): AnyMachineSnapshot => {
    const event = { type: 'xstate.init', input };
    const step = new Macrostep(table, scope, table.blank(), event);
    try {
      return step.begin();
    } catch (error) {
      return { ...step.first, status: 'error', error } as AnyMachineSnapshot;
    }
  };
  return Object.create(machine, {
    transition: { value: transition },
    getInitialSnapshot: { value: getInitialSnapshot },
    provide: { value: (implementations: never) => tableDriven(machine.provide(implementations)) },
  }) as AnyStateMachine;
}
