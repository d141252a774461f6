import fc from 'fast-check';
import {
  and,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromCallback,
  not,
  raise,
  sendTo,
  stateIn,
  type AnyActor,
  type AnyActorLogic,
  type AnyStateMachine,
  type EventObject,
} from 'xstate';
import { chart, type Config, type Context } from './differential';
import type { Trace } from '../trace';

/** A number that picks an action, an event or a state. The choices are only known when the machine is made. */
type Pick = number;

interface TransitionPlan {
  readonly event: Pick;
  /** Undefined for a transition without a target. */
  readonly target: Pick | undefined;
  readonly reenter: boolean | undefined;
  readonly guard: Pick | undefined;
  readonly actions: readonly Pick[];
}

/** A state of a random machine, with the states inside it. */
export interface StatePlan {
  readonly children: readonly StatePlan[];
  readonly initial: Pick;
  readonly initialActions: readonly Pick[];
  readonly isFinal: boolean;
  readonly invokes: boolean;
  readonly entry: readonly Pick[];
  readonly exit: readonly Pick[];
  readonly on: readonly TransitionPlan[];
  readonly always: readonly TransitionPlan[];
  readonly onDone: TransitionPlan | undefined;
  readonly after: TransitionPlan | undefined;
}

const seldom = <T>(plan: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(plan, { freq: 3, nil: undefined });
const pick = fc.nat(999);
const actions = fc.array(pick, { maxLength: 2 });

const transition: fc.Arbitrary<TransitionPlan> = fc.record({
  event: pick,
  target: fc.option(pick, { freq: 4, nil: undefined }),
  reenter: fc.constantFrom(undefined, true, false),
  guard: fc.option(pick, { freq: 1, nil: undefined }),
  actions,
});

const deepest = 4;

const state = (depth: number): fc.Arbitrary<StatePlan> =>
  fc.record({
    children:
      depth === 0
        ? fc.constant([])
        : fc.array(state(depth - 1), { minLength: depth === deepest ? 2 : 0, maxLength: 2, size: 'max' }),
    initial: pick,
    initialActions: actions,
    isFinal: fc.nat(4).map((n) => n === 0),
    invokes: fc.nat(4).map((n) => n === 0),
    entry: actions,
    exit: actions,
    on: fc.array(transition, { maxLength: 4, size: 'max' }),
    always: fc.array(transition, { maxLength: 1 }),
    onDone: fc.option(transition, { nil: undefined }),
    after: seldom(transition),
  });

/** The plan of a random machine, of up to five levels with the root. */
export const aMachine = state(deepest);

const sent = ['a', 'b', 'c', 'c.d', 'c.d.e'];
const raised = ['r', 'r.s'];

/** Twenty steps: events, or milliseconds that pass. */
export const aScript = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...sent, ...raised) },
    { weight: 1, arbitrary: fc.constantFrom(5, 50) },
  ),
  { minLength: 20, maxLength: 20 },
);

/**
 * How many transitions may follow an event from outside, so that a machine always comes to rest. A transition for a
 * raised event, or for no event, takes one step away. Eventless transitions always leave some steps for the others.
 */
const steps = 5;
const stepsLeft =
  (kept: number) =>
  ({ context }: { context: Context }): boolean =>
    (context['left'] as number) > kept;
const takeOne = assign({ left: ({ context }: { context: Context }) => (context['left'] as number) - 1 });
const giveAll = assign({ left: steps });

const isEven = ({ context }: { context: Context }): boolean => context.n % 2 === 0;
const isBelow = ({ context }: { context: Context }, params: unknown): boolean => context.n < (params as number);
const fails =
  (what: string, at: number) =>
  ({ context }: { context: Context }): boolean => {
    if (context.n % 30 === at) throw new Error(what);
    return context.n % 3 > 0;
  };

/** Makes the machine of a plan. */
export function machineOf(plan: StatePlan, { noting, say }: Trace): AnyStateMachine {
  const nodes: string[] = [];
  const count = ({ children }: StatePlan): void => {
    nodes.push(`s${String(nodes.length)}`);
    for (const child of children) count(child);
  };
  count(plan);
  const at = <T>(all: readonly T[], n: Pick): T => all[n % all.length] as T;
  const child: AnyActorLogic = fromCallback<EventObject>(({ receive, sendBack }) => {
    say('+child');
    receive((event) => {
      sendBack({ type: 'r', of: event.type } as EventObject);
    });
    return () => {
      say('-child');
    };
  });

  const actionsOf = (name: string, picks: readonly Pick[]): unknown[] =>
    picks.flatMap((n) => [
      noting(name),
      at(
        [
          'named',
          { type: 'named', params: ({ context }: { context: Context }) => context.n },
          assign({ n: ({ context }: { context: Context }) => context.n + 1 }),
          assign(({ context, event }: { context: Context; event: EventObject }) => ({
            n: context.n + 1,
            last: event.type,
          })),
          raise({ type: 'r' }),
          raise(({ context }: { context: Context }) => ({ type: 'r.s', n: context.n })),
          raise({ type: 'r' }, { delay: 10, id: 'late' }),
          cancel('late'),
          emit(({ context }: { context: Context }) => ({ type: 'emitted', n: context.n })),
          sendTo(({ self }) => self, { type: 'r' }),
          enqueueActions(({ enqueue, check }) => {
            if (check(isEven as never)) enqueue.assign({ n: 7 } as never);
            enqueue(noting('enqueued'));
            if (check(stateIn(`#${at(nodes, n)}`) as never)) enqueue.raise({ type: 'r' });
          }),
          enqueueActions(({ enqueue, self }) => {
            const { children } = (self.getSnapshot() as { children?: object } | undefined) ?? {};
            for (const to of Object.values(children ?? {})) enqueue.sendTo(to as AnyActor, { type: 'ping' });
          }),
          fails(`the action of ${name}`, 29),
        ],
        n,
      ),
    ]);

  const guards = { isEven, isBelow, alias: { type: 'isBelow', params: 12 }, odd: not('isEven') };
  const guardOf = (n: Pick): unknown =>
    at(
      [
        'isEven',
        'odd',
        'alias',
        isEven,
        { type: 'isBelow', params: n % 20 },
        stateIn(`#${at(nodes, n)}`),
        not(stateIn(`#${at(nodes, n)}`)),
        fails('the guard', 28),
      ],
      n,
    );

  const limited = (kept: number, guard: Pick | undefined): unknown =>
    guard === undefined ? stepsLeft(kept) : and([stepsLeft(kept) as never, guardOf(guard) as never]);

  const transitionOf = (
    name: string,
    { target, reenter, guard, actions: picks }: TransitionPlan,
    kind: 'asked' | 'raised' | 'eventless',
  ): object => ({
    ...(target !== undefined && { target: `#${at(nodes, target)}` }),
    ...(reenter !== undefined && { reenter }),
    ...(guard !== undefined && { guard: guardOf(guard) }),
    ...(kind !== 'asked' && { guard: limited(kind === 'raised' ? 0 : 3, guard) }),
    actions: [kind === 'asked' ? giveAll : takeOne, ...actionsOf(name, picks)],
  });

  let made = 0;
  const stateOf = ({ children, initial, on, ...more }: StatePlan): Config => {
    const id = `s${String(made)}`;
    made += 1;
    const isLeaf = children.length === 0;
    const events: Record<string, object[]> = {};
    for (const planned of on) {
      const event = at([...sent, ...raised, 'c.*', '*'], planned.event);
      const isAsked = sent.includes(event);
      (events[event] ??= []).push(transitionOf(`${id} ${event}`, planned, isAsked ? 'asked' : 'raised'));
    }
    const { always, onDone, after, entry, exit, invokes, initialActions } = more;
    return {
      id,
      tags: [`tag of ${id}`, 'all'],
      meta: { id },
      ...(isLeaf &&
        more.isFinal &&
        made > 1 && { type: 'final', output: ({ context }: { context: Context }) => context.n }),
      ...(invokes && { invoke: { id: `child of ${id}`, src: 'child' } }),
      entry: actionsOf(`+${id}`, entry),
      exit: actionsOf(`-${id}`, exit),
      on: events,
      always: always.map((planned) => transitionOf(`${id} always`, planned, 'eventless')),
      ...(onDone && !isLeaf && { onDone: transitionOf(`${id} done`, onDone, 'raised') }),
      ...(after && { after: { 10: transitionOf(`${id} after`, after, 'raised') } }),
      ...(!isLeaf && {
        initial: {
          target: at([...children.keys()], initial).toString(),
          actions: actionsOf(`${id} initial`, initialActions),
        },
        states: Object.fromEntries(children.map((planned, key) => [key, stateOf(planned)])),
      }),
    } as Config;
  };
  const output = ({ context, event }: { context: Context; event: EventObject }): unknown => [context.n, event];
  const context = { n: 0, left: steps };
  return chart(
    { ...stateOf(plan), context, output },
    { actors: { child }, actions: { named: noting('named') }, guards },
  );
}
