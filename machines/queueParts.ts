/** What both servers do with the clients that wait for a place (`whenBusy: 'queue'`). */
import { bringsCSA, newCSA } from './admissionParts';
import type { ConnectedSocketAdapter } from './connectedSocketAdapter';
import { admit, leave } from './context/admission';
import type { ServerContext } from './context/serverContext';
import { addRejected } from './context/tally';
import type { ServerEnqueue, ServerStep } from './serverStep';

/** The client that gets the next place: the new client, or else the first one in the queue. */
export function nextClient(step: ServerStep): ConnectedSocketAdapter {
  const CSA = bringsCSA(step) ? newCSA(step) : step.context.queue[0];
  if (CSA === undefined) throw new TypeError(`${step.event.type} brings no client`);
  return CSA;
}

/** The queue and the admission once the new client has joined the queue. */
export function withQueued(step: ServerStep): Pick<ServerContext, 'queue' | 'admission'> {
  const CSA = newCSA(step);
  return { queue: [...step.context.queue, CSA], admission: admit(step.context, CSA) };
}

/** Turns away every client in the queue. */
export function rejectQueued({ context, enqueue }: ServerStep & ServerEnqueue): void {
  for (const CSA of context.queue) {
    CSA.reject();
    leave(context, CSA);
    enqueue.emit({ type: 'connection.rejected', reason: 'serverShutdown', info: CSA.info });
  }
  enqueue.assign({ queue: [], tally: addRejected(context.tally, context.queue.length) });
}
