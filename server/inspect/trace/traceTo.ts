import type { Writable } from 'node:stream';
import type { Hub } from '../hub/hub';
import { TraceLines } from './traceLines';

/** How many actors are watched at once. The births and deaths of all others are traced, too. */
const mostTraced = 1_000;
/** Records that become lines at a time. */
const linesAtOnce = 500;

/**
 * Writes what a hub sees to a stream, as text: one line for each event, state change, birth and death, in columns.
 *
 * ```
 * 21:21:22.210  connections/connection:1     → connection:1/protocol        inbox
 * 21:21:22.210  connection:1/protocol        emits                          outbox
 * 21:21:22.212  connection:1/socket          → connections/connection:1     _socketFeedback.inboxEnded
 * 21:21:22.218  connections/connection:1     open.flowing → closed          _socketFeedback.inboxEnded
 * ```
 *
 * A stream that is too slow loses events, and gets a line that says how many.
 * @returns `stop` ends the trace, and leaves the stream open. The trace ends by itself when the stream closes
 */
export function traceTo(hub: Hub, stream: Writable): { stop(): void } {
  const lines = new TraceLines();
  /** Whether the next write is on its way: it comes in the next turn, or when the stream has drained. */
  let isScheduled = false;
  const write = (): void => {
    // the stream has ended or failed, and isn't closed yet
    if (!stream.writable) stop();
    const records = subscription.take(linesAtOnce);
    isScheduled = records.length > 0;
    if (!isScheduled) return;
    const text = records.map((record) => lines.of(record)).filter((line) => line !== undefined);
    if (text.length === 0 || stream.write(`${text.join('\n')}\n`)) setImmediate(write);
    else stream.once('drain', write);
  };
  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(write);
  };
  const stop = (): void => {
    stream.off('drain', write).off('close', stop);
    subscription.leave();
  };
  const subscription = hub.join(schedule);
  subscription.watch([], mostTraced);
  stream.once('close', stop);
  schedule();
  return { stop };
}
