import type { EventObject } from 'xstate';
import { beginningOf } from './beginningOf';
import { project, secretKeys } from './projection';
import type { Shown, ShownEvent } from '../records';

/** What a hub shows of the values in its systems. */
export interface HubOptions {
  /**
   * Whether to show the contexts of machines, and the state of `fromTransition` actors.
   * @defaultValue false
   */
  readonly context?: boolean;
  /**
   * Whether to show all that events carry beside their type, such as a client's bytes, and the messages of errors.
   * @defaultValue false
   */
  readonly payloads?: boolean;
  /**
   * Keys whose values are never shown, at any depth.
   * @defaultValue those that look like passwords, tokens, keys and cookies
   */
  readonly redact?: RegExp;
}

/** Characters of a name, an event's type, or an error's line. */
const longestName = 200;

/** The beginning of a name. Event types and ids may come from peers, so they may be of any length. */
export function clip(name: unknown): string {
  // a caller in JavaScript may give something else than a text
  if (typeof name !== 'string') return typeof name;
  const beginning = beginningOf(name, longestName);
  return beginning.length < name.length ? `${beginning}…` : beginning;
}

/** Makes the part of a context, an event or an error that may be shown. */
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

  /** An error in one line. Its message counts as payload, since a message may quote anything. */
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
