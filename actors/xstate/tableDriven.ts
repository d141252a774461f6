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

/** The unpublished names that a {@link Macrostep} needs. */
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
 * The same machine, with its transitions from a {@link StepTable}. The result inherits from the machine, so it still
 * looks like a machine. Logic of which no table can be made is returned unchanged, and takes XState's own
 * transitions: logic that isn't a machine, a machine that isn't {@link isTabular}, and every machine where XState
 * lacks a name that {@link Macrostep} needs.
 *
 * For `echo`, an event takes 2.8 µs in XState and 0.5 µs with the table. To make and stop the actor takes 9 µs in XState
 * and 5 µs with the table.
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
    // the chart has no say in these
    if (snapshot.status !== 'active' || event.type === 'xstate.stop' || event.type === 'xstate.init') {
      return machine.transition(snapshot, event, scope as never);
    }
    const step = new Macrostep(table, scope, snapshot, event);
    const selected = step.select();
    if (selected === undefined && event.type.startsWith('xstate.error.actor')) {
      // a child's error that no transition takes ends the actor
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
