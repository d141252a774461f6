import type { Writable } from 'node:stream';
import type { Hub } from '../hub/hub';
import { TraceLines } from './traceLines';

/** How many actors are traced at once; births and deaths of all are. */
const mostTraced = 1_000;
/** Lines that are made at a time. */
const linesAtOnce = 500;

/**
 * Writes what a hub sees to a stream, as text: one line for each event, state change, birth and death, in columns.
 *
 * ```
 * 09:41:07.215  connections/connection:1   → connection:1/protocol        inbox
 * 09:41:07.215  connection:1/protocol      emits                          outbox
 * 09:41:09.870  connections/connection:1   open.flowing → closed          _socketFeedback.inboxEnded
 * ```
 *
 * A stream that takes less than there is to tell gets a line that says how many events are missing.
 * @returns how to end it; the stream stays open. It ends by itself when the stream closes
 */
export function traceTo(hub: Hub, stream: Writable): { stop(): void } {
  const lines = new TraceLines();
  /** Whether it is settled when to write next: soon, or when the stream has drained. */
  let isSettled = false;
  const write = (): void => {
    // somebody has ended it, but it isn't closed yet
    if (!stream.writable) stop();
    const records = viewer.take(linesAtOnce);
    isSettled = records.length > 0;
    if (!isSettled) return;
    const text = records.map((record) => lines.of(record)).filter((line) => line !== undefined);
    if (text.length === 0 || stream.write(`${text.join('\n')}\n`)) setImmediate(write);
    else stream.once('drain', write);
  };
  const schedule = (): void => {
    if (isSettled) return;
    isSettled = true;
    setImmediate(write);
  };
  const stop = (): void => {
    stream.off('drain', write).off('close', stop);
    viewer.leave();
  };
  const viewer = hub.join(schedule);
  viewer.watch([], mostTraced);
  stream.once('close', stop);
  schedule();
  return { stop };
}
