/**
 * What both servers do with their clients: they take them, turn them away, and see them leave. `queueParts.ts` has
 * the clients that wait. Both charts call these functions in their `setup`, so the work is written once.
 */
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import { identify, refusal, refusalOfIdentified } from './context/admission';
import { addRejected } from './context/tally';
import type { RejectReason, ServerEmitted } from './events';
import { eventOf, type ServerEnqueue, type ServerStep } from './serverStep';
import type { ClosedConnection } from './vocabulary/connectionTypes';

/** Why {@link reject} turns a client away. `unwelcome` stands for the reason that {@link isUnwelcome} has found. */
export interface Rejection {
  readonly reason: RejectReason | 'unwelcome';
}

/** The client that the listener has just accepted. Each of the two servers has its own box for new clients. */
export const newCSA = (step: ServerStep): ConnectedSocketAdapter =>
  eventOf(step, '_socketactivity.newCSA', '_oobinfo.newCSA').CSA;

/** Whether an event brings a client that the listener has just accepted. */
export const bringsCSA = ({ event: { type } }: ServerStep): boolean =>
  type === '_socketactivity.newCSA' || type === '_oobinfo.newCSA';

/** Whether the new client is refused for another reason than a lack of places (`refusal` has the reasons). */
export const isUnwelcome = (step: ServerStep): boolean =>
  bringsCSA(step) && refusal(step.context, newCSA(step)) !== undefined;

/** Turns the new client away. */
export function reject(step: ServerStep & ServerEnqueue, { reason }: Rejection): void {
  const { context, enqueue } = step;
  const CSA = newCSA(step);
  // no farewell in these cases: it costs bytes, and a client that reads slowly keeps its descriptor
  CSA.reject(reason === 'unwelcome' || reason === 'descriptors' ? undefined : context.options);
  enqueue.assign({ tally: addRejected(context.tally, 1) });
  const why = reason === 'unwelcome' ? (refusal(context, CSA) ?? 'denied') : reason;
  enqueue.emit({ type: 'connection.rejected', reason: why, info: CSA.info });
}

/** Whether the client behind a proxy is refused, now that the PROXY header has named it. */
export const isUnwelcomeAfterAll = (step: ServerStep): boolean =>
  step.event.type === '_CSA.identified' &&
  refusalOfIdentified(step.context, eventOf(step, '_CSA.identified').CSA) !== undefined;

/**
 * Counts the connection for the address of the client behind the proxy. A refused client counts too: when its
 * connection ends, `leave` takes it from the count again.
 */
export function countIdentified(step: ServerStep): void {
  identify(step.context, eventOf(step, '_CSA.identified').CSA);
}

/** The id of the connection whose client the PROXY header has named. */
export const identifiedId = (step: ServerStep): string => eventOf(step, '_CSA.identified').CSA.info.id;

/** Emits why the client behind a proxy is refused. */
export function tellRejected(step: ServerStep & ServerEnqueue): void {
  const { CSA } = eventOf(step, '_CSA.identified');
  const reason = refusalOfIdentified(step.context, CSA);
  if (reason !== undefined) step.enqueue.emit({ type: 'connection.rejected', reason, info: CSA.info });
}

/** The event for a connection that has its PROXY header and its TLS handshake behind it. */
export const openedEvent = (step: ServerStep): ServerEmitted => ({
  type: 'connection.opened',
  ...eventOf(step, '_CSA.opened').CSA.info,
});

/** How the connection of this event ended. */
export function closedConnection(step: ServerStep): ClosedConnection {
  const { type, CSA, ...closed } = eventOf(step, '_socketactivity.shutdownCSA', '_oobinfo.shutdownCSA');
  return closed;
}

/** Adds the connection of this event to those that ended while the server drains. */
export function noteDrained(step: ServerStep): void {
  step.context.tally.drained.push(closedConnection(step));
}
