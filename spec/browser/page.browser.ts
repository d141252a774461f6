/* eslint jest/expect-expect: ['warn', { assertFunctionNames: ['expect', 'until*'] }] */
import { afterEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setupProtocol, type ServerCoreOptions } from '../../server/index';
import { Command, endCommands } from '../support/processes/command';
import { connectClient, handler, openClient, startServer } from '../support/fixtures';
import { Hub } from '../../server/inspect/hub/hub';
import { inspect } from '../support/inspect/inspecting';
import { browse, expectFaults, until } from './support/browsing';
import { actorOf, lineOf, namesFromTop, statesOf, untilLit, untilLiving, openPage } from './support/openPage';
import { root } from '../support/root';

/** The number of the server's own actors: the server, its registry and its listener. */
const ownActors = 3;

/** Handlers that end on request, after their peer has ended its side. */
function patient(): { readonly protocol: ServerCoreOptions['protocol']; readonly finish: () => void } {
  let finish = (): void => undefined;
  const protocol = handler(({ emit }) => {
    finish = () => {
      emit({ type: 'signal.producerFinished' });
    };
  });
  return {
    protocol,
    finish: () => {
      finish();
    },
  };
}

describe('The page', () => {
  afterEach(endCommands);

  it('shows the connections of npm start, as they come and go', async () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };
    const [, ...args] = scripts.start.replace(/^exec /, '').split(' ');
    const tsNode = createRequire(__filename).resolve('ts-node/dist/bin');
    const command = new Command([tsNode, ...args, '--port', '0'], root);
    const [port] = await command.line(/ listens on \S+ port (\d+)\.$/);
    const [url = ''] = await command.line(/^Watch it: +(\S+)$/);
    const page = await browse(url);
    await lineOf(page, 'serverCore').waitFor();
    await untilLiving(page, ownActors);

    const clients = [await connectClient(Number(port)), await connectClient(Number(port))] as const;
    for (const name of ['connection:1', 'connection:2']) {
      await lineOf(page, name).waitFor();
      expect(await lineOf(page, name).getAttribute('data-status')).toBe('active');
      expect(await lineOf(page, name).locator('.state').textContent()).toBe('open.flowing');
    }
    expect(await namesFromTop(page)).toEqual([
      'serverCore',
      'connections',
      'connection:1',
      'protocol',
      'socket',
      'connection:2',
      'protocol',
      'socket',
      'listener',
    ]);
    await untilLiving(page, ownActors + 6);

    await lineOf(page, 'connection:2').click();
    await untilLit(page, ['open', 'open.flowing']);
    await clients[1].send('hello');
    expect(await clients[1].receiveText('hello')).toBe('hello');
    await page.locator('.message[data-type="inbox"]').first().waitFor();
    await page.locator('.message[data-type="outbox"]').first().waitFor();

    clients[0].end();
    await untilLiving(page, ownActors + 3);
    await lineOf(page, 'connection:1').waitFor({ state: 'detached' });
    expect(await lineOf(page, 'connection:2').count()).toBe(1);
  });

  it('lights the states that the actor is in: connected, half-closed, closed', async () => {
    const { protocol, finish } = patient();
    const started = await startServer({ protocol, allowHalfOpen: true });
    const page = await openPage(started);
    await lineOf(page, 'serverCore').click();
    await untilLit(page, statesOf(started.server.actor));
    const client = await openClient(started);
    const connection = actorOf(started, 'connection:1');
    await lineOf(page, 'connection:1').click();
    expect(statesOf(connection)).toEqual(['open', 'open.flowing']);
    await untilLit(page, statesOf(connection));

    client.end();
    await page
      .locator('.transition.taken[data-edge="open.flowing|_socketFeedback.inboxEnded|0"]')
      .waitFor({ state: 'attached' });
    expect(statesOf(connection)).toEqual(['open', 'open.peerEnded']);
    await untilLit(page, statesOf(connection));
    expect(await lineOf(page, 'connection:1').locator('.state').textContent()).toBe('open.peerEnded');

    finish();
    await client.closed;
    await untilLiving(page, ownActors);
    expect(statesOf(connection)).toEqual(['closed']);
    await untilLit(page, statesOf(connection));
    expect(await lineOf(page, 'connection:1').getAttribute('data-status')).toBe('done');
  });

  it('stands still while it is paused, steps back to what was, and returns', async () => {
    const { protocol } = patient();
    const started = await startServer({ protocol, allowHalfOpen: true });
    const page = await openPage(started);
    const client = await openClient(started);
    await lineOf(page, 'connection:1').click();
    await untilLit(page, ['open', 'open.flowing']);
    client.end();
    await untilLit(page, ['open', 'open.peerEnded']);

    await page.locator('#pause').click();
    await page.locator('body[data-paused]').waitFor();
    await openClient(started);
    await page.locator('#position-text', { hasText: ' new' }).waitFor();
    expect(await lineOf(page, 'connection:2').count()).toBe(0);

    const flowing = page.locator('#chart .state.lit[data-state="open.flowing"]');
    for (let steps = 0; steps < 30 && (await flowing.count()) === 0; steps += 1) {
      await page.locator('#step-back').click();
      await page.evaluate('new Promise(requestAnimationFrame)');
    }
    await untilLit(page, ['open', 'open.flowing']);
    expect(await lineOf(page, 'connection:1').locator('.state').textContent()).toBe('open.flowing');
    const ended = page.locator('#chart .state.lit[data-state="open.peerEnded"]');
    for (let steps = 0; steps < 30 && (await ended.count()) === 0; steps += 1) {
      await page.locator('#step-forward').click();
      await page.evaluate('new Promise(requestAnimationFrame)');
    }
    await untilLit(page, ['open', 'open.peerEnded']);

    await page.locator('#live').click();
    await lineOf(page, 'connection:2').waitFor();
    expect(await page.locator('body[data-paused]').count()).toBe(0);
  });

  it('finds actors by name, and by state', async () => {
    const { protocol } = patient();
    const started = await startServer({ protocol, allowHalfOpen: true });
    const page = await openPage(started);
    const clients = [await openClient(started), await openClient(started), await openClient(started)] as const;
    await lineOf(page, 'connection:3').waitFor();
    await page.locator('#filter').fill('connection:2');
    await lineOf(page, 'connection:3').waitFor({ state: 'detached' });
    expect(await lineOf(page, 'connection:1').count()).toBe(0);
    expect(await lineOf(page, 'connection:2').count()).toBe(1);
    await page.locator('#filter').fill('state:peerEnded');
    await lineOf(page, 'connection:2').waitFor({ state: 'detached' });
    clients[2].end();
    await lineOf(page, 'connection:3').waitFor();
    expect(await lineOf(page, 'connection:1').count()).toBe(0);
    await page.locator('#filter').press('Escape');
    await lineOf(page, 'connection:1').waitFor();
    expect(await page.locator('#filter').inputValue()).toBe('');
  });

  it.each([
    [720, 450],
    [500, 400],
  ])('has room for all in a window of %d × %d', async (width, height) => {
    const page = await openPage(await startServer(), { viewport: { width, height } });
    await untilLiving(page, ownActors);
    await page.locator('#pause').click();
    for (const id of ['live', 'help', 'fit', 'sequence']) {
      const box = await page.locator(`#${id}`).boundingBox();
      expect((box?.x ?? width) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
      expect((box?.y ?? height) + (box?.height ?? 0)).toBeLessThanOrEqual(height);
    }
  });

  it('shows what is, when it joins after 10,000 events', async () => {
    const toggling = setupProtocol().createMachine({
      id: 'toggling',
      initial: 'even',
      states: { even: { on: { inbox: 'odd' } }, odd: { on: { inbox: 'even' } } },
    });
    const started = await startServer({ protocol: toggling });
    await openClient(started);
    const protocol = actorOf(started, 'protocol');
    for (let count = 0; count < 10_001; count += 1) protocol.send({ type: 'inbox', data: Buffer.from('x') });
    const page = await openPage(started);
    await untilLiving(page, ownActors + 2);
    await lineOf(page, 'protocol').click();
    await untilLit(page, ['odd']);
    protocol.send({ type: 'inbox', data: Buffer.from('x') });
    await untilLit(page, ['even']);
  });

  it('counts what would be too many lines, until they are asked for', async () => {
    const count = 1_100;
    const started = await startServer({ maxConnections: count });
    for (let clients = 0; clients < count; clients += 1) await connectClient(started.port);
    const page = await openPage(started);
    await untilLiving(page, ownActors + 2 * count);
    const registry = lineOf(page, 'connections');
    expect(await registry.locator('.count').textContent()).toContain('1,100 live');
    expect(await registry.getAttribute('aria-expanded')).toBe('false');
    expect(await page.locator('[role=treeitem]').count()).toBe(ownActors);
    await registry.locator('.twist').click();
    await lineOf(page, 'connection:1').waitFor();
    expect(await page.locator('[role=treeitem]').count()).toBeLessThan(200);
    await page.locator('#filter').fill('connection:1099');
    await lineOf(page, 'connection:1099').waitFor();
  });

  it('follows the system into the dark, until somebody chooses', async () => {
    const page = await openPage(await startServer(), { colorScheme: 'dark' });
    const background = 'getComputedStyle(document.body).backgroundColor';
    const dark: string = await page.evaluate(background);
    await page.emulateMedia({ colorScheme: 'light' });
    await until(page, `${background} !== '${dark}'`);
    await page.locator('#theme').click();
    await until(page, `${background} === '${dark}'`);
    await page.reload();
    await until(page, `${background} === '${dark}'`);
  });

  it('is refused without the token', async () => {
    const { url } = await inspect(new Hub());
    const page = await browse('about:blank');
    const answer = await page.goto(url.replace(/\/[\w-]+\/$/, '/not-the-token-of-this-one/'));
    expect(answer?.status()).toBe(403);
    expect(await page.locator('body').textContent()).toBe('Not for you.\n');
    expectFaults(/403/);
  });

  it('says when the inspector has gone', async () => {
    const hub = new Hub();
    hub.attach((await startServer()).server.actor);
    const inspector = await inspect(hub);
    const page = await browse(inspector.url);
    await page.locator('body[data-connection=connected]').waitFor();
    const failure = page.waitForEvent('console', (message) => message.type() === 'error');
    await inspector.stop();
    await page.locator('body[data-connection=reconnecting]').waitFor();
    await failure;
    await inspect(hub, {
      port: Number(new URL(inspector.url).port),
      token: new URL(inspector.url).pathname.slice(1, -1),
    });
    await page.locator('body[data-connection=connected]').waitFor();
    await untilLiving(page, ownActors);
    expectFaults(/ERR_CONNECTION_REFUSED/);
  });

  it('says that its URL is no longer the one, where another inspector has the port', async () => {
    const inspector = await inspect(new Hub());
    const page = await browse(inspector.url);
    await page.locator('body[data-connection=connected]').waitFor();
    await inspector.stop();
    await inspect(new Hub(), { port: Number(new URL(inspector.url).port) });
    await page.locator('body[data-connection=refused]').waitFor();
    expect(await page.locator('#connection').textContent()).toContain('new URL');
    expectFaults(/403|ERR_CONNECTION_REFUSED/);
  });
});
