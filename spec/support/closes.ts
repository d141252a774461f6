import { expect } from '@jest/globals';
import type { ClosedConnection, CloseReason, ProtocolEvent } from '../../server/index';
import type { HandlerScenario } from '../../server/testing/index';
import { Recorder } from './recorder';

/** A handler that echoes, and crashes at the text `crash`. */
export const echoOrCrash = (): Recorder =>
  new Recorder((event, { write }) => {
    if (event.type !== 'inbox') return;
    if (event.data.toString() === 'crash') throw new Error('crash');
    write(event.data);
  });

/** Expects that the connection closed once, as `expected` says, and that nothing is left once its server has ended. */
export async function expectClosed(
  { scenario: s }: HandlerScenario,
  expected: Omit<ClosedConnection, 'id' | 'durationMs'> & Partial<ClosedConnection>,
): Promise<void> {
  await s.shutsDown();
  expect(s.closed).toStrictEqual([{ id: 'connection:1', durationMs: 0, ...expected }]);
  expect(s.leftovers()).toEqual([]);
}

/** Expects that a handler was told once that its connection is over, and got no event after that. */
export function expectTold(events: readonly ProtocolEvent[], reason: CloseReason, error?: unknown): void {
  const last = { type: 'control.socketShutdown', reason, ...(error === undefined ? {} : { error }) };
  expect(events.filter(({ type }) => type === 'control.socketShutdown')).toStrictEqual([last]);
  expect(events.at(-1)).toStrictEqual(last);
}
