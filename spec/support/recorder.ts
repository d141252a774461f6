import { fromCallback, type AnyActorLogic } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted, ProtocolEvent } from '../../server/index';

/** One connection's handler: what it was told so far, and a way to emit in its name. */
export interface Recorded {
  readonly info: ConnectionInfo;
  readonly events: readonly ProtocolEvent[];
  /** What it was told beside bytes. */
  readonly controls: readonly ProtocolEvent[];
  readonly emit: (event: ProtocolEmitted) => void;
  /** Emits `outbox`. */
  readonly write: (data: Uint8Array | string) => void;
}

/** A protocol for specs: its handlers remember everything, and do what the spec says. */
export class Recorder {
  /** One for each connection, in the order of their start. */
  readonly handlers: Recorded[] = [];
  readonly #react: ((event: ProtocolEvent, handler: Recorded) => void) | undefined;

  /** @param react - what a handler does about an event */
  constructor(react?: (event: ProtocolEvent, handler: Recorded) => void) {
    this.#react = react;
  }

  /** The handler of the connection that came first. */
  get first(): Recorded {
    const [first] = this.handlers;
    if (first === undefined) throw new Error('No handler has started yet');
    return first;
  }

  readonly protocol = (info: ConnectionInfo): AnyActorLogic =>
    fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ emit, receive }) => {
      const events: ProtocolEvent[] = [];
      const handler: Recorded = {
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
