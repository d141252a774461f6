import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { isFamiliar, type Scope } from './builtIns';
import { Macrostep } from './macrostep';
import { isTabular, specimen, StepTable } from './stepTable';

const isKnownXState = isFamiliar(specimen);
const made = new WeakMap<AnyStateMachine, AnyStateMachine>();

/**
 * The same machine, with its transitions from a {@link StepTable}. It inherits from the machine, so that it stays one for
 * whoever looks at it; a machine that no table can be made of comes back as it is.
 *
 * `echo`, from an event to what it emits: 2.8 µs by XState, 0.5 µs by the table; to make and stop it: 9 µs and 5 µs.
 */
export function tableDriven<TMachine extends AnyStateMachine>(machine: TMachine): TMachine {
  const known = made.get(machine);
  if (known !== undefined) return known as TMachine;
  const driven = isKnownXState && isTabular(machine) ? drive(machine) : machine;
  made.set(machine, driven).set(driven, driven);
  return driven as TMachine;
}

function drive(machine: AnyStateMachine): AnyStateMachine {
  const table = new StepTable(machine);
  const transition = (snapshot: AnyMachineSnapshot, event: EventObject, scope: Scope): AnyMachineSnapshot => {
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
  const getInitialSnapshot = (scope: Scope, input: unknown): AnyMachineSnapshot => {
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
