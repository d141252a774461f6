import type { AnyEventObject, AnyStateMachine, InputFrom, SnapshotFrom } from 'xstate';
import { requireTransitions } from '../../../actors/xstate/transitionsOf';
import { chartGraph, type ChartState } from '../../diagram/chartGraph';
import { Coverage, partsOf } from './coverage';
import { explore, type Exploring, type Route } from './explore';
import { ModelPath } from './modelPath';
import { valueName, type Reaction } from './reaction';

/** What {@link modelPaths} needs to know of a machine. */
export interface ModelPathsOptions<TMachine extends AnyStateMachine> {
  /**
   * The inputs to start from. A chart that goes other ways with other options needs one for each.
   * @defaultValue one start, without input
   */
  readonly inputs?: readonly InputFrom<TMachine>[];
  /**
   * Samples of the events that carry something, or what gives them for a state; there may be several of one type. What
   * the chart has no transition for in a state is passed over there. Not needed for types that carry nothing, nor for the
   * ends of delays and of actors; they are found in the chart.
   * @defaultValue none
   */
  readonly events?: readonly AnyEventObject[] | ((snapshot: SnapshotFrom<TMachine>) => readonly AnyEventObject[]);
  /**
   * Whether an event can come in a state in the real world, which the chart itself doesn't know: nobody leaves before
   * somebody has come.
   * @defaultValue each can
   */
  readonly filter?: (snapshot: SnapshotFrom<TMachine>, event: AnyEventObject) => boolean;
  /**
   * What makes a difference beside the state's value, such as a number in the context that guards look at. It is compared
   * as JSON, and must not grow for ever.
   * @defaultValue nothing
   */
  readonly serialize?: (snapshot: SnapshotFrom<TMachine>) => unknown;
  /**
   * Whether to lead to every cell of the table of states × events that can be reached, too: to take each transition of an
   * outer state in each of the states within it.
   * @defaultValue false: in one of them
   */
  readonly cells?: boolean;
  /**
   * How many states, told apart by {@link serialize}, each start may lead to; beyond that `modelPaths` throws.
   * @defaultValue 1000
   */
  readonly limit?: number;
  /**
   * States and transitions that no real actor ever comes to, by the ids that {@link Coverage.missing} tells, each with
   * the reason. No path passes through them, and a run that sees one fails.
   * @defaultValue none
   */
  readonly unreachable?: Readonly<Record<string, string>>;
}

/** What {@link modelPaths} finds. */
export interface ModelPaths<TInput = unknown> {
  /** Ways that together reach every state and every transition that can be reached: short ones first. */
  readonly paths: readonly ModelPath<TInput>[];
  /** What all the runs of these paths have seen so far. */
  readonly coverage: Coverage;
}

/**
 * Finds ways through a machine that take each of its transitions (each of a guard's alternatives, and each `always`) and
 * with them reach each state, the shortest for each; for {@link ModelPath.run} to lead real actors along. A way that
 * longer ones make needless is left out.
 *
 * The machine is explored by `xstate/graph`, without its effects: neither actions nor actors run, but `assign`, `raise`,
 * guards and delays do. So guards see what the samples and the inputs hold. Where they ask the world, give the machine
 * with guards that ask the event instead (`machine.provide({ guards: { isStalled: ({ event }) => event.isStalled } })`),
 * or with actions that note in the context what the world would do; the actors that are run later have their own.
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
 * @param machine - whose chart it is
 * @param options - what can come to it
 * @throws when there are more states than `limit`, when an event needs a sample that isn't given, and when `unreachable`
 * names what the chart doesn't have
 * @throws {@link ServerchartError} `ERR_XSTATE_VERSION` with an XState that doesn't tell which transitions it takes
 */
export function modelPaths<TMachine extends AnyStateMachine>(
  machine: TMachine,
  options: ModelPathsOptions<TMachine> = {},
): ModelPaths<InputFrom<TMachine>> {
  requireTransitions('modelPaths');
  const { inputs = [undefined], unreachable = {}, cells = false } = options;
  const { events = [], filter = () => true, serialize = () => null, limit = 1_000 } = options;
  const avoided = new Set(Object.keys(unreachable));
  const exploring = { events, filter, serialize, limit, avoided } as unknown as Exploring;
  const chart = chartGraph(machine);
  const coverage = new Coverage(chart, unreachable);
  const routes = inputs.flatMap((input) => explore(machine, input as InputFrom<TMachine>, exploring));
  const chosen = choose(routes, (reaction) => [...goalsIn(reaction), ...(cells ? cellsIn(reaction) : [])]);
  const paths = [...chosen].map(([goal, route]) => {
    return new ModelPath(goal, titleOf(goal, route, chart), route, chart.name, coverage);
  });
  return { paths: paths.sort((a, b) => a.steps.length - b.steps.length), coverage };
}

/** What a reaction can be wanted for. */
const goalsIn = ({ states, transitions }: Reaction): readonly string[] => [...transitions, ...states];

const cellsIn = ({ cells }: Reaction): readonly string[] =>
  cells.flatMap(({ state, event, isTaken }) => (isTaken ? [`${state} × ${event}`] : []));

/** The routes that are needed to reach all that any reaches, each with what it is needed for. */
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
  // the longest first: what lies on their way needs no other
  for (const [id, route] of [...shortest].sort(([, a], [, b]) => b.steps.length - a.steps.length)) {
    if (covered.has(id)) continue;
    chosen.set(id, route);
    for (const reaction of [route.start, ...route.steps]) for (const each of reached(reaction)) covered.add(each);
  }
  return chosen;
}

/** As in {@link ModelPath.title}. */
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
