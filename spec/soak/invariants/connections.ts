import type { CloseReason, SingleServerEmitted } from '../../../server/index';
import { faultsOf, isFaultless } from '../program';
import { endedInOrder, type Connection, type Run } from '../run';

const numberOf = (id: string): number => Number(id.slice(id.indexOf(':') + 1));

type EmittedOf<TType extends SingleServerEmitted['type']> = Extract<SingleServerEmitted, { type: TType }>;

const all = <TType extends SingleServerEmitted['type']>({ emitted }: Run, type: TType): EmittedOf<TType>[] =>
  emitted.filter((event): event is EmittedOf<TType> => event.type === type);

/** Every client that was accepted is either opened or rejected, exactly once. */
export function* clientsAreOpenedOrRejectedOnce(run: Run): Iterable<string> {
  const ids = [
    ...all(run, 'connection.opened').map(({ id }) => id),
    ...all(run, 'connection.rejected').map(({ info }) => info?.id ?? 'nobody'),
  ];
  const last = Math.max(0, ...ids.map(numberOf));
  for (let number = 1; number <= last; number += 1) {
    const id = `connection:${String(number)}`;
    const times = ids.filter((other) => other === id).length;
    // a stopped server doesn't report the clients that still wait
    if (times > 1 || (times === 0 && endedInOrder(run))) {
      yield `${id} was to be opened or rejected once, but was ${String(times)} times`;
    }
  }
}

/** Clients are served in the order in which they came. */
export function* clientsAreOpenedInOrder(run: Run): Iterable<string> {
  const ids = run.connections.map(({ info }) => info.id);
  for (const [i, id] of ids.entries()) {
    const before = ids[i - 1];
    if (before !== undefined && numberOf(before) >= numberOf(id)) yield `${id} was opened behind ${before}`;
  }
}

/** Every connection that was opened is closed exactly once, and no other is closed. */
export function* connectionsAreClosedOnce(run: Run): Iterable<string> {
  const closed = all(run, 'connection.closed').map(({ id }) => id);
  const opened = new Set(run.connections.map(({ info }) => info.id));
  for (const id of new Set([...opened, ...closed])) {
    const times = closed.filter((other) => other === id).length;
    if (times > 1 || (times === 0 && endedInOrder(run))) {
      yield `${id} was to be closed once, but was ${String(times)} times`;
    }
    if (!opened.has(id)) yield `${id} was closed, but never opened`;
  }
}

/** `connection.failed` is emitted exactly for the connections that close with handlerFailed. */
export function* failuresAreTold(run: Run): Iterable<string> {
  const failed = all(run, 'connection.failed').map(({ id }) => id);
  for (const { info, closed } of run.connections) {
    const times = failed.filter((id) => id === info.id).length;
    const expected = closed?.reason === 'handlerFailed' ? 1 : 0;
    if (closed !== undefined && times !== expected) {
      yield `${info.id} closed with ${closed.reason}, and connection.failed was told ${String(times)} times`;
    }
  }
}

/** Every crash is reported, and nothing is reported as a crash that wasn't one. */
export function* crashesFail({ connections }: Run): Iterable<string> {
  for (const { info, record, closed } of connections) {
    if (closed === undefined || record === undefined) continue;
    const hasFailed = closed.reason === 'handlerFailed';
    const mayFail = record.hasCrashed || record.hasMisspoken;
    if (hasFailed && !mayFail) yield `${info.id} closed with handlerFailed, but its handler has not crashed`;
    if (!hasFailed && record.hasCrashed) yield `${info.id} closed with ${closed.reason}, but its handler has crashed`;
  }
}

/** A connection closes only for a reason that the run gave. */
export function* reasonsArePossible(run: Run): Iterable<string> {
  for (const connection of run.connections) {
    const { info, closed } = connection;
    if (closed === undefined) continue;
    const why = excuses[closed.reason];
    if (why === undefined) yield `${info.id} closed with ${closed.reason}, which nothing here leads to`;
    else if (!why(connection, run)) yield `${info.id} closed with ${closed.reason}, but nothing has led to that`;
  }
}

const breaks = (run: Run): boolean =>
  faultsOf(run.program).some(({ reset = 0, writeError = 0 }) => reset > 0 || writeError > 0);

/** For each reason: what must have happened before a connection closes with it. */
const excuses: Readonly<Partial<Record<CloseReason, (connection: Connection, run: Run) => boolean>>> = {
  peerClosed: ({ client }) => client === undefined || client.hasEnded || client.hasGone,
  handlerFinished: ({ record }, { told }) => (record === undefined ? told.has('producerFinished') : record.hasFinished),
  // crashesFail checks this
  handlerFailed: () => true,
  serverShutdown: (_, { emitted }) => emitted.some(({ type }) => type === 'server.draining'),
  slowConsumer: ({ client }, { program }) => {
    const { writeTimeout = 30_000, maxBufferedBytes } = program.options;
    const isPrompt = client?.isPatient === true && isFaultless(program) && writeTimeout > 2 * program.network.latency;
    return maxBufferedBytes !== undefined || !isPrompt;
  },
  reset: ({ client }, run) => client === undefined || client.hasGone || client.error !== undefined || breaks(run),
  aborted: ({ record }, { told, emitted }) =>
    record?.hasAborted === true ||
    told.has('shutdownMicroprocess') ||
    emitted.some(({ type }) => type === 'server.draining'),
};

/** After a rest, a client that takes no bytes has been cut, and connections that were closing have closed. */
export function* restingConnectionsFlow({ program, rest }: Run): Iterable<string> {
  if (!isFaultless(program)) return;
  for (const { id, state } of rest?.connections ?? []) {
    if (!/^open\.(flowing|peerEnded)$/.test(state)) yield `${id} is after some minutes still in ${state}`;
  }
}

/** A handler is told of its connection's end at most once, and gets no event after that. */
export function* handlersHearTheEndLast({ connections }: Run): Iterable<string> {
  for (const { info, record } of connections) {
    const heard = record?.heard.map(({ type }) => type) ?? [];
    const at = heard.indexOf('control.socketShutdown');
    if (at >= 0 && at < heard.length - 1) yield `${info.id} heard ${heard.slice(at).join(', ')}`;
  }
}

/** A client that is turned away is told why, if the server has something to say. */
export function* rejectedClientsGetTheReply(run: Run): Iterable<string> {
  const { busyReply = '', lingerTimeout = 2_000 } = run.program.options;
  // no shutdown comes in between, and nothing takes time
  const isGentle =
    run.rest !== undefined && run.program.network.latency === 0 && lingerTimeout > 0 && isFaultless(run.program);
  for (const { reason, info } of all(run, 'connection.rejected')) {
    const client = run.clients.find(({ port }) => port === info?.peerport);
    if (info === undefined || client === undefined) continue;
    const received = client.received.toString();
    const wasQueued = reason === 'serverShutdown';
    const isWhole = received === busyReply || (wasQueued && received === '');
    const isPart = String(busyReply).startsWith(received);
    const mustSeeEnd = isGentle && client.isReading && reason !== 'serverShutdown' && busyReply !== '';
    if (mustSeeEnd && !client.hasSeenEnd) yield `${info.id} was rejected, and its client never saw the end`;
    const mustBeWhole = client.hasSeenEnd || mustSeeEnd;
    if (!(mustBeWhole ? isWhole : isPart)) {
      yield `${info.id} was rejected, and was to receive ${JSON.stringify(busyReply)}, but has ${JSON.stringify(received)}`;
    }
  }
}
