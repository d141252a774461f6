import { expect } from '@jest/globals';
import type { AnyActor } from 'xstate';
import type { TestPeer } from '../../server/testing/index';

/** A scenario of any server. */
interface ServerScenario {
  readonly server: AnyActor;
  settle(): Promise<void>;
  leftovers(): string[];
}

/**
 * Stops the server, and expects that nothing is left of it. Nothing may be left of its clients either, once they have
 * read to the end and have ended their sides.
 */
export async function assertNothingLeft(s: ServerScenario, ...clients: readonly TestPeer[]): Promise<void> {
  s.server.stop();
  expect(s.server.getSnapshot()).toMatchObject({ status: 'stopped' });
  expect(s.server.system.getSnapshot()._scheduledEvents).toEqual({});
  await s.settle();
  expect(s.leftovers().filter((left) => !left.endsWith(' to 127.0.0.1:1601'))).toEqual([]);
  for (const client of clients) {
    await client.readsOn();
    if (client.socket.writable) await client.ends();
  }
  expect(s.leftovers()).toEqual([]);
}
