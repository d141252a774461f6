import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { atEnd } from '../../support/fixtures';

const xstate = dirname(require.resolve('xstate'));
const inspect = require.resolve('@statelyai/inspect');

/** Replaces the imports of createBrowserReceiver's module that createBrowserReceiver doesn't use. */
const stub = 'data:text/javascript,export default {}; export const stringify = 0, uuid = 0';
const unused = ['fast-safe-stringify', 'safe-stable-stringify', 'isomorphic-ws', 'partysocket', 'superjson', '#uuid'];
const imports = {
  ...Object.fromEntries(unused.map((name) => [name, stub])),
  xstate: '/xstate/xstate.esm.js',
  '@statelyai/inspect': '/inspect.mjs',
};

/** A page with the real receiver. `received` has its messages; `rebuild(definition)` makes the machine anew. */
const receiver = `<!doctype html>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import { createBrowserReceiver } from '@statelyai/inspect';
  import { createMachine } from 'xstate';
  window.received = [];
  window.rebuild = (definition) => {
    const statesOf = (node) => [node.path.join('.'), ...Object.values(node.states).flatMap(statesOf)];
    return statesOf(createMachine(JSON.parse(definition)).root);
  };
  createBrowserReceiver().subscribe((message) => window.received.push(message));
</script>`;

/** A page that tells its opener or its frame's parent that it is the Stately Inspector, and notes what they send. */
const impostor = `<!doctype html>
<link rel="icon" href="data:,">
<script>
  window.received = [];
  addEventListener('message', ({ data }) => window.received.push(data));
  (window.opener ?? window.top).postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

const isModule = (path: string): boolean => /^\/xstate\/[\w.-]+\.esm\.js$/.test(path);

/**
 * Starts a web site with its own origin, in place of the Stately Inspector's. `/inspect` redirects to the receiver,
 * `/away` to the impostor on another site.
 * @returns the site's origin
 */
export async function standIn(other = ''): Promise<string> {
  const server: Server = createServer(({ url = '' }, response) => {
    const send = (type: string, text: string): void => {
      response.setHeader('Content-Type', type);
      response.end(text);
    };
    if (url === '/inspect') response.writeHead(302, { Location: '/registry/inspect?live' }).end();
    else if (url === '/away') response.writeHead(302, { Location: `${other}/impostor` }).end();
    else if (url === '/registry/inspect?live') send('text/html', receiver);
    else if (url === '/impostor') send('text/html', impostor);
    else if (url === '/inspect.mjs') send('text/javascript', readFileSync(inspect, 'utf8'));
    else if (isModule(url)) send('text/javascript', readFileSync(join(xstate, basename(url)), 'utf8'));
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
