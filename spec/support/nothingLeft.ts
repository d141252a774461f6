import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import type { Client } from './client';
import { knock, type StartedServer } from './fixtures';
import { turn } from './serving';

let before: Record<string, number>;

/** Counts the sockets and timers of this process. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = { TCPServerWrap: 0, TCPSocketWrap: 0, TCPConnectWrap: 0, Timeout: 0 };
  for (const kind of process.getActiveResourcesInfo()) {
    if (counts[kind] !== undefined) counts[kind] += 1;
  }
  return counts;
}

/** The kinds of which there are more than before the spec. Fewer is fine: jest's own timers end too. */
const added = (): string[] =>
  Object.entries(resources())
    .filter(([kind, count]) => count > (before[kind] ?? 0))
    .map(([kind]) => kind);

/** The pending timers of a server's system. */
const timersOf = ({ actor }: Pick<StartedServer['server'], 'actor'>): string[] =>
  Object.keys((actor as StartedServer['server']['actor']).system.getSnapshot()._scheduledEvents);

const warn = jest.spyOn(console, 'warn');
const error = jest.spyOn(console, 'error');

beforeEach(async () => {
  // jest's own timers come and go
  for (let turns = 0; turns < 5; turns += 1) await turn();
  before = resources();
});

// a stopped actor must not print a warning or an error
afterEach(() => {
  const [said] = [...warn.mock.calls, ...error.mock.calls];
  if (said !== undefined) throw new Error(`Printed: ${String(said[0])}`);
});

/** Stops the server, and expects that nothing is left of the server and of its clients. */
export async function expectNothingLeft(
  { server, port }: Pick<StartedServer, 'server'> & { port?: number },
  clients: readonly Client[] = [],
): Promise<void> {
  server.actor.stop();
  expect(timersOf(server)).toEqual([]);
  expect(server.actor.getSnapshot().status).toBe('stopped');
  for (const client of clients) client.resumeReading();
  for (const client of clients) expect(await client.closed).toMatch(/^(clean|ECONNRESET)$/);
  if (port !== undefined) expect(await knock(port)).toBe('ECONNREFUSED');
  for (let turns = 0; turns < 10_000 && added().length > 0; turns += 1) await turn();
  expect(added()).toEqual([]);
  expect(await server.closed).toMatchObject({ drained: [] });
}
