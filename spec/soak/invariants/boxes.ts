import { bytesText } from '../../../server/testing/scenario/bytesText';
import { endedInOrder, type Run } from '../run';

/** The messages that were put into SingleServer's inbox, without those that it has handed back. */
function accepted({ inbox, emitted }: Run): Buffer[] {
  const refused = new Set<unknown>(
    emitted.flatMap((event) => (event.type === 'signal.noSpaceInBox' && event.refused ? [event.refused] : [])),
  );
  return inbox.filter((data) => data.length > 0 && !refused.has(data));
}

/**
 * The messages in SingleServer's inbox go to its clients in order. Each message goes to one client, and none to two. If
 * a connection breaks, the rest of its messages is lost.
 */
export function* inboxGoesToOneClientAfterTheOther(run: Run): Iterable<string> {
  const messages = accepted(run);
  let at = 0;
  for (const { info, kind, client, closed } of run.connections) {
    if (kind !== undefined || client === undefined || client.received.length === 0) continue;
    const { received } = client;
    const isWhole = closed?.reason === 'handlerFinished' && client.hasSeenEnd;
    // a short message can equal the beginning of another, so all places must be tried
    const place = [...messages.keys()].find((i) => i >= at && fits(received, messages.slice(i), isWhole));
    if (place === undefined) {
      yield `the client of ${info.id} got ${bytesText(received)}, which isn't what waited for it`;
      return;
    }
    at = place + countIn(received.length, messages.slice(place));
  }
}

/** Whether bytes are the beginning of the messages. With `isWhole`, the last message must not be cut. */
function fits(bytes: Buffer, messages: readonly Buffer[], isWhole: boolean): boolean {
  const all = Buffer.concat(messages);
  if (!all.subarray(0, bytes.length).equals(bytes)) return false;
  const taken = messages.slice(0, countIn(bytes.length, messages));
  return !isWhole || Buffer.concat(taken).length === bytes.length;
}

/** The number of messages that contain the first `bytes` bytes, whole or in part. */
function countIn(bytes: number, messages: readonly Buffer[]): number {
  let [count, length] = [0, 0];
  for (; length < bytes; count += 1) length += messages[count]?.length ?? 0;
  return count;
}

/** Unless a connection breaks, no message of the inbox is lost: a client has it, or it was handed back. */
export function* inboxIsNeverLost(run: Run): Iterable<string> {
  const { connections, program } = run;
  const areWhole = connections.every(({ client, closed }) => {
    const reason = closed?.reason;
    const isFlushed = reason === 'peerClosed' || reason === 'handlerFinished' || reason === 'serverShutdown';
    return isFlushed && client?.hasSeenEnd === true;
  });
  if (program.handlers.length > 0 || !areWhole || !endedInOrder(run)) return;
  const expected = Buffer.concat(accepted(run));
  const found = Buffer.concat(connections.map(({ client }) => client?.received ?? Buffer.alloc(0)));
  if (!found.equals(expected)) {
    yield `the clients got ${String(found.length)} of ${String(expected.length)} bytes that were taken on inbox`;
  }
}

/** `signal.producerFinished` follows right after each connection's close. */
export function* endsAreSignalled({ program, emitted }: Run): Iterable<string> {
  if (program.server !== 'singleServer') return;
  for (const [i, event] of emitted.entries()) {
    if (event.type !== 'connection.closed') continue;
    const next = emitted[i + 1];
    if (next?.type !== 'signal.producerFinished' || next.id !== event.id) {
      yield `behind the close of ${event.id} comes ${next?.type ?? 'nothing'} instead of signal.producerFinished`;
    }
  }
}
