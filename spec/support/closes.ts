import { expect } from '@jest/globals';
import type { ClosedConnection, CloseReason, ProtocolEvent } from '../../server/index';
import type { HandlerScenario } from '../../server/testing/index';
import { Recorder } from './recorder';

/** A handler that echoes, and crashes when told to. */
export const echoOrCrash = (): Recorder =>
  new Recorder((event, { write }) => {
    if (event.type !== 'inbox') return;
    if (event.data.toString() === 'crash') throw new Error('crash');
    write(event.data);
  });

/** Expects that a handler's connection ended in this way, once, and that nothing is left when its server has ended too. */
export async function expectClosed(
  { scenario: s }: HandlerScenario,
  expected: Omit<ClosedConnection, 'id' | 'durationMs'> & Partial<ClosedConnection>,
): Promise<void> {
  await s.shutsDown();
  expect(s.closed).toStrictEqual([{ id: 'connection:1', durationMs: 0, ...expected }]);
  expect(s.leftovers()).toEqual([]);
}

/** Expects that a handler was told of its end once, and of nothing after that. */
export function expectTold(told: readonly ProtocolEvent[], reason: CloseReason, error?: unknown): void {
  const last = { type: 'control.socketShutdown', reason, ...(error === undefined ? {} : { error }) };
  expect(told.filter(({ type }) => type === 'control.socketShutdown')).toStrictEqual([last]);
  expect(told.at(-1)).toStrictEqual(last);
}
