/**
 * What both servers do about clients that come, wait, are turned away, or leave. Each chart names these functions in its
 * `setup`, so that the chart reads the same and the work is written once.
 */
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import { admit, identify, leave, refusal, refusalOfIdentified } from './context/admission';
import type { ServerContext } from './context/serverContext';
import { addRejected } from './context/tally';
import type { RejectReason, ServerEmitted } from './events';
import { eventOf, type ServerEnqueue, type ServerStep } from './serverStep';
import type { ClosedConnection } from './vocabulary/connectionTypes';

/** Why {@link reject} turns a client away: `unwelcome` stands for the reason that {@link isUnwelcome} has found. */
export interface Rejection {
  readonly reason: RejectReason | 'unwelcome';
}

/** The client that the listener has just accepted: each server hears of it in a box of its own. */
const newCSA = (step: ServerStep): ConnectedSocketAdapter =>
  eventOf(step, '_socketactivity.newCSA', '_oobinfo.newCSA').CSA;

/** Whether an event brings a client that the listener has just accepted. */
const bringsCSA = ({ event: { type } }: ServerStep): boolean =>
  type === '_socketactivity.newCSA' || type === '_oobinfo.newCSA';

/** The client that comes, or else the one that has waited longest. */
export function comer(step: ServerStep): ConnectedSocketAdapter {
  const CSA = bringsCSA(step) ? newCSA(step) : step.context.queue[0];
  if (CSA === undefined) throw new TypeError(`${step.event.type} brings no client`);
  return CSA;
}

/** Whether the client that comes is refused for what it is, however many places there are. */
export const isUnwelcome = (step: ServerStep): boolean =>
  bringsCSA(step) && refusal(step.context, newCSA(step)) !== undefined;

/** Turns the client away that comes. */
export function reject(step: ServerStep & ServerEnqueue, { reason }: Rejection): void {
  const { context, enqueue } = step;
  const CSA = newCSA(step);
  // an unwelcome client gets no farewell: that would take bytes, and a descriptor for as long as the client takes to read
  CSA.reject(reason === 'unwelcome' || reason === 'descriptors' ? undefined : context.options);
  enqueue.assign({ tally: addRejected(context.tally, 1) });
  const why = reason === 'unwelcome' ? (refusal(context, CSA) ?? 'denied') : reason;
  enqueue.emit({ type: 'connection.rejected', reason: why, info: CSA.info });
}

/** Has the client that comes wait for its turn. */
export function withQueued(step: ServerStep): Pick<ServerContext, 'queue' | 'admission'> {
  const CSA = newCSA(step);
  return { queue: [...step.context.queue, CSA], admission: admit(step.context, CSA) };
}

/** Turns all clients away that wait for their turn. */
export function rejectQueued({ context, enqueue }: ServerStep & ServerEnqueue): void {
  for (const CSA of context.queue) {
    CSA.reject();
    leave(context, CSA);
    enqueue.emit({ type: 'connection.rejected', reason: 'serverShutdown', info: CSA.info });
  }
  enqueue.assign({ queue: [], tally: addRejected(context.tally, context.queue.length) });
}

/** Whether the client that a proxy has brought is refused. */
export const isUnwelcomeAfterAll = (step: ServerStep): boolean =>
  step.event.type === '_CSA.identified' &&
  refusalOfIdentified(step.context, eventOf(step, '_CSA.identified').CSA) !== undefined;

/** Counts the client that a proxy has brought for the client's own address, whether it is refused or not. */
export function countIdentified(step: ServerStep): void {
  identify(step.context, eventOf(step, '_CSA.identified').CSA);
}

/** The id of the client that a proxy has brought. */
export const identifiedId = (step: ServerStep): string => eventOf(step, '_CSA.identified').CSA.info.id;

/** Tells why the client that a proxy has brought is refused. */
export function tellRejected(step: ServerStep & ServerEnqueue): void {
  const { CSA } = eventOf(step, '_CSA.identified');
  const reason = refusalOfIdentified(step.context, CSA);
  if (reason !== undefined) step.enqueue.emit({ type: 'connection.rejected', reason, info: CSA.info });
}

/** A connection has got through its PROXY header and its TLS handshake. */
export const opened = (step: ServerStep): ServerEmitted => ({
  type: 'connection.opened',
  ...eventOf(step, '_CSA.opened').CSA.info,
});

/** How the connection ended whose end has come. */
export function closedIn(step: ServerStep): ClosedConnection {
  const { type, CSA, ...closed } = eventOf(step, '_socketactivity.shutdownCSA', '_oobinfo.shutdownCSA');
  return closed;
}

/** Keeps how a connection ended while the server drains. */
export function noteDrained(step: ServerStep): void {
  step.context.tally.drained.push(closedIn(step));
}
