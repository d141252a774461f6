/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'until*'] }] */
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { setupProtocol } from '../../server/index';
import { Hub } from '../../server/inspect/hub/hub';
import { openClient, startServer } from '../support/fixtures';
import { inspect } from '../support/inspect/inspecting';
import { browse, until } from './support/browsing';
import { lineOf, untilLit, openPage } from './support/openPage';

/** The types of the events that the sequence shows, from the top. */
const messages = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('.message')].map((line) => line.dataset.type)`);

/** The names of the lifelines, from the left. */
const lanes = (page: Page): Promise<string[]> => page.locator('.lane-name').allTextContents();

const isInTree = "document.activeElement?.id === 'tree' || document.activeElement?.closest('#tree') !== null";

describe('The sequence diagram', () => {
  it('has the selected actor, its parent and its children as lifelines, and what they say to one another', async () => {
    const started = await startServer();
    const page = await openPage(started);
    const client = await openClient(started);
    await lineOf(page, 'connection:1').click();
    await until(page, `document.querySelectorAll('.lane-name').length === 5`);
    expect(await lanes(page)).toEqual(['outside', 'connections', 'connection:1', 'protocol', 'socket']);
    await client.send('hello');
    await client.receiveText('hello');
    await page.locator('.message[data-type=outbox]').waitFor();
    const shown = await messages(page);
    expect(shown.indexOf('inbox')).toBeGreaterThan(-1);
    expect(shown.indexOf('inbox')).toBeLessThan(shown.indexOf('outbox'));
    client.end();
    await page.locator('.message[data-type="_socketFeedback.inboxEnded"]').waitFor();
    await page.locator('.message[data-type="control.socketShutdown"]').waitFor();
  });

  it('has the lifelines that one picks instead', async () => {
    const started = await startServer();
    const page = await openPage(started);
    const clients = [await openClient(started), await openClient(started)] as const;
    await lineOf(page, 'connection:2').waitFor();
    for (const name of ['connection:1', 'connection:2']) {
      await lineOf(page, name).click();
      await page.keyboard.press('p');
    }
    await until(page, `document.querySelectorAll('.lane-name').length === 3`);
    expect(await lanes(page)).toEqual(['outside', 'connection:1', 'connection:2']);
    await clients[0].send('hello');
    await page.locator('.message[data-type=inbox]').waitFor();
  });

  it('says how many events are missing where there were too many', async () => {
    const started = await startServer();
    const page = await openPage(started);
    const client = await openClient(started);
    await lineOf(page, 'protocol').click();
    await client.send('x');
    await page.locator('.message[data-type=inbox]').waitFor();
    const { actor } = started.server;
    await lineOf(page, 'serverCore').click();
    await page.locator('#chart svg.chart').waitFor();
    for (let count = 0; count < 10_000; count += 1) actor.send({ type: 'control.resume' });
    const missing = page.locator('#sequence .missing');
    await missing.first().waitFor();
    expect(await missing.first().textContent()).toMatch(/^[\d,]+ events not shown$/);
  });
});

describe('The keyboard', () => {
  it('moves in the tree, folds it, selects, filters, pauses, and says what it can', async () => {
    const started = await startServer();
    const page = await openPage(started);
    await openClient(started);
    await lineOf(page, 'connection:1').waitFor();

    await page.keyboard.press('ArrowDown');
    await until(page, isInTree);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('[role=treeitem][aria-selected=true][data-actor=connections]').waitFor();
    await page.keyboard.press('ArrowLeft');
    await lineOf(page, 'connection:1').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowRight');
    await lineOf(page, 'connection:1').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await untilLit(page, ['open', 'open.flowing']);

    await page.keyboard.press('/');
    await page.keyboard.type('listener');
    await lineOf(page, 'connection:1').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await lineOf(page, 'connection:1').waitFor();

    await page.keyboard.press(' ');
    await page.locator('body[data-paused]').waitFor();
    await page.keyboard.press('l');
    await page.locator('body:not([data-paused])').waitFor();

    await page.keyboard.press('?');
    await page.locator('dialog[open]').waitFor();
    expect(await page.locator('dialog').textContent()).toContain('Pause');
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
  });
});

describe('The details', () => {
  const counting = setupProtocol<{ lines: number; password: string }>().createMachine({
    id: 'counting',
    context: { lines: 7, password: 'hunter2' },
  });

  it.each([true, false])('show the context, but for secrets, if that is allowed: %s', async (context) => {
    const started = await startServer({ protocol: counting });
    const hub = new Hub({ context });
    hub.attach(started.server.actor);
    await openClient(started);
    const page = await browse((await inspect(hub)).url);
    await lineOf(page, 'protocol').click();
    await untilLit(page, []);
    const shown = page.locator('section.context');
    await shown.filter({ hasText: context ? /lines.*7/s : 'Contexts are not shown' }).waitFor();
    expect((await page.content()).includes('hunter2')).toBe(false);
    expect(await shown.locator('.redacted').count()).toBe(context ? 1 : 0);
  });
});
