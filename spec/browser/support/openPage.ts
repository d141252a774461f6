import { expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import { Hub } from '../../../server/inspect/hub/hub';
import { livingActors } from '../../../server/inspect/hub/livingActors';
import type { StartedServer } from '../../support/fixtures';
import { inspect } from '../../support/inspect/inspecting';
import { browse, until } from './browsing';

/** Opens the page on a server, and waits until the page is connected. */
export async function openPage(
  { server }: Pick<StartedServer, 'server'>,
  ...options: Parameters<typeof browse> extends [string, ...infer Rest] ? Rest : never
): Promise<Page> {
  const hub = new Hub();
  hub.attach(server.actor);
  const { url } = await inspect(hub);
  const page = await browse(url, ...options);
  await page.locator('body[data-connection=connected]').waitFor();
  return page;
}

/** An actor's line in the tree. */
export const lineOf = (page: Page, name: string): Locator => page.locator(`[role=treeitem][data-actor="${name}"]`);

/** The names in the tree, in the order of the document, which is read aloud. It must be the order that is seen. */
export async function namesFromTop(page: Page): Promise<string[]> {
  const lines: [name: string, top: number][] = await page.evaluate(
    `[...document.querySelectorAll('[role=treeitem]')]
      .map((line) => [line.dataset.actor, line.getBoundingClientRect().top])`,
  );
  expect(lines).toEqual(lines.toSorted(([, one], [, other]) => one - other));
  return lines.map(([name]) => name);
}

/** A living actor of a server, by its name. */
export function actorOf({ server }: Pick<StartedServer, 'server'>, name: string): AnyActorRef {
  for (const actor of livingActors(server.actor)) if (actor.id === name) return actor;
  throw new Error(`There is no living actor '${name}'.`);
}

/** The states that a machine is in, as XState tells. */
export const statesOf = (actor: AnyActorRef): string[] =>
  (actor.getSnapshot() as AnyMachineSnapshot)._nodes
    .map(({ path }) => path.join('.'))
    .filter((name) => name !== '')
    .sort();

/** Waits until these states of the chart are lit, and no others. */
export const untilLit = (page: Page, states: readonly string[]): Promise<void> =>
  until(
    page,
    `JSON.stringify([...document.querySelectorAll('#chart svg.chart .state.lit')].map((state) => state.dataset.state).sort()) ===
      '${JSON.stringify([...states].sort())}'`,
  );

/** Waits until the page says that so many actors live. */
export const untilLiving = (page: Page, count: number): Promise<void> =>
  until(page, `document.getElementById('live-count').textContent.replaceAll(',', '') === '${String(count)}'`);
