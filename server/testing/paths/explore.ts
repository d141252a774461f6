import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { idleLogic } from '../../../actors/xstate/idleLogic';
import { scopeWithoutEffects } from '../../../actors/xstate/scopeWithoutEffects';
import { nodesOf } from '../../../actors/xstate/snapshots';
import { matches } from '../../../actors/xstate/stepTable';
import { copyOf } from './copyOf';
import { Reactions, valueName, type Reaction } from './reaction';

/** An event, and the model's reaction to it. */
export interface ModelStep extends Reaction {
  readonly event: AnyEventObject;
}

/** A way through the model, from its start. */
export interface Route<TInput = unknown> {
  readonly input: TInput;
  readonly start: Reaction;
  readonly steps: readonly ModelStep[];
}

/** How far {@link explore} goes, and by which events. See `ModelPathsOptions`. */
export interface ExploreOptions {
  readonly events: readonly AnyEventObject[] | ((snapshot: AnyMachineSnapshot) => readonly AnyEventObject[]);
  readonly filter: (snapshot: AnyMachineSnapshot, event: AnyEventObject) => boolean;
  readonly serialize: (snapshot: AnyMachineSnapshot) => unknown;
  readonly limit: number;
  /** States and transitions to keep away from. */
  readonly avoided: ReadonlySet<string>;
}

/** The model in one of its states, and what has just brought it there. */
interface ModelState {
  readonly snapshot: AnyMachineSnapshot;
  readonly reaction: Reaction;
}

/**
 * Explores a machine: a route for every event in every state, each by the shortest way to that state. Short routes
 * come first; the first one has no step.
 */
export function explore<TInput>(machine: AnyStateMachine, input: TInput, options: ExploreOptions): Route<TInput>[] {
  const { events, filter, serialize, limit, avoided } = options;
  const model = modelOf(machine);
  const first = model.start(input);
  const keyOf = ({ snapshot }: ModelState): string => JSON.stringify([snapshot.value, serialize(snapshot)]);
  let found = 0;
  let edges = 0;
  const adjacency = getAdjacencyMap(model as never, {
    fromState: first as never,
    serializeState: keyOf as never,
    // XState would make JSON of the event, and an event may hold values that have none
    serializeEvent: () => String((edges += 1)),
    filterEvents: (({ snapshot }: ModelState, event: AnyEventObject) => filter(snapshot, event)) as never,
    events: (({ snapshot }: ModelState) => {
      found += 1;
      if (found > limit) throw new Error(endless(machine, limit, keyOf, snapshot));
      return eventsIn(snapshot, events);
    }) as never,
  });
  const moments = adjacency as unknown as Readonly<Record<string, AdjacencyEntry>>;
  const isAvoided = ({ states, transitions }: Reaction): boolean =>
    [...states, ...transitions].some((id) => avoided.has(id));
  const routes: Route<TInput>[] = [{ input, start: first.reaction, steps: [] }];
  const shortest = new Map(routes.map((route) => [keyOf(first), route]));
  // the map grows while the loop runs over it: states that are found first are left first
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

/** Microsteps of one event. A chart that takes more of them goes round in circles. */
const mostMicrosteps = 1_000;

/** The logic that XState explores. Its states also hold the reaction that has led to them. */
interface Model {
  readonly start: (input: unknown) => ModelState;
  readonly transition: (moment: ModelState, event: AnyEventObject) => ModelState;
}

interface AdjacencyEntry {
  readonly transitions: Readonly<Record<string, { readonly event: AnyEventObject; readonly state: ModelState }>>;
}

/** Makes a model of a machine: the same chart, without any effects. */
function modelOf(machine: AnyStateMachine): Model {
  const names = Object.keys(machine.implementations.actors);
  const inert = machine.provide({
    actors: Object.fromEntries(names.map((name) => [name, idleLogic])),
  });
  const moment = (snapshot: AnyMachineSnapshot, reactions: Reactions): ModelState => ({
    snapshot,
    reaction: reactions.finish(snapshot),
  });
  return {
    start: (input: unknown): ModelState => {
      const reactions = new Reactions();
      const snapshot = inert.getInitialSnapshot(withoutEffects(reactions), input) as AnyMachineSnapshot;
      if (snapshot.status === 'error') throw snapshot.error;
      return moment(snapshot, reactions);
    },
    transition: ({ snapshot }: ModelState, event: AnyEventObject): ModelState => {
      const reactions = new Reactions(snapshot);
      // an action may change the context in place; the other events need it as it was
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

/** A scope for the model's logic, as an actor gives one: nothing is executed, and the microsteps go to `reactions`. */
function withoutEffects(reactions: Reactions): never {
  let microsteps = 0;
  return scopeWithoutEffects((event) => {
    if (event.type !== '@xstate.microstep') return;
    microsteps += 1;
    // XState itself would never end
    if (microsteps > mostMicrosteps) throw new Error(`an 'always' goes round in circles`);
    reactions.add(event);
  }) as never;
}

/** The events that may come in a state: samples that the chart has transitions for, and events that need no sample. */
function eventsIn(snapshot: AnyMachineSnapshot, events: ExploreOptions['events']): AnyEventObject[] {
  if (snapshot.status !== 'active') return [];
  const descriptors = [...new Set((nodesOf(snapshot) ?? []).flatMap(({ transitions }) => [...transitions.keys()]))];
  const samples = typeof events === 'function' ? events(snapshot) : events;
  const known = samples.filter(({ type }) => descriptors.some((descriptor) => matches(descriptor, type)));
  const plain = descriptors.filter(
    (type) => needsNoSample(type, snapshot) && samples.every((sample) => sample.type !== type),
  );
  return [...known, ...plain.map((type) => ({ type }))];
}

/** Whether a descriptor is an event's type, and the event can come and needs no payload. */
function needsNoSample(type: string, { children }: AnyMachineSnapshot): boolean {
  // an event that the machine's own states raise is a part of another step
  if (type.endsWith('*') || type.startsWith('xstate.done.state.')) return false;
  const [, actor] = /^xstate\.(?:done\.actor|error\.actor|snapshot)\.(.*)$/s.exec(type) ?? [];
  return actor === undefined || Object.hasOwn(children as object, actor);
}

function endless(
  { id }: AnyStateMachine,
  limit: number,
  keyOf: (moment: ModelState) => string,
  snapshot: AnyMachineSnapshot,
): string {
  return (
    `modelPaths: ${id} has more than ${String(limit)} states, such as ${keyOf({ snapshot } as ModelState)}. ` +
    'What serialize adds must have an end: count up to what makes a difference, or let filter stop it'
  );
}
