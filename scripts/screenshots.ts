/**
 * Takes the pictures of the inspector's page that the README shows, in Chromium: `npm run screenshots`. The pictures
 * are in the package, so the program `pngquant` makes them a third as large. Without that program they stay large.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { createServerCore, setupProtocol } from '../server/index';
import { Hub, startInspector } from '../server/inspect/index';
import { findChromium } from './chromium';

const docs = join(__dirname, '..', 'docs');
const viewport = { width: 1360, height: 660 };

/** A café. It takes orders, prepares them, and brings the bill to a guest who has stopped ordering. */
const cafe = setupProtocol().createMachine({
  id: 'café',
  initial: 'asking',
  states: {
    asking: {
      entry: { type: 'reply', params: { data: 'What would you like? ' } },
      on: { inbox: 'preparing', 'control.producerFinished': 'settling' },
    },
    preparing: {
      entry: { type: 'reply', params: { data: 'One moment.\n' } },
      after: { 300: 'asking' },
    },
    settling: {
      entry: { type: 'reply', params: { data: 'The bill comes in a minute.\n' } },
      after: { 60_000: { actions: 'finish' } },
    },
  },
});

async function order(socket: Socket, text: string): Promise<void> {
  socket.write(text);
  while (!String(await once(socket, 'data')).includes('What')) continue;
}

async function serve(page: Page, port: number): Promise<void> {
  const guests: Socket[] = [];
  for (let seat = 1; seat <= 5; seat += 1) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'data');
    guests.push(socket);
  }
  // the third guest's protocol: its chart is small enough to be read
  await page.locator('[data-actor="protocol"]').nth(2).click();
  const [first, second, third, , last] = guests;
  if (first === undefined || second === undefined || third === undefined || last === undefined) return;
  await order(third, 'tea\n');
  await order(first, 'coffee\n');
  await order(third, 'cake\n');
  second.destroy();
  last.write('water\n');
  third.end();
  await page.locator('.taken').first().waitFor({ state: 'attached' });
}

async function main(): Promise<void> {
  const server = createServerCore({ protocol: cafe, port: 0, allowHalfOpen: true });
  const hub = new Hub({ context: true, payloads: true });
  hub.attach(server.actor);
  const inspector = await startInspector(hub);
  const browser = await chromium.launch({ executablePath: findChromium() });
  const { port } = await server.start();
  const page = await browser.newPage({ viewport });
  await page.goto(inspector.url);
  await page.locator('[role=treeitem]').first().waitFor();
  await serve(page, port);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // until the page's transitions of colours and of the last event are over
    await page.waitForTimeout(1_500);
    const path = join(docs, `inspector-${colorScheme}.png`);
    await page.screenshot({ path });
    spawnSync('pngquant', ['--force', '--speed', '1', '--strip', '--output', path, '128', path]);
  }
  await browser.close();
  server.send({ type: 'control.shutdownMicroprocess' });
  await inspector.stop();
  process.exit();
}

void main();
