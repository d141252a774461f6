import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { connectionLimit } from '../../bench/connectionLimit';
import { Hub } from '../../server/inspect/hub/hub';
import { atEnd, startServer, type StartedServer } from '../support/fixtures';
import { inspect } from '../support/inspect/inspecting';
import { browse } from './support/browsing';

/** A process that holds many connections open until its stdin ends. This process hasn't descriptors for both ends. */
const clients = `
  const { connect } = require('node:net');
  const [port, count] = process.argv.slice(1).map(Number);
  const sockets = [];
  const more = () => {
    if (sockets.length === count) return console.log('open');
    sockets.push(connect(port, '127.0.0.1', more).on('error', () => undefined));
  };
  more();
  process.stdin.on('end', () => process.exit()).resume();
`;

async function connectMany({ port }: StartedServer, count: number): Promise<() => void> {
  const child = spawn(process.execPath, ['-e', clients, String(port), String(count)]);
  const exit = once(child, 'exit');
  atEnd(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  await once(createInterface(child.stdout), 'line');
  return () => child.stdin.end();
}

const living = (page: Page, count: number): Promise<void> =>
  page
    .locator('#live-count')
    .filter({ hasText: new RegExp(`^${count.toLocaleString('en')}$`) })
    .waitFor();

it('shows a server with 10,000 connections, and misses none of their deaths', async () => {
  // fewer if this process may not have that many descriptors
  const count = Math.min(10_000, connectionLimit());
  const started = await startServer();
  const { actor } = started.server;
  const hub = new Hub();
  hub.attach(actor);
  const { url } = await inspect(hub);
  // the first visit compiles the page from its sources
  const page = await browse(url);
  await living(page, 3);
  await page.goto('about:blank');

  const leave = await connectMany(started, count);
  while (actor.getSnapshot().context.open < count) await new Promise((resolve) => setImmediate(resolve));
  let bytes = 0;
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => (bytes += payload.length));
  });
  const begun = performance.now();
  await page.goto(url);
  await page.locator('[role=treeitem]').first().waitFor();
  const [painted, bytesPainted] = [performance.now() - begun, bytes];
  // three actors of the server's own, and two for each connection: the connection and its handler
  await living(page, 3 + 2 * count);
  const [complete, bytesComplete] = [performance.now() - begun, bytes];
  expect(await page.locator('[role=treeitem]').count()).toBeLessThan(200);

  leave();
  await living(page, 3);
  expect(actor.getSnapshot().context.open).toBe(0);

  const kib = (value: number): string => `${(value / 1024).toFixed(0)} KiB`;
  const first = `first rows after ${painted.toFixed(0)} ms and ${kib(bytesPainted)}`;
  const all = `all ${String(3 + 2 * count)} actors after ${complete.toFixed(0)} ms and ${kib(bytesComplete)}`;
  process.stdout.write(`${String(count)} connections: ${first}, ${all}\n`);
}, 120_000);
