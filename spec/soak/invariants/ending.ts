import { isDeepStrictEqual } from 'node:util';
import type { ServerSummary } from '../../../server/index';
import { faultsOf, isFaultless } from '../program';
import { endedInOrder, type Run } from '../run';

/** Whether a server may fail because it can't listen on its port again for want of a descriptor. */
const mayFail = ({ program }: Run): boolean => faultsOf(program).some(({ descriptors }) => descriptors !== undefined);

/** The shutdown ends within its time, even with faults. */
export function* shutdownEnds(run: Run): Iterable<string> {
  const { s, told, deadline, endedAt } = run;
  const { status, error } = s.server.getSnapshot() as { status: string; error: unknown };
  if (told.has('stop') && status === 'stopped') return;
  if (status === 'error') {
    const { code } = (error ?? {}) as { code?: string };
    if (!(mayFail(run) && code === 'EMFILE')) yield `the server has ended in ${String(error)}`;
    return;
  }
  if (status !== 'done') yield `the server was to be done, but is ${status}`;
  if (endedAt === undefined) yield 'server.shutdown was to be emitted, but never was';
  else if (endedAt > deadline) {
    yield `the shutdown was to end by ${String(deadline)} ms, but has at ${String(endedAt)} ms`;
  }
}

/** A server that is left alone listens, unless it was told not to. */
export function* restingServersListen({ rest }: Run): Iterable<string> {
  if (rest === undefined) return;
  const mayListen = !/suspended|refusing/.test(rest.state);
  if (rest.isListening !== mayListen)
    yield `in ${rest.state} the port ${rest.isListening ? 'listens' : 'does not listen'}`;
}

/** `server.draining` and `server.shutdown` are emitted once each, and `server.shutdown` is the last event. */
export function* shutdownIsToldOnce(run: Run): Iterable<string> {
  const types = run.emitted.map(({ type }) => type);
  for (const type of ['server.draining', 'server.shutdown'] as const) {
    const times = types.filter((other) => other === type).length;
    if (times > 1 || (times === 0 && endedInOrder(run))) yield `${type} was told ${String(times)} times`;
  }
  if (endedInOrder(run) && types.at(-1) !== 'server.shutdown') yield `${String(types.at(-1))} was told behind the end`;
}

/** The summary agrees with the events. */
export function* summaryAddsUp(run: Run): Iterable<string> {
  const { emitted } = run;
  const shutdown = emitted.find((event) => event.type === 'server.shutdown');
  if (shutdown === undefined) return;
  const { type, ...summary } = shutdown;
  const { output } = run.s.server.getSnapshot() as { output: ServerSummary };
  if (!isDeepStrictEqual(output, summary)) {
    yield `the output is ${JSON.stringify(output)}, but server.shutdown told ${JSON.stringify(summary)}`;
  }
  const closed = emitted.flatMap((event) => (event.type === 'connection.closed' ? [event] : []));
  const drainsFrom = emitted.findIndex((event) => event.type === 'server.draining');
  const reasons: Partial<Record<string, number>> = {};
  for (const { reason } of closed) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const expected = {
    connections: emitted.filter((event) => event.type === 'connection.opened').length,
    rejected: emitted.filter((event) => event.type === 'connection.rejected').length,
    bytesIn: closed.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
    bytesOut: closed.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    reasons,
    drained: closed.filter((event) => emitted.indexOf(event) > drainsFrom).map(({ type: _, ...each }) => each),
  };
  const { durationMs, ...found } = summary;
  if (!isDeepStrictEqual(found, expected)) {
    yield `the summary was to be ${JSON.stringify(expected)}, but is ${JSON.stringify(found)}`;
  }
}

/** At the moment of the server's end nothing is left of it: no actor, no port, no socket. */
export function* serverLeavesNothing({ program, leftByServer }: Run): Iterable<string> {
  // with latency, bytes on their way to clients have timers, too
  const isStill = isFaultless(program) && program.network.latency === 0;
  const ofServer = /^(actor|server on|connection 127\.0\.0\.1:1601 to)/;
  const left = leftByServer.filter((line) => ofServer.test(line) || (isStill && line.endsWith('timers')));
  if (left.length > 0) yield `the server has left ${left.join(', ')}`;
}

/** Once the clients have left too, nothing at all is left. */
export function* nothingIsLeft({ left }: Run): Iterable<string> {
  if (left.length > 0) yield `left over: ${left.join(', ')}`;
}

/** Nothing is printed, no error is unhandled, and no timer of the system is used. */
export function* nothingIsUnhandled({ incidents }: Run): Iterable<string> {
  yield* incidents;
}
