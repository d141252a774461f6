import type { EventObject } from 'xstate';
import type { ServerContext } from './context/serverContext';
import type { ServerCoreEvent, ServerEmitted, SingleServerEvent } from './events';

/** What an action or a guard that both servers have works with: what the server keeps, and the event that has come. */
export interface ServerStep<TContext extends ServerContext = ServerContext> {
  readonly context: TContext;
  readonly event: EventObject;
}

/** The part of XState's `enqueue` that an action needs which both keeps something and tells something. */
export interface ServerEnqueue {
  readonly enqueue: {
    assign(changes: Partial<Pick<ServerContext, 'address' | 'queue' | 'tally'>>): void;
    emit(event: ServerEmitted): void;
  };
}

type ServerEvent = ServerCoreEvent | SingleServerEvent;

/**
 * The event of a step, which is of this type, or of the other one: the charts run the action in no other case.
 * @throws TypeError when a chart runs the action for another event
 */
export function eventOf<TType extends ServerEvent['type']>(
  { event }: Pick<ServerStep, 'event'>,
  type: TType,
  other: TType = type,
): Extract<ServerEvent, { type: TType }> {
  if (event.type !== type && event.type !== other) throw new TypeError(`${event.type} came in place of ${type}`);
  return event as unknown as Extract<ServerEvent, { type: TType }>;
}
