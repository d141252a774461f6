import { fromCallback, type AnyActorLogic } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted, ProtocolEvent } from '../../server/index';

/** The handler of one connection: the events that it got so far, and functions that emit in its name. */
export interface RecordedHandler {
  readonly info: ConnectionInfo;
  readonly events: readonly ProtocolEvent[];
  /** The events without `inbox`. */
  readonly controls: readonly ProtocolEvent[];
  readonly emit: (event: ProtocolEmitted) => void;
  /** Emits `outbox` with these bytes. */
  readonly write: (data: Uint8Array | string) => void;
}

/** A protocol for specs. Its handlers record all events, and do what the spec says. */
export class Recorder {
  /** The handlers of all connections, in the order in which they started. */
  readonly handlers: RecordedHandler[] = [];
  readonly #react: ((event: ProtocolEvent, handler: RecordedHandler) => void) | undefined;

  /** @param react - called for each event that a handler gets */
  constructor(react?: (event: ProtocolEvent, handler: RecordedHandler) => void) {
    this.#react = react;
  }

  /** The handler that started first. */
  get first(): RecordedHandler {
    const [first] = this.handlers;
    if (first === undefined) throw new Error('No handler has started yet');
    return first;
  }

  readonly protocol = (info: ConnectionInfo): AnyActorLogic =>
    fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive }) => {
      const events: ProtocolEvent[] = [];
      const handler: RecordedHandler = {
        info,
        events,
        get controls() {
          return events.filter(({ type }) => type !== 'inbox');
        },
        emit,
        write: (data) => {
          emit({ type: 'outbox', data });
        },
      };
      this.handlers.push(handler);
      receive((event) => {
        events.push(event);
        this.#react?.(event, handler);
      });
    });
}

/** All bytes that a handler got. */
export function bytesOf(events: readonly ProtocolEvent[]): Buffer {
  return Buffer.concat(events.flatMap((event) => (event.type === 'inbox' ? [event.data] : [])));
}
