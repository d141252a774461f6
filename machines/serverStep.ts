import type { EventObject } from 'xstate';
import type { ServerContext } from './context/serverContext';
import type { ServerCoreEvent, ServerEmitted, SingleServerEvent } from './events';

/** What an action or a guard of both servers works with: the server's context, and the event that has come. */
export interface ServerStep<TContext extends ServerContext = ServerContext> {
  readonly context: TContext;
  readonly event: EventObject;
}

/** The part of XState's `enqueue` for an action that both changes the context and emits an event. */
export interface ServerEnqueue {
  readonly enqueue: {
    assign(changes: Partial<Pick<ServerContext, 'address' | 'queue' | 'tally'>>): void;
    emit(event: ServerEmitted): void;
  };
}

type ServerEvent = ServerCoreEvent | SingleServerEvent;

/**
 * The event of a step, typed.
 * @param step - the step of an action that the charts run only for events of these two types
 * @param type - the type of the event in one server
 * @param other - the type of the same event in the other server, if that differs
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
