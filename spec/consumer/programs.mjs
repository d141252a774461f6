/** Programs of the package's consumers. */

const body = `
async function main() {
  const server = createServerCore({ protocol: echo, port: 0 });
  const { port } = await server.start();
  const socket = connect(port, '127.0.0.1');
  socket.end('hello');
  let answer = '';
  for await (const data of socket) answer += String(data);
  if (answer !== 'hello') throw new Error('answered ' + answer);
  const { reasons } = await server.shutdown();
  if (reasons.peerClosed !== 1) throw new Error(JSON.stringify(reasons));
}
`;

export const commonjs = `
const assert = require('node:assert');
const { connect } = require('node:net');
const required = require('serverchart');
const { createServerCore, echo } = required;
${body}
main().then(async () => {
  const imported = await import('serverchart');
  assert.strictEqual(imported.default, required);
  for (const name of Object.keys(required)) assert.strictEqual(imported[name], required[name], name);
  assert.strictEqual(require('xstate').createActor(echo).logic, imported.echo);
});
`;

/** Serves an inspector, and expects its page, and its modules in the form that a browser accepts. */
export const inspected = `
const assert = require('node:assert');
const { createServerCore, echo } = require('serverchart');
const { Hub, startInspector } = require('serverchart/inspect');
async function main() {
  const server = createServerCore({ protocol: echo, port: 0 });
  const hub = new Hub();
  hub.attach(server.actor);
  const inspector = await startInspector(hub);
  await server.start();
  for (const page of ['', 'stately']) {
    const response = await fetch(inspector.url + page);
    assert.strictEqual(response.status, 200);
    const html = await response.text();
    const scripts = [...html.matchAll(/<script type="module" src="([^"]+)"/g)].map(([, src]) => src);
    assert.notStrictEqual(scripts.length, 0);
    for (const script of scripts) {
      const module = await fetch(new URL(script, inspector.url));
      assert.match(module.headers.get('content-type'), /^text\\/javascript/);
    }
  }
  await inspector.stop();
  await server.shutdown();
}
main();
`;

/** Logs without any package, and gets an error that names the package that metrics need. */
export const operated = `
const assert = require('node:assert');
const { createServerCore, echo } = require('serverchart');
const { logTo } = require('serverchart/log');
const { prometheusMetrics } = require('serverchart/metrics');
async function main() {
  const server = createServerCore({ protocol: echo, port: 0 });
  const events = [];
  const log = ({ event }) => events.push(event);
  logTo(server, { debug: log, info: log, warn: log, error: log });
  assert.throws(() => prometheusMetrics(server), { code: 'ERR_MISSING_PEER' });
  await server.start();
  await server.shutdown();
  assert.deepStrictEqual(events, ['server.listening', 'server.draining', 'server.shutdown']);
}
main();
`;

/** The same with pino and prom-client, in TypeScript. */
export const measured = `
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createServerCore, echo } from 'serverchart';
import { logTo, type Attachment } from 'serverchart/log';
import { prometheusMetrics } from 'serverchart/metrics';

export async function main(): Promise<void> {
  const server = createServerCore({ protocol: echo, port: 0 });
  const registry = new Registry();
  const attached: Attachment[] = [logTo(server, pino({ level: 'warn' })), prometheusMetrics(server, { registry })];
  // @ts-expect-error no registry
  const wrong = (): Attachment => prometheusMetrics(server, { registry: 0 });
  await server.start();
  const text = await registry.metrics();
  if (!text.includes('serverchart_ready 1')) throw new Error(text);
  await server.shutdown();
  for (const one of attached) one.detach();
}
void main();
`;

/** The types of logs and metrics, which must compile with and without the optional packages. */
export const operatedTypes = `
import type { ServerCore } from 'serverchart';
import { logTo, type Attachment, type Logger } from 'serverchart/log';
import { openTelemetryMetrics, prometheusMetrics, type MetricsMeter } from 'serverchart/metrics';

export const log = (server: ServerCore, logger: Logger): Attachment => logTo(server, logger);
export const measure = (server: ServerCore, meter: MetricsMeter): Attachment => openTelemetryMetrics(server, { meter });
export const scrape = (server: ServerCore): Attachment => prometheusMetrics(server, { prefix: 'mine_' });
// @ts-expect-error a wrong option: the options' type isn't any
export const wrong = (server: ServerCore): Attachment => prometheusMetrics(server, { prefiks: 'mine_' });
`;

export const esm = `
import assert from 'node:assert';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import * as imported from 'serverchart';
import { createServerCore, echo } from 'serverchart';
${body}
await main();
const required = createRequire(import.meta.url)('serverchart');
assert.strictEqual(imported.default, required);
for (const name of Object.keys(required)) assert.strictEqual(imported[name], required[name], name);
`;

export const jestSpec = `
import { expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { createServerCore, echo, type ServerCore } from 'serverchart';
${body.replace('const server =', 'const server: ServerCore =')}
test('serves', async () => {
  await main();
});
test('is one instance', async () => {
  const imported = await import('serverchart');
  expect(imported.echo).toBe(echo);
});
`;

/** The part of a scenario that is the same for all test runners. */
const visit = `
  const ada = await s.client('ada');
  await ada.sends('hello');
  await ada.receives('hello');
  await ada.leaves();
  await ada.isClosed('peerClosed');
`;

export const jestScenario = `
import { expect, test } from '@jest/globals';
import { echo, serverCore } from 'serverchart';
import { scenario } from 'serverchart/testing';
import 'serverchart/testing/jest-globals';
test('plays a scenario', async () => {
  await using s = await scenario(serverCore, { protocol: echo });
  ${visit}
  expect(s.server).toBeInState({ listening: 'accepting' });
  expect(s).toHaveConnections(0);
  expect(s).toHaveEmitted({ type: 'connection.closed', durationMs: expect.any(Number) });
  expect(() => expect(s).toHaveConnections(1)).toThrow('but has 0');
});
`;

/** For jest's globals, set up by jest.config.js. */
export const jestGlobalScenario = `
import { echo, serverCore } from 'serverchart';
import { scenario } from 'serverchart/testing';
import type {} from 'serverchart/testing/jest';
test('plays a scenario', async () => {
  await using s = await scenario(serverCore, { protocol: echo });
  ${visit}
  expect(s.server).toBeInState('listening');
  expect(s).not.toHaveConnections(1);
});
`;

export const vitestScenario = `
import { expect, test } from 'vitest';
import { echo, serverCore } from 'serverchart';
import { matchers, scenario, type ScenarioMatchers } from 'serverchart/testing';
declare module 'vitest' {
  interface Matchers<T = any> extends ScenarioMatchers<T> {}
}
expect.extend(matchers);
test('plays a scenario', async () => {
  await using s = await scenario(serverCore, { protocol: echo });
  ${visit}
  expect(s.server).toBeInState({ listening: 'accepting' });
  expect(s).toHaveConnections(0);
  expect(() => expect(s).toHaveConnections(1)).toThrow('but has 0');
});
`;

export const nodeTestScenario = `
const assert = require('node:assert');
const { test } = require('node:test');
const { echo, serverCore } = require('serverchart');
const { assertConnections, assertEmitted, assertInState, scenario } = require('serverchart/testing');
test('plays a scenario', async (t) => {
  const s = await scenario(serverCore, { protocol: echo });
  t.after(() => s.close());
  ${visit}
  assertInState(s.server, 'listening');
  assertConnections(s, 0);
  assertEmitted(s, { type: 'connection.closed', reason: 'peerClosed' });
  assert.throws(() => assertConnections(s, 1), { name: 'ScenarioError' });
});
`;

/** A protocol like the one in the command's help. */
export const protocol = `
import { setupProtocol } from 'serverchart';
export default setupProtocol().createMachine({
  on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: 'finish' } },
});
`;

/** Code that must compile outside the package, and lines that must not. */
export const typed = `
import { createActor, setup } from 'xstate';
import { createServerCore, createSingleServer, setupProtocol, type CloseReason, type ServerCore } from 'serverchart';
import { connection, echo, serverCore, singleServer, tcpClient, tcpListener } from 'serverchart';
import { handler, memoryNetwork, scenario, type FaultOptions, type TestPeer } from 'serverchart/testing';
import { Hub, startInspector, traceTo, type InspectionRecord, type Inspector } from 'serverchart/inspect';

export const protocol = setupProtocol<{ lines: number }>().createMachine({
  context: ({ input }) => ({ lines: input.peerport }),
  on: {
    inbox: { actions: { type: 'reply', params: ({ event }) => ({ data: event.data.subarray(1) }) } },
  },
});
// @ts-expect-error a wrong event
setupProtocol().createMachine({ on: { inbox: { actions: 'reply' }, inbux: {} } });
// @ts-expect-error bytes are no number, and not any
setupProtocol().createMachine({ on: { inbox: { actions: ({ event }) => { event.data satisfies number; } } } });

export const watch = async (hub: Hub): Promise<Inspector> => startInspector(hub, { port: 0 });
export const trace = (hub: Hub): { stop(): void } => traceTo(hub, process.stdout);
export const typeOf = ({ type }: InspectionRecord): string => type;
// @ts-expect-error a wrong option
new Hub({ contexts: true });

export async function play(faults: FaultOptions): Promise<TestPeer> {
  await using s = await scenario(serverCore, { protocol }, { network: memoryNetwork(), faults });
  // @ts-expect-error a wrong option of the server
  await scenario(serverCore, { protocol, prot: 0 });
  const [ada, bob] = await s.clients('ada', 'bob');
  // @ts-expect-error there are two
  const [, , eve] = await s.clients('ada', 'bob');
  await using h = await handler(protocol);
  await h.inbox('hello');
  await bob.isClosed('peerClosed');
  // @ts-expect-error no reason
  await bob.isClosed('boredom');
  s.server.getSnapshot().context.open satisfies number;
  return ada;
}

export const server: ServerCore = createServerCore({ protocol, port: 0 });
// @ts-expect-error a wrong option
createServerCore({ protocol, prot: 0 });
server.on('connection.closed', ({ reason }) => {
  reason satisfies CloseReason;
  // @ts-expect-error not any
  reason satisfies number;
});
// all of these are exported, so that a library's declarations can name what they are
export const single = createSingleServer();
export const actor = createActor(serverCore, { input: { protocol, port: 0 } });
export const singleActor = createActor(singleServer);
export const parts = setup({ actors: { echo, connection, singleServer, tcpClient, tcpListener } });
export const app = setup({ actors: { serverCore } }).createMachine({
  invoke: { src: 'serverCore', input: { protocol } },
});
export async function main(): Promise<number> {
  await using scoped = createServerCore({ protocol });
  return (await scoped.start()).port;
}
`;
