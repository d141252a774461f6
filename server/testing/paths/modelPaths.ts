import type { AnyEventObject, AnyStateMachine, InputFrom, SnapshotFrom } from 'xstate';
import { requireTransitions } from '../../../actors/xstate/transitionsOf';
import { chartGraph, type ChartState } from '../../diagram/chartGraph';
import { Coverage, partsOf } from './coverage';
import { explore, type ExploreOptions, type Route } from './explore';
import { ModelPath } from './modelPath';
import { valueName, type Reaction } from './reaction';

/** Options of {@link modelPaths}. */
export interface ModelPathsOptions<TMachine extends AnyStateMachine> {
  /**
   * The inputs to start from. A chart that goes other ways with other inputs needs one for each way.
   * @defaultValue one start, without input
   */
  readonly inputs?: readonly InputFrom<TMachine>[];
  /**
   * Samples of the events that have a payload, or a function that returns them for a state. There may be several of
   * one type. A sample is used in the states that have a transition for it. Events without a payload, and the ends of
   * delays and of actors, need no samples: they are found in the chart.
   * @defaultValue none
   */
  readonly events?: readonly AnyEventObject[] | ((snapshot: SnapshotFrom<TMachine>) => readonly AnyEventObject[]);
  /**
   * Whether an event can come in a state in the real world. The chart doesn't know that nobody leaves before somebody
   * has come.
   * @defaultValue each event can
   */
  readonly filter?: (snapshot: SnapshotFrom<TMachine>, event: AnyEventObject) => boolean;
  /**
   * The part of a snapshot that makes a difference beside the state's value, such as a number in the context that
   * guards read. The parts are compared as JSON, and there must be an end to them: no number that grows for ever.
   * @defaultValue nothing
   */
  readonly serialize?: (snapshot: SnapshotFrom<TMachine>) => unknown;
  /**
   * Whether there are also paths to every cell of the table of states × events: then each transition of an outer
   * state is taken in each of the states within that.
   * @defaultValue false: in one of these states is enough
   */
  readonly cells?: boolean;
  /**
   * How many states each start may lead to, counted with the differences that {@link serialize} makes. With more,
   * `modelPaths` throws.
   * @defaultValue 1000
   */
  readonly limit?: number;
  /**
   * The states and transitions that no real actor ever reaches, by their ids as in {@link Coverage.missing}, each
   * with the reason. No path passes through them, and a run that sees one fails.
   * @defaultValue none
   */
  readonly unreachable?: Readonly<Record<string, string>>;
}

/** The result of {@link modelPaths}. */
export interface ModelPaths<TInput = unknown> {
  /** Paths that together pass every state and every transition that can be reached; short ones first. */
  readonly paths: readonly ModelPath<TInput>[];
  /** All that the runs of these paths have seen so far. */
  readonly coverage: Coverage;
}

/**
 * Finds paths through a machine that take each transition (each alternative of a guard, and each `always`) and reach
 * each state, each by a shortest way. {@link ModelPath.run} leads real actors along them. A path that is a part of
 * longer ones is left out.
 *
 * `xstate/graph` explores the machine without its effects. Actions and actors don't run; `assign`, `raise`, guards
 * and delays do. So guards see only the samples and the inputs. For guards that ask the world, give `modelPaths` a
 * machine whose guards ask the event instead
 * (`machine.provide({ guards: { isStalled: ({ event }) => event.isStalled } })`), or one whose actions note in the
 * context what the world would do. The actors that are led along the paths later keep their own guards and actions.
 *
 * @example
 * ```ts
 * const { paths, coverage } = modelPaths(turnstile, { events: [{ type: 'coin', value: 1 }] });
 * it.each(paths)('$title', async (path) => {
 *   const actor = createActor(turnstile);
 *   await path.run(actor, { coin: ({ value }) => insert(value) });
 * });
 * afterAll(() => expect(coverage.missing).toEqual([]));
 * ```
 * @param machine - the machine to explore
 * @param options - the inputs and events that can come to the machine
 * @throws Error when there are more states than `limit`, when an event needs a sample that isn't given, and when
 * `unreachable` names a part that the chart doesn't have
 * @throws {@link ServerchartError} `ERR_XSTATE_VERSION` with an XState that doesn't say which transitions it takes
 */
export function modelPaths<TMachine extends AnyStateMachine>(
  machine: TMachine,
  options: ModelPathsOptions<TMachine> = {},
): ModelPaths<InputFrom<TMachine>> {
  requireTransitions('modelPaths');
  const { inputs = [undefined], unreachable = {}, cells = false } = options;
  const { events = [], filter = () => true, serialize = () => null, limit = 1_000 } = options;
  const avoided = new Set(Object.keys(unreachable));
  const exploreOptions = { events, filter, serialize, limit, avoided } as unknown as ExploreOptions;
  const chart = chartGraph(machine);
  const coverage = new Coverage(chart, unreachable);
  const routes = inputs.flatMap((input) => explore(machine, input as InputFrom<TMachine>, exploreOptions));
  const chosen = choose(routes, (reaction) => [...goalsIn(reaction), ...(cells ? cellsIn(reaction) : [])]);
  const paths = [...chosen].map(([goal, route]) => {
    return new ModelPath(goal, titleOf(goal, route, chart), route, chart.name, coverage);
  });
  return { paths: paths.sort((a, b) => a.steps.length - b.steps.length), coverage };
}

/** The goals that a reaction reaches: its transitions and its states. */
const goalsIn = ({ states, transitions }: Reaction): readonly string[] => [...transitions, ...states];

/** The cells that a reaction reaches, as goals. */
const cellsIn = ({ cells }: Reaction): readonly string[] =>
  cells.flatMap(({ state, event, isTaken }) => (isTaken ? [`${state} × ${event}`] : []));

/** The routes that are needed to reach all goals, by the goal that each is needed for. */
function choose<TInput>(
  routes: readonly Route<TInput>[],
  reached: (reaction: Reaction) => readonly string[],
): Map<string, Route<TInput>> {
  const shortest = new Map<string, Route<TInput>>();
  for (const route of routes.toSorted((a, b) => a.steps.length - b.steps.length)) {
    for (const id of reached(route.steps.at(-1) ?? route.start)) {
      if (!shortest.has(id)) shortest.set(id, route);
    }
  }
  const chosen = new Map<string, Route<TInput>>();
  const covered = new Set<string>();
  // the longest first: a goal on their way needs no route of its own
  for (const [id, route] of [...shortest].sort(([, a], [, b]) => b.steps.length - a.steps.length)) {
    if (covered.has(id)) continue;
    chosen.set(id, route);
    for (const reaction of [route.start, ...route.steps]) for (const each of reached(reaction)) covered.add(each);
  }
  return chosen;
}

/** See {@link ModelPath.title}. */
function titleOf(goal: string, { start, steps }: Route, chart: ChartState): string {
  const place = ({ value }: Reaction): string => valueName(value, chart.name);
  const last = steps.at(-1);
  if (last === undefined) return `starts in ${place(start)}`;
  const [from, to] = [place(steps.at(-2) ?? start), place(last)];
  const { transitions } = partsOf(chart);
  const event = transitions.find(({ id }) => id === last.transitions[0])?.event ?? last.event.type;
  const guard = transitions.find(({ id }) => id === goal)?.guard;
  const isAlternative = goal.includes('|') && !goal.endsWith('|0');
  const when = guard === undefined ? (isAlternative ? ', otherwise' : '') : ` when ${guard}`;
  return `${from === to ? `stays in ${to}` : `reaches ${to} from ${from}`} by ${event}${when}`;
}
