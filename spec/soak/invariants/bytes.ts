import type { CloseReason } from '../../../server/index';
import { bytesText, firstDifference } from '../../../server/testing/scenario/bytesText';
import { isFaultless } from '../program';
import { heardBy, type Run } from '../run';

/** The reasons for which a connection closes only after all bytes of its handler have left. */
const flushed: ReadonlySet<CloseReason> = new Set(['handlerFinished', 'peerClosed', 'serverShutdown']);

/** How `found` differs from the beginning of `expected`, or from all of it if `isWhole`; undefined if it doesn't. */
function difference(found: Buffer, expected: Buffer, isWhole: boolean): string | undefined {
  const at = firstDifference(found, expected);
  const length = `${String(found.length)} of ${String(expected.length)} bytes`;
  if (at < found.length) {
    const [one, other] = [found, expected].map((bytes) => bytesText(bytes.subarray(at, at + 20)));
    return `${length}; at byte ${String(at)} ${one ?? ''} instead of ${other ?? ''}`;
  }
  return isWhole && found.length < expected.length ? `${length} only` : undefined;
}

/** A handler gets the beginning of the client's bytes, and all of them when the client has ended its side. */
export function* handlersGetWhatClientsSend({ connections }: Run): Iterable<string> {
  for (const connection of connections) {
    const { info, client, closed } = connection;
    const received = heardBy(connection);
    if (client === undefined || received === undefined) continue;
    const found = difference(received, client.sent, closed?.reason === 'peerClosed' && !client.hasGone);
    if (found !== undefined) yield `the handler of ${info.id} got ${found}`;
  }
}

/** A client gets the beginning of the handler's bytes, and all of them when they were flushed. */
export function* clientsGetWhatHandlersSay({ connections }: Run): Iterable<string> {
  for (const { info, record, client, closed } of connections) {
    if (client === undefined || record === undefined) continue;
    const isFlushed = closed !== undefined && flushed.has(closed.reason);
    const found = difference(client.received, record.said, isFlushed && client.hasSeenEnd);
    if (found !== undefined) yield `the client of ${info.id} got ${found}`;
  }
}

/** Without faults, all bytes between a client and a handler that both read arrive in the end. */
export function* nothingGetsStuck({ program, rest }: Run): Iterable<string> {
  if (!isFaultless(program)) return;
  for (const { id, sent, heard, said, received, isPatient } of rest?.connections ?? []) {
    if (!isPatient) continue;
    const [stuckIn, stuckOut] = [difference(heard ?? sent, sent, true), difference(received, said ?? received, true)];
    if (stuckIn !== undefined) yield `the handler of ${id} has after some minutes got ${stuckIn}`;
    if (stuckOut !== undefined) yield `the client of ${id} has after some minutes got ${stuckOut}`;
  }
}

/** Without faults, a client that waits sees the end of a connection that was flushed. */
export function* clientsSeeTheEnd(run: Run): Iterable<string> {
  const { program, connections, told } = run;
  if (!isFaultless(program)) return;
  const { lingerTimeout = 2_000 } = program.options;
  // without latency and without a cut, the client sees the end before a reset can answer bytes that it sent too late
  const isGentle = program.network.latency === 0 && lingerTimeout > 0 && told.size === 0;
  for (const { info, client, closed } of connections) {
    if (client === undefined || closed === undefined) continue;
    if (!client.isPatient && !(isGentle && client.isReading)) continue;
    if (flushed.has(closed.reason) && !client.hasSeenEnd)
      yield `${info.id} closed with ${closed.reason}, but its client never saw the end`;
  }
}

/** A client that never became a connection gets no bytes, not even those for another client. */
export function* strangersGetNothing({ clients, emitted }: Run): Iterable<string> {
  const known = new Set(
    emitted.flatMap((event) => {
      if (event.type === 'connection.opened') return [event.peerport];
      return event.type === 'connection.rejected' && event.info !== undefined ? [event.info.peerport] : [];
    }),
  );
  for (const { name, port, received } of clients) {
    if (!known.has(port) && received.length > 0) yield `${name} was never accepted, but got ${bytesText(received)}`;
  }
}

/** The byte counts at a connection's close agree with the bytes that its ends got. */
export function* closesCountBytes({ connections }: Run): Iterable<string> {
  for (const connection of connections) {
    const { info, client, record, closed } = connection;
    if (closed === undefined) continue;
    const { bytesIn, bytesOut } = closed;
    const received = heardBy(connection)?.length ?? 0;
    if (bytesIn < received)
      yield `${info.id} counts ${String(bytesIn)} bytes in, but its handler got ${String(received)}`;
    if (record !== undefined && bytesOut > record.said.length) {
      yield `${info.id} counts ${String(bytesOut)} bytes out, but its handler said ${String(record.said.length)}`;
    }
    if (client === undefined) continue;
    const { sent, received: got, hasSeenEnd, hasGone } = client;
    if (bytesIn > sent.length) yield `${info.id} counts ${String(bytesIn)} bytes in of ${String(sent.length)} sent`;
    if (closed.reason === 'peerClosed' && !hasGone && bytesIn !== sent.length) {
      yield `${info.id} has read to the end, and counts ${String(bytesIn)} bytes in of ${String(sent.length)} sent`;
    }
    if (bytesOut < got.length || (hasSeenEnd && bytesOut !== got.length)) {
      yield `${info.id} counts ${String(bytesOut)} bytes out, but its client got ${String(got.length)}`;
    }
  }
}
