import type { AnyActorLogic } from 'xstate';
import type { SingleServerEmitted } from '../../../server/index';
import type { Scenario } from '../../../server/testing/index';
import { limitOf, type Program } from '../program';

/** The part of a server's context that is checked. */
interface WatchedContext {
  readonly open?: number;
  readonly queue: readonly unknown[];
}

/** Checks what must hold at every moment of a run. Yields each violation. */
export function* violationsAtAnyMoment(program: Program, s: Scenario<AnyActorLogic>): Iterable<string> {
  const { status, value, context } = s.server.getSnapshot() as {
    status: string;
    value: unknown;
    context: WatchedContext;
  };
  if (status !== 'active') return;
  const { maxQueued = 100 } = program.options;
  if (context.queue.length > maxQueued) {
    yield `${String(context.queue.length)} clients are queued, with maxQueued ${String(maxQueued)}`;
  }
  const limit = limitOf(program);
  const count = openNow(s.emitted as readonly SingleServerEmitted[]);
  if (count > limit) yield `${String(count)} connections are open, with room for ${String(limit)}`;
  if (context.open !== undefined && context.open !== count) {
    yield `the server counts ${String(context.open)} connections, but ${String(count)} were opened and not closed`;
  }
  // SingleServer waits one turn before it admits the next client
  if (context.queue.length > 0 && count < limit && value !== 'changing') {
    yield `${String(context.queue.length)} clients are queued, although only ${String(count)} of ${String(limit)} places are taken`;
  }
}

const openNow = (emitted: readonly SingleServerEmitted[]): number =>
  emitted.reduce((open, { type }) => {
    if (type === 'connection.opened') return open + 1;
    return type === 'connection.closed' ? open - 1 : open;
  }, 0);
