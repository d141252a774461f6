import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { idleLogic, scopeWithoutEffects } from '../../../actors/xstate/scopeWithoutEffects';
import { nodesOf } from '../../../actors/xstate/snapshots';
import { matches } from '../../../actors/xstate/stepTable';
import { copyOf } from './copyOf';
import { Reactions, valueName, type Reaction } from './reaction';

/** An event, and what the model does about it. */
export interface ModelStep extends Reaction {
  readonly event: AnyEventObject;
}

/** A way through the model, from its start. */
export interface Route<TInput = unknown> {
  readonly input: TInput;
  readonly start: Reaction;
  readonly steps: readonly ModelStep[];
}

/** What one may come to, and by what. */
export interface Exploring {
  readonly events: readonly AnyEventObject[] | ((snapshot: AnyMachineSnapshot) => readonly AnyEventObject[]);
  readonly filter: (snapshot: AnyMachineSnapshot, event: AnyEventObject) => boolean;
  readonly serialize: (snapshot: AnyMachineSnapshot) => unknown;
  readonly limit: number;
  /** States and transitions to keep away from. */
  readonly avoided: ReadonlySet<string>;
}

/** The model in one of its states, and what has just brought it there. */
interface Moment {
  readonly snapshot: AnyMachineSnapshot;
  readonly reaction: Reaction;
}

/**
 * Every event in every state of a machine, at the end of the shortest route to it: short routes first, the first one
 * without any step.
 */
export function explore<TInput>(machine: AnyStateMachine, input: TInput, exploring: Exploring): Route<TInput>[] {
  const { events, filter, serialize, limit, avoided } = exploring;
  const model = modelOf(machine);
  const first = model.start(input);
  const keyOf = ({ snapshot }: Moment): string => JSON.stringify([snapshot.value, serialize(snapshot)]);
  let found = 0;
  let edges = 0;
  const adjacency = getAdjacencyMap(model as never, {
    fromState: first as never,
    serializeState: keyOf as never,
    // XState would write the event down, and an event may hold what can't be
    serializeEvent: () => String((edges += 1)),
    filterEvents: (({ snapshot }: Moment, event: AnyEventObject) => filter(snapshot, event)) as never,
    events: (({ snapshot }: Moment) => {
      found += 1;
      if (found > limit) throw new Error(endless(machine, limit, keyOf, snapshot));
      return eventsIn(snapshot, events);
    }) as never,
  });
  const moments = adjacency as unknown as Readonly<Record<string, Visited>>;
  const isAvoided = ({ states, transitions }: Reaction): boolean =>
    [...states, ...transitions].some((id) => avoided.has(id));
  const routes: Route<TInput>[] = [{ input, start: first.reaction, steps: [] }];
  const shortest = new Map(routes.map((route) => [keyOf(first), route]));
  // grows while it is gone through: what is come upon first is gone on from first
  for (const [key, before] of shortest) {
    for (const { event, state } of Object.values(moments[key]?.transitions ?? {})) {
      if (isAvoided(state.reaction)) continue;
      const route = { ...before, steps: [...before.steps, { event, ...state.reaction }] };
      routes.push(route);
      if (!shortest.has(keyOf(state))) shortest.set(keyOf(state), route);
    }
  }
  return routes;
}

/** Of one event. */
const mostMicrosteps = 1_000;

/** What XState explores: an actor logic that also tells what each event has done. */
interface Model {
  readonly start: (input: unknown) => Moment;
  readonly transition: (moment: Moment, event: AnyEventObject) => Moment;
}

interface Visited {
  readonly transitions: Readonly<Record<string, { readonly event: AnyEventObject; readonly state: Moment }>>;
}

/** The machine without any of its effects. */
function modelOf(machine: AnyStateMachine): Model {
  const names = Object.keys(machine.implementations.actors);
  const inert = machine.provide({
    actors: Object.fromEntries(names.map((name) => [name, idleLogic])),
  });
  const moment = (snapshot: AnyMachineSnapshot, reactions: Reactions): Moment => ({
    snapshot,
    reaction: reactions.finish(snapshot),
  });
  return {
    start: (input: unknown): Moment => {
      const reactions = new Reactions();
      const snapshot = inert.getInitialSnapshot(withoutEffects(reactions), input) as AnyMachineSnapshot;
      if (snapshot.status === 'error') throw snapshot.error;
      return moment(snapshot, reactions);
    },
    transition: ({ snapshot }: Moment, event: AnyEventObject): Moment => {
      const reactions = new Reactions(snapshot);
      // a context that changes in place must not change for the other events
      const before = { ...snapshot, context: copyOf(snapshot.context as unknown) } as AnyMachineSnapshot;
      try {
        return moment(inert.transition(before, event, withoutEffects(reactions)) as AnyMachineSnapshot, reactions);
      } catch (error) {
        const where = valueName(snapshot.value as never, machine.id);
        throw new Error(
          `modelPaths: '${event.type}' in ${where} throws (${String(error)}); does it carry something? Then events needs a sample of it`,
          { cause: error },
        );
      }
    },
  };
}

/** What a logic is run with by an actor, where nothing is done and only the microsteps are heard of. */
function withoutEffects(reactions: Reactions): never {
  let microsteps = 0;
  return scopeWithoutEffects((event) => {
    if (event.type !== '@xstate.microstep') return;
    microsteps += 1;
    // XState itself would never come to an end
    if (microsteps > mostMicrosteps) throw new Error(`an 'always' goes round in circles`);
    reactions.add(event);
  }) as never;
}

/** What may come in a state: the samples that the chart knows there, and what needs none. */
function eventsIn(snapshot: AnyMachineSnapshot, events: Exploring['events']): AnyEventObject[] {
  if (snapshot.status !== 'active') return [];
  const descriptors = [...new Set((nodesOf(snapshot) ?? []).flatMap(({ transitions }) => [...transitions.keys()]))];
  const samples = typeof events === 'function' ? events(snapshot) : events;
  const known = samples.filter(({ type }) => descriptors.some((descriptor) => matches(descriptor, type)));
  const plain = descriptors.filter(
    (type) => needsNoSample(type, snapshot) && samples.every((sample) => sample.type !== type),
  );
  return [...known, ...plain.map((type) => ({ type }))];
}

/** Whether a descriptor is a type of which an event without anything in it can come to the machine. */
function needsNoSample(type: string, { children }: AnyMachineSnapshot): boolean {
  // what one of its own states raises is a part of another step
  if (type.endsWith('*') || type.startsWith('xstate.done.state.')) return false;
  const [, actor] = /^xstate\.(?:done\.actor|error\.actor|snapshot)\.(.*)$/s.exec(type) ?? [];
  return actor === undefined || Object.hasOwn(children as object, actor);
}

function endless(
  { id }: AnyStateMachine,
  limit: number,
  keyOf: (moment: Moment) => string,
  snapshot: AnyMachineSnapshot,
): string {
  return (
    `modelPaths: ${id} has more than ${String(limit)} states, such as ${keyOf({ snapshot } as Moment)}. ` +
    'What serialize adds must have an end: count up to what makes a difference, or let filter stop it'
  );
}
