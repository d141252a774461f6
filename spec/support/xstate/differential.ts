import {
  createActor,
  createMachine,
  initialTransition,
  SimulatedClock,
  transition,
  type AnyActor,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type MachineConfig,
} from 'xstate';
import { isDeepStrictEqual } from 'node:util';
import { tableDriven } from '../../../actors/xstate/tableDriven';
import { attempt, Trace } from '../trace';

/** The context of the machines. Most of them count in `n`. */
export interface Context {
  [key: string]: unknown;
  n: number;
}

export type Config = Partial<MachineConfig<Context, AnyEventObject>>;

/** A machine that may handle any event. */
export const chart = (config: Config, implementations: object = {}): AnyStateMachine =>
  createMachine(config as never, implementations as never) as unknown as AnyStateMachine;

/** An event, an event's type, milliseconds to pass, or a function that does something to the actor. */
export type Step = string | AnyEventObject | number | ((actor: AnyActor) => void | Promise<void>);

/** Makes a new machine for each run. The machine reports its actions to the trace. */
type Chart = (trace: Trace) => AnyStateMachine;

/** How a machine is run: by XState as it is, or from its tables. */
type Variant = (machine: AnyStateMachine) => AnyStateMachine;

const asItIs: Variant = (machine) => machine;

interface Options {
  readonly input?: unknown;
  /** Returns implementations, which are provided to the variant of the machine that runs. */
  readonly provide?: (trace: Trace) => object;
  /** For each number: one more run, which persists and restores the actor after that many steps. */
  readonly restoreAt?: readonly number[];
  /** Whether the results of XState's pure functions are compared, too. */
  readonly isPure?: boolean;
}

interface Run extends Options {
  readonly make: Chart;
  readonly variant: Variant;
  readonly script: readonly Step[];
  readonly snapshot?: unknown;
}

function logicOf({ make, variant, provide }: Run, trace: Trace): AnyStateMachine {
  const logic = variant(make(trace));
  return provide === undefined ? logic : (logic.provide(provide(trace) as never) as unknown as AnyStateMachine);
}

const eventOf = (step: Step): AnyEventObject | undefined => {
  if (typeof step === 'string') return { type: step };
  return typeof step === 'object' ? step : undefined;
};

/** The events of a script, each once. */
function eventsIn(script: readonly Step[]): AnyEventObject[] {
  return [...new Set(script)].map(eventOf).filter((event) => event !== undefined);
}

const persist = (actor: AnyActor): unknown =>
  attempt(() =>
    (actor.getPersistedSnapshot as (options: object) => unknown).call(actor, { __unsafeAllowInlineActors: true }),
  );

function subscribe(actor: AnyActor, trace: Trace): void {
  let last: unknown;
  actor.on('*', (event) => {
    trace.say('emitted', event);
  });
  actor.subscribe({
    next: (next: unknown) => {
      trace.see('next', next, next === last);
      last = next;
    },
    error: (error: unknown) => {
      trace.see('failed', error);
    },
    complete: () => {
      trace.see('complete');
    },
  });
}

/** Runs an actor through the script. Also returns its persisted snapshot. */
async function run(it: Run): Promise<{ trace: Trace; persisted: unknown }> {
  const { script, input, snapshot } = it;
  const trace = new Trace();
  const { inspect, say } = trace;
  const clock = new SimulatedClock();
  const logger = (...told: unknown[]): void => {
    say('log', told);
  };
  const options = { id: 'it', clock, logger, inspect, input, snapshot: snapshot as never };
  const actor: AnyActor = createActor(logicOf(it, trace), options);
  const events = eventsIn(script);
  const look = (): void => {
    trace.describe(actor.getSnapshot() as AnyMachineSnapshot, events);
    trace.see('persisted', persist(actor));
  };
  subscribe(actor, trace);
  look();
  actor.start();
  look();
  for (const step of script) {
    trace.see('step', typeof step === 'function' ? 'function' : step);
    const event = eventOf(step);
    if (event !== undefined) actor.send(event);
    else if (typeof step === 'number') clock.increment(step);
    else if (typeof step === 'function') await step(actor);
    look();
  }
  const persisted = persist(actor);
  actor.stop();
  look();
  for (const other of trace.actors) other._stop();
  return { trace, persisted };
}

/** Runs the script's events through XState's pure functions. */
function purely(it: Run): Trace {
  const { script, input } = it;
  const trace = new Trace();
  const logic = logicOf(it, trace);
  const events = eventsIn(script);
  let [snapshot, actions] = initialTransition(logic, input as never);
  const look = (): void => {
    trace.describe(snapshot as AnyMachineSnapshot, events);
    for (const { type, params, info } of actions) trace.see(type, params, info.context, info.event);
  };
  look();
  for (const event of script.map(eventOf).filter((step) => step !== undefined)) {
    const thrown = attempt(() => {
      [snapshot, actions] = transition(logic, snapshot, event);
    });
    trace.see('event', event, thrown);
    look();
  }
  return trace;
}

/** The traces of a machine, for all ways of running it. */
interface Runs {
  /** The names of the actions of the actor that ran through the whole script. */
  readonly did: readonly string[];
  readonly whole: readonly unknown[];
  readonly pure: readonly unknown[];
  readonly restored: readonly (readonly unknown[])[][];
}

/**
 * Runs a machine through the script twice, from its tables and as it is. Actors restored from the other variant's
 * persisted snapshot, and the pure functions, are part of what comes back.
 */
export async function both(
  make: Chart,
  script: readonly Step[],
  { restoreAt = [0, Math.ceil(script.length / 2), script.length], isPure = true, ...more }: Options = {},
): Promise<[driven: Runs, plain: Runs]> {
  const restored = async (first: Variant, second: Variant): Promise<unknown[][]> => {
    const traces = [];
    for (const at of restoreAt) {
      const { persisted } = await run({ make, variant: first, script: script.slice(0, at), ...more });
      const { trace } = await run({ make, variant: second, script: script.slice(at), ...more, snapshot: persisted });
      traces.push(trace.seen);
    }
    return traces;
  };
  const runs = async (variant: Variant): Promise<Omit<Runs, 'restored'>> => {
    const { trace } = await run({ make, variant, script, ...more });
    return { did: trace.did, whole: trace.seen, pure: isPure ? purely({ make, variant, script, ...more }).seen : [] };
  };
  const expected = await restored(asItIs, asItIs);
  return [
    {
      ...(await runs(tableDriven)),
      restored: [
        await restored(asItIs, tableDriven),
        await restored(tableDriven, asItIs),
        await restored(tableDriven, tableDriven),
      ],
    },
    { ...(await runs(asItIs)), restored: [expected, expected, expected] },
  ];
}

/** The first difference between two traces, with the entry before it; undefined if there is none. */
export function firstDifference(driven: Runs, plain: Runs): object | undefined {
  const seen = ({ whole, pure, restored }: Runs): unknown[] => [whole, pure, ...restored.flat()].flat();
  const [ours, theirs] = [seen(driven), seen(plain)];
  const at = [...ours, undefined].findIndex((it, index) => !isDeepStrictEqual(it, theirs[index]));
  return at < 0 ? undefined : { before: theirs[at - 1], driven: ours[at], plain: theirs[at] };
}
