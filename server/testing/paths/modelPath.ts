import { isDeepStrictEqual } from 'node:util';
import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, StateValue } from 'xstate';
import { matches } from '../../../actors/xstate/stepTable';
import { wasStarted } from '../../../actors/xstate/relay';
import type { Coverage } from './coverage';
import type { ModelStep, Route } from './explore';
import { History, type HistoryRecord } from './history';
import { valueName, type Reaction } from './reaction';

/**
 * How events happen in the real world, by their types. A function gets the model's event, and makes it happen.
 * `'itself'` stands for an event that comes by itself, because of those before. A key may end in `.*`, as in a chart.
 * An event without a key is sent to the actor as it is.
 */
export type Drive = Readonly<Record<string, 'itself' | ((event: AnyEventObject) => unknown)>>;

/** How {@link ModelPath.run} finds out that an event will not come. */
export interface RunOptions {
  /**
   * Resolves when nothing more happens by itself: `() => network.clock.settled()` on a memory network. A step whose
   * event has not come by then fails at once.
   */
  readonly settled?: () => Promise<unknown>;
  /**
   * Milliseconds (of the system's clock) until a step fails whose event has not come. Not used with {@link settled}.
   * @defaultValue 2000
   */
  readonly timeout?: number;
}

/** The step that the actor takes now, and the state in which the step began. */
interface CurrentStep {
  readonly index: number;
  readonly step: ModelStep;
  readonly before: StateValue;
}

/** One way through a machine. {@link ModelPath.run} leads a real actor along it. */
export class ModelPath<TInput = unknown> {
  /** The path's purpose: `reaches b from a by go when isReady`, `stays in a by go, otherwise`. */
  readonly title: string;
  /** The transition or state that the path is for, by its id as in {@link Coverage.missing}; or `state × event`. */
  readonly goal: string;
  /** The input that an actor needs to follow the path. */
  readonly input: TInput;
  readonly steps: readonly ModelStep[];
  readonly #route: Route<TInput>;
  readonly #machine: string;
  readonly #coverage: Coverage;

  /** @internal */
  constructor(goal: string, title: string, route: Route<TInput>, machine: string, coverage: Coverage) {
    this.goal = goal;
    this.title = title;
    this.input = route.input;
    this.steps = route.steps;
    this.#route = route;
    this.#machine = machine;
    this.#coverage = coverage;
  }

  /**
   * Leads an actor of the machine along the path. A step holds when its event comes to the actor, takes the same
   * transitions as in the model, and ends in the same state. Other events may come in between. Events of the step's
   * type may come before, too, if they leave the actor in its state, as the first half of a line does.
   *
   * All that was seen counts in {@link Coverage}. Nobody can see afterwards how an actor began: an actor in the
   * model's first state counts as having started like the model.
   *
   * @param actor - an actor in the state in which it starts; if it is not started yet, `run` starts it
   * @param drive - how the events happen
   * @param options - how long to wait for the events
   * @throws Error when a step doesn't hold: the message names the step and all that was seen; and when the actor
   * reached what is listed as unreachable
   */
  async run(actor: AnyActorRef, drive: Drive = {}, options: RunOptions = {}): Promise<void> {
    const { start } = this.#route;
    const value = (actor.getSnapshot() as AnyMachineSnapshot).value as StateValue;
    if (!isDeepStrictEqual(value, start.value)) {
      const [expected, found] = [start.value, value].map((at) => valueName(at, this.#machine));
      throw new Error(`The path '${this.title}' starts in ${String(expected)}, the actor is in ${String(found)}`);
    }
    this.#coverage.note(start);
    const history = new History(actor, (record) => {
      this.#coverage.note(record);
    });
    try {
      if (!wasStarted(actor)) actor.start();
      let seen = 0;
      let before = start.value;
      for (const [index, step] of this.steps.entries()) {
        await happen(step.event, drive, actor);
        seen = await this.#hold({ index, step, before }, history, seen, options);
        before = step.value;
      }
    } finally {
      history.close();
    }
    const seen = new Set(history.records.flatMap(({ states, transitions }) => [...states, ...transitions]));
    const lie = this.#coverage.contradictions.find((id) => seen.has(id));
    if (lie !== undefined) throw new Error(`The path '${this.title}' reached what is listed as unreachable: ${lie}`);
  }

  /** Waits until a step holds. Returns how many records of the history have been looked at. */
  async #hold(current: CurrentStep, history: History, seen: number, options: RunOptions): Promise<number> {
    let deadline: Deadline | undefined;
    try {
      for (let isOver = false; ;) {
        const looked = this.#look(current, history, seen);
        if (looked !== undefined) return looked;
        if (isOver || history.crash !== undefined) throw this.#failure(current, history);
        deadline ??= patience(options);
        isOver = await Promise.race([history.changed(), deadline.over]);
      }
    } finally {
      deadline?.cancel();
    }
  }

  /** How many records of the history have been looked at when the step holds; undefined while it doesn't. */
  #look(current: CurrentStep, history: History, seen: number): number | undefined {
    const { step, before } = current;
    for (const [place, record] of history.records.entries()) {
      if (place < seen || record.type !== step.event.type) continue;
      if (holds(step, record)) return place + 1;
      if (!isDeepStrictEqual(record.value, before)) throw this.#failure(current, history, record);
    }
    return undefined;
  }

  #failure({ index, step }: CurrentStep, history: History, found?: HistoryRecord): Error {
    const hasCome = history.records.some(({ type }) => type === step.event.type);
    const but = found === undefined ? `it did not come${hasCome ? ' so' : ''}` : `found ${this.#toText(found)}`;
    const message = [
      `The path '${this.title}' fails at step ${String(index + 1)} of ${String(this.steps.length)}, ${step.event.type}:`,
      `expected ${this.#toText(step)},`,
      `but ${but}.`,
      'What came to the actor:',
      history.toText(this.#machine),
    ];
    return new Error(message.join('\n'), { cause: history.crash?.error });
  }

  #toText({ value, transitions }: Reaction): string {
    return `${valueName(value, this.#machine)} by ${transitions.join(', ') || 'no transition'}`;
  }
}

const holds = (step: ModelStep, record: HistoryRecord): boolean =>
  isDeepStrictEqual(record.value, step.value) && isDeepStrictEqual(record.transitions, step.transitions);

/** The end of waiting: `over` resolves with true. `cancel` stops its timer. */
interface Deadline {
  readonly over: Promise<true>;
  readonly cancel: () => void;
}

function patience({ settled, timeout = 2_000 }: RunOptions): Deadline {
  if (settled !== undefined) return { over: settled().then(() => true), cancel: () => undefined };
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<true>((resolve) => {
    timer = setTimeout(resolve, timeout, true);
  });
  return {
    over,
    cancel: () => {
      clearTimeout(timer);
    },
  };
}

async function happen(event: AnyEventObject, drive: Drive, actor: AnyActorRef): Promise<void> {
  const key = Object.hasOwn(drive, event.type) ? event.type : wildcardFor(event.type, drive);
  const how = key === undefined ? undefined : drive[key];
  if (how === undefined) actor.send(event);
  else if (how !== 'itself') await how(event);
}

/** The longest key that matches, as in a chart. */
const wildcardFor = (type: string, drive: Drive): string | undefined =>
  Object.keys(drive)
    .filter((key) => matches(key, type))
    .sort((a, b) => b.length - a.length)[0];
