import { inspect } from 'node:util';
import type { AnyActor, AnyActorRef, EventObject, StateValue } from 'xstate';
import { connections } from '../../../actors/registry/connections';
import type { RawInspectionEvent } from '../../../actors/xstate/internals';
import { observe } from '../../../actors/xstate/observe';
import { isParticipant } from '../../../actors/xstate/participant';
import { parentOf } from '../../../actors/xstate/parentOf';
import { isActive } from '../../../actors/xstate/relay';
import { tcpListener } from '../../../actors/listener/tcpListener';
import { isBytes } from '../../../machines/vocabulary/bytes';
import { isMachine } from '../../../machines/vocabulary/logic';
import { oneLine, stateText } from '../../inspect/trace/traceText';
import { isPlainObject } from '../plainObject';
import type { SimulatedClock } from '../simulatedClock';
import { bytesText } from './bytesText';

/** Characters of an event's payload that are shown. */
const mostOfPayload = 120;
/** Width of the names, in characters; a longer one pushes the rest of its line to the right. */
const nameWidth = 24;

/** The logic of actors that only carry messages between others: a reader doesn't want to see them. */
const plumbing = new Set<unknown>([tcpListener, connections]);

/** A line of the trace. */
interface Line {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  /** The change of state that the event has caused, `open → closed`, once the actor has taken the event. */
  change?: string;
}

/** Hears all events that the actors emit. */
type EmitListener = (source: AnyActorRef, event: EventObject) => void;

/** An actor of the system, and the events that it has been sent and has not taken yet. */
interface TracedActor {
  readonly name: string;
  readonly isShown: boolean;
  readonly pending: { readonly event: EventObject; readonly line: Line }[];
  state: string;
}

/** All that happens in a scenario as text: one line each, with the time of the simulated clock. */
export class Trace {
  readonly #clock: SimulatedClock;
  readonly #lines: Line[] = [];
  readonly #actors = new Map<AnyActorRef, TracedActor>();
  #anonymous = 0;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  /** The names of the actors that run. */
  get living(): string[] {
    return [...this.#actors].filter(([actor]) => isActive(actor) && !isParticipant(actor)).map(([, { name }]) => name);
  }

  /** The actor of this name; of several, the last one. */
  actor(name: string): AnyActorRef | undefined {
    return [...this.#actors].findLast(([, traced]) => traced.name === name)?.[0];
  }

  /** Adds a line. */
  note(who: string, what: string): Line {
    const line = { at: this.#clock.now(), who: oneLine(who), what: oneLine(what) };
    this.#lines.push(line);
    return line;
  }

  /** Adds a line that says that an actor has ended in an error. */
  fail(actor: AnyActorRef, error: unknown): void {
    this.note(this.#actors.get(actor)?.name ?? this.#nameOf(actor), `has failed: ${valueText(error)}`);
  }

  /** Adds lines for all that the actors of a system do. Call it before the system is started. */
  observe(root: AnyActor, onEmitted: EmitListener): void {
    observe(root.system, (event) => {
      this.#hear(event, onEmitted);
    });
  }

  /** The lines, or the last so many. */
  toString(last = Infinity): string {
    const texts: { readonly text: string; times: number }[] = [];
    for (const { at, who, what, change } of this.#lines) {
      const shown = change === undefined ? what : `${what}  (${change})`;
      const text = `${String(at).padStart(6)} ms  ${who.padEnd(nameWidth)} ${shown}`;
      const before = texts.at(-1);
      if (before?.text === text) before.times += 1;
      else texts.push({ text, times: 1 });
    }
    return texts
      .slice(-last)
      .map(({ text, times }) => (times === 1 ? text : `${text}  ×${String(times)}`))
      .join('\n');
  }

  #hear(event: RawInspectionEvent, onEmitted: EmitListener): void {
    if (event.type === '@xstate.event') this.#noteEvent(event.actorRef as AnyActorRef, event.event, onEmitted);
    else if (event.type === '@xstate.snapshot') this.#noteSnapshot(event.actorRef as AnyActorRef, event.event);
  }

  #noteEvent(actor: AnyActorRef, event: EventObject, onEmitted: EmitListener): void {
    const traced = this.#actors.get(actor) ?? this.#enter(actor, onEmitted);
    if (!traced.isShown || event.type === 'xstate.init') return;
    const line = this.note(traced.name, eventText(event));
    // a part has no state that could change
    if (!isParticipant(actor)) traced.pending.push({ event, line });
  }

  #noteSnapshot(actor: AnyActorRef, event: EventObject): void {
    const traced = this.#actors.get(actor);
    if (traced === undefined) return;
    const index = traced.pending.findIndex((one) => one.event === event);
    const line = index < 0 ? undefined : traced.pending.splice(0, index + 1).at(-1)?.line;
    const state = stateText((actor.getSnapshot() as { value?: StateValue }).value);
    if (state === traced.state) return;
    if (line === undefined) this.note(traced.name, `starts in ${state}`);
    else line.change = `${traced.state} → ${state}`;
    traced.state = state;
  }

  #enter(actor: AnyActorRef, onEmitted: EmitListener): TracedActor {
    const isShown = !plumbing.has(logicOf(actor));
    const traced: TracedActor = { name: this.#nameOf(actor), isShown, pending: [], state: '' };
    this.#actors.set(actor, traced);
    actor.on('*', (event: EventObject) => {
      this.note(traced.name, `emits ${eventText(event)}`);
      onEmitted(actor, event);
    });
    return traced;
  }

  /** The ids of the actor and those above it, without the root and the plumbing: `connection:1/protocol`. */
  #nameOf(actor: AnyActorRef): string {
    let above = parentOf(actor);
    if (above === undefined) return machineId(actor) ?? 'root';
    const own = actor.id === actor.sessionId ? (machineId(actor) ?? this.#nameless()) : actor.id;
    let next = parentOf(above);
    while (next !== undefined && plumbing.has(logicOf(above))) {
      above = next;
      next = parentOf(above);
    }
    return oneLine(next === undefined ? own : `${this.#actors.get(above)?.name ?? ''}/${own}`);
  }

  #nameless(): string {
    this.#anonymous += 1;
    return `actor ${String(this.#anonymous)}`;
  }
}

const logicOf = (actor: AnyActorRef): unknown => (actor as unknown as { readonly logic?: unknown }).logic;

function machineId(actor: AnyActorRef): string | undefined {
  const logic = logicOf(actor);
  return isMachine(logic) ? logic.id : undefined;
}

/** An event as text: `inbox data: "hello\n"`, `after writeTimeout`. */
function eventText({ type, ...payload }: EventObject): string {
  const [, delay] = /^xstate\.after\.(.+?)\.[^.\d]/.exec(type) ?? [];
  if (delay !== undefined) return `after ${delay}${/^\d/.test(delay) ? ' ms' : ''}`;
  const text = Object.entries(payload)
    .map(([key, value]) => `${key}: ${valueText(value)}`)
    .join(', ');
  return `${type} ${text.length > mostOfPayload ? `${text.slice(0, mostOfPayload)}…` : text}`.trimEnd();
}

/** How many levels of a value are shown. */
const deepest = 2;

/**
 * A value in one line. Errors have no stacks in it: a stack names files of one computer, and a trace may be a
 * snapshot.
 */
function valueText(value: unknown, depth = 0): string {
  if (isBytes(value)) return bytesText(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const { info } = (value ?? {}) as { readonly info?: { readonly id?: unknown } };
  if (typeof info?.id === 'string') return info.id;
  if (depth < deepest && isPlainObject(value)) {
    const entries = Object.entries(value).map(([key, each]) => `${key}: ${valueText(each, depth + 1)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return inspect(value, { depth: 0, breakLength: Infinity, compact: true });
}
