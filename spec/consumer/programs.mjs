/** What the consumers of the package write. */

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

/** A protocol as the help shows one. */
export const protocol = `
import { setupProtocol } from 'serverchart';
export default setupProtocol().createMachine({
  on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: 'finish' } },
});
`;

/** What must be typed, and what must not compile, from outside the package. */
export const typed = `
import { createActor, setup } from 'xstate';
import { createServerCore, createSingleServer, setupProtocol, type CloseReason, type ServerCore } from 'serverchart';
import { connection, echo, serverCore, singleServer, tcpClient, tcpListener } from 'serverchart';

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
