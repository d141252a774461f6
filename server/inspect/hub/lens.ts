import type { EventObject } from 'xstate';
import { beginningOf } from './beginningOf';
import { project, secretKeys } from './projection';
import type { Shown, ShownEvent } from '../wire';

/** What a hub may show of the values that pass through its systems. */
export interface HubOptions {
  /**
   * Whether to show the contexts of machines, and the state of `fromTransition` actors.
   * @defaultValue false
   */
  readonly context?: boolean;
  /**
   * Whether to show what events carry beside their type, bytes among it, and the messages of errors.
   * @defaultValue false
   */
  readonly payloads?: boolean;
  /**
   * Keys whose values are never shown, at any depth.
   * @defaultValue those that look like passwords, tokens, keys and cookies
   */
  readonly redact?: RegExp;
}

const longestName = 200;

/** A name that fits in a line: event types and ids may come from peers. */
export function clip(name: unknown): string {
  // JavaScript lets through what TypeScript wouldn't
  if (typeof name !== 'string') return typeof name;
  const beginning = beginningOf(name, longestName);
  return beginning.length < name.length ? `${beginning}…` : beginning;
}

/** Makes of contexts, events and errors what may be shown of them. */
export class Lens {
  readonly context: boolean;
  readonly payloads: boolean;
  readonly #redact: RegExp;

  constructor({ context = false, payloads = false, redact = secretKeys }: HubOptions) {
    this.context = context;
    this.payloads = payloads;
    this.#redact = redact;
  }

  contextOf(context: unknown): { context?: Shown } {
    return this.context && context !== undefined ? { context: project(context, this.#redact) } : {};
  }

  event(event: EventObject): ShownEvent {
    const type = clip(event.type);
    if (!this.payloads) return { type };
    const shown = project(event, this.#redact);
    if (typeof shown !== 'object' || shown === null || Array.isArray(shown)) return { type, payload: shown };
    const { type: _, ...payload } = shown as Readonly<Record<string, Shown>>;
    return Object.keys(payload).length === 0 ? { type } : { type, payload };
  }

  /** What an actor failed with, in one line. A message may quote anything, so it counts as payload. */
  error(error: unknown): string {
    const shown = project(error, this.#redact);
    const text =
      typeof shown === 'object' && shown !== null && '$error' in shown
        ? (shown['$error'] as string).replace(/\s+/g, ' ')
        : undefined;
    if (this.payloads) return text ?? clip(JSON.stringify(shown));
    return text?.split(':')[0] ?? `a thrown ${typeof error}`;
  }
}
