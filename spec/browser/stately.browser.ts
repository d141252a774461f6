import { describe, expect, it } from '@jest/globals';
import type { Frame, Page } from 'playwright-core';
import type { AnyStateNode } from 'xstate';
import { Hub } from '../../server/inspect/hub/hub';
import type { StatelyMessage } from '../../server/inspect/page/statelyMessages';
import { connectionMachine, serverCoreMachine } from '../../server/index';
import { openClient, startServer, type StartedServer } from '../support/fixtures';
import { inspect } from '../support/inspect/inspecting';
import { browse, expectFaults, until } from './support/browsing';
import { standIn } from './support/standIn';

type ActorMessage = Extract<StatelyMessage, { type: '@xstate.actor' }>;

const isActor = (message: StatelyMessage): message is ActorMessage => message.type === '@xstate.actor';

/** Both sides of the bridge, with a client connected. */
async function bridged(stately?: string): Promise<{ started: StartedServer; page: Page }> {
  const started = await startServer();
  await openClient(started);
  const hub = new Hub({ payloads: true });
  hub.attach(started.server.actor);
  const { url } = await inspect(hub, { stately: stately ?? `${await standIn()}/inspect` });
  return { started, page: await browse(`${url}stately`) };
}

/** The frame with the receiver, once the receiver hears us. */
async function receiverOf(page: Page): Promise<Frame> {
  await page.locator('body[data-ready]').waitFor();
  const frame = page.frames().find((one) => one.url().endsWith('/registry/inspect?live'));
  if (frame === undefined) throw new Error('There is no receiver.');
  return frame;
}

const heardBy = (where: Frame | Page): Promise<StatelyMessage[]> => where.evaluate('received');

/** Waits until the receiver has got such a message. */
async function heard(where: Frame | Page, what: (message: StatelyMessage) => boolean): Promise<StatelyMessage[]> {
  for (;;) {
    const messages = await heardBy(where);
    if (messages.some(what)) return messages;
    await until(where, `received.length > ${String(messages.length)}`);
  }
}

/** Waits until every message that was posted has arrived. */
const settled = (where: Frame | Page): Promise<unknown> =>
  where.evaluate('new Promise((resolve) => setTimeout(resolve))');

/** Counts the messages that are posted to the page from now on. */
const countMessages = (page: Page): Promise<unknown> =>
  page.evaluate('window.counted = 0; addEventListener("message", () => { window.counted += 1; })');

const statesOf = (node: AnyStateNode): string[] => [
  node.path.join('.'),
  ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(statesOf),
];

describe("The bridge to the Stately Inspector's own receiver", () => {
  it('tells every actor before anything else of it, and parents before children', async () => {
    const { started, page } = await bridged();
    const receiver = await receiverOf(page);
    const client = await openClient(started);
    await client.send('hello');
    const messages = await heard(
      receiver,
      ({ type, ...message }) => type === '@xstate.event' && 'event' in message && message.event.type === 'inbox',
    );
    const places = new Map<string, number>();
    for (const [place, message] of messages.entries()) if (isActor(message)) places.set(message.sessionId, place);
    const placeOf = (id: string): number => places.get(id) ?? Infinity;
    for (const [place, message] of messages.entries()) expect(placeOf(message.sessionId)).toBeLessThanOrEqual(place);
    for (const { sessionId, parentId = sessionId, rootId } of messages.filter(isActor)) {
      expect(placeOf(parentId)).toBeLessThanOrEqual(placeOf(sessionId));
      expect(placeOf(rootId)).toBe(0);
    }
    const names = messages.filter(isActor).map(({ name }) => name);
    expect(names[0]).toBe('serverCore');
    expect(names).toEqual(
      expect.arrayContaining(['connections', 'listener', 'connection:1', 'connection:2', 'protocol']),
    );
    expect(await page.locator('#shown').textContent()).toBe(await page.locator('#living').textContent());
  });

  it('tells definitions from which the receiver rebuilds our charts, with their states in order', async () => {
    const { page } = await bridged();
    const receiver = await receiverOf(page);
    const messages = await heard(receiver, (message) => isActor(message) && message.name === 'connection:1');
    for (const [name, { root }] of [
      ['serverCore', serverCoreMachine],
      ['connection:1', connectionMachine],
    ] as const) {
      const actor = messages.filter(isActor).find((message) => message.name === name);
      const rebuilt = await receiver.evaluate(`rebuild(${JSON.stringify(actor?.definition)})`);
      expect(rebuilt).toEqual(statesOf(root as unknown as AnyStateNode));
    }
    const connection = messages.filter(isActor).find(({ name }) => name === 'connection:1');
    expect(connection?.snapshot).toEqual({ status: 'active', value: { open: 'flowing' }, context: {}, children: {} });
  });

  it('tells all of them again when the receiver has been reloaded', async () => {
    const { started, page } = await bridged();
    const receiver = await receiverOf(page);
    const before = (await heard(receiver, (message) => isActor(message) && message.name === 'protocol')).filter(
      isActor,
    );
    await receiver.evaluate('window.isOld = true; location.reload()');
    await receiver.waitForFunction('window.isOld === undefined && window.received?.length > 0');
    await openClient(started);
    const after = (await heard(receiver, (message) => isActor(message) && message.name === 'connection:2')).filter(
      isActor,
    );
    const tellsOf = ({ sessionId, name, parentId, definition }: ActorMessage): unknown => [
      sessionId,
      name,
      parentId,
      definition,
    ];
    expect(after.slice(0, before.length).map(tellsOf)).toEqual(before.map(tellsOf));
  });

  it('speaks to a window instead, when one is opened', async () => {
    const { page } = await bridged();
    await receiverOf(page);
    const popup = page.waitForEvent('popup');
    await page.locator('#open').click();
    const receiver = await popup;
    await receiver.waitForURL('**/registry/inspect?live');
    await page.locator('body[data-ready]').waitFor();
    const messages = await heard(receiver, (message) => isActor(message) && message.name === 'protocol');
    expect(messages.find(isActor)?.name).toBe('serverCore');
    expect(await page.locator('iframe').count()).toBe(0);
  });

  it('says nothing to a window that has gone to another origin', async () => {
    const { page, started } = await bridged();
    await receiverOf(page);
    const popup = page.waitForEvent('popup');
    await page.locator('#open').click();
    const opened = await popup;
    await page.locator('body[data-ready]').waitFor();
    await opened.goto(`${await standIn()}/impostor`);
    const living = await page.locator('#living').textContent();
    await openClient(started);
    await until(page, `document.getElementById('living').textContent !== '${String(living)}'`);
    await settled(opened);
    expect(await heardBy(opened)).toEqual([]);
  });

  it('does not believe another origin that it is the Stately Inspector', async () => {
    const origin = await standIn(await standIn());
    const { page } = await bridged(`${origin}/away`);
    await countMessages(page);
    const popup = page.waitForEvent('popup');
    await page.locator('#open').click();
    const opened = await popup;
    await opened.waitForURL('**/impostor');
    await until(page, 'counted === 1');
    expect(await page.locator('#ready').textContent()).toMatch(/^waiting for /);
    expect(await heardBy(opened)).toEqual([]);
    // the frame may not follow the redirect either
    expectFaults(/frame-src/);
  });

  it('does not take a frame inside of the Stately Inspector for it', async () => {
    const { page } = await bridged();
    const receiver = await receiverOf(page);
    const before = (await heard(receiver, (message) => isActor(message) && message.name === 'protocol')).length;
    await countMessages(page);
    await receiver.evaluate(
      "document.body.append(Object.assign(document.createElement('iframe'), { src: '/impostor' }))",
    );
    await until(page, 'counted === 1');
    await settled(receiver);
    expect(await heardBy(receiver)).toHaveLength(before);
  });
});
