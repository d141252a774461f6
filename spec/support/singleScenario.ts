import { expect } from '@jest/globals';
import type { singleServer, Bytes, SingleServerEmitted } from '../../server/index';
import type { Scenario, TestPeer } from '../../server/testing/index';

type SingleScenario = Scenario<typeof singleServer>;

/** What of all that the server has emitted is of one type, in order. */
export function emittedOf<TType extends SingleServerEmitted['type']>(
  s: SingleScenario,
  type: TType,
): Extract<SingleServerEmitted, { type: TType }>[] {
  return s.emitted.filter((event) => event.type === type) as Extract<SingleServerEmitted, { type: TType }>[];
}

/** All bytes that have come out of its outbox. */
export const outboxOf = (s: SingleScenario): Buffer => Buffer.concat(emittedOf(s, 'outbox').map(({ data }) => data));

/** Sends what is for the client, one after the other. */
export async function inbox(s: SingleScenario, ...all: readonly Bytes[]): Promise<void> {
  for (const data of all) await s.send({ type: 'inbox', data });
}

/** Ends the client, behind what was sent for it. */
export async function finish(s: SingleScenario): Promise<void> {
  await s.send({ type: 'control.producerFinished' });
}

/** This is the client that a SingleServer without a protocol talks with. */
export async function assertServed(s: SingleScenario, client: TestPeer): Promise<void> {
  const before = outboxOf(s).toString();
  await inbox(s, 'served');
  await client.receives('served');
  await client.sends('heard');
  expect(outboxOf(s).toString()).toBe(`${before}heard`);
}
