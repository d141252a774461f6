import { expect } from '@jest/globals';
import type { singleServer } from '../../server/index';
import type { Scenario, TestPeer } from '../../server/testing/index';
import { inbox, outboxOf } from './boxes';

/** Expects that a SingleServer without a protocol talks with this client: both ways, bytes arrive. */
export async function assertServed(s: Scenario<typeof singleServer>, client: TestPeer): Promise<void> {
  const before = outboxOf(s).toString();
  await inbox(s, 'served');
  await client.receives('served');
  await client.sends('heard');
  expect(outboxOf(s).toString()).toBe(`${before}heard`);
}
