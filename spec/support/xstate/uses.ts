import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import {
  emit,
  fromObservable,
  fromPromise,
  fromTransition,
  not,
  raise,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from 'xstate';
import {
  createServerCore,
  createSingleServer,
  echo,
  serverCore,
  setupProtocol,
  type ServerchartError,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCoreOptions,
} from '../../../server';
import { Hub, traceTo } from '../../../server/inspect';
import { modelPaths, scenario } from '../../../server/testing';

/** Sends `said`, and returns the text that comes until the close. The client ends its side at the text `awaited`. */
async function heard(port: number, said: string, awaited?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  socket.on('data', (data: string) => {
    text += data;
    if (text === awaited) socket.end();
  });
  if (said !== '') socket.write(said);
  await once(socket, 'close');
  return text;
}

/** Serves one client with a protocol. Returns the text that the client hears, and how its connection ended. */
async function served(protocol: ServerCoreOptions['protocol'], said: string, awaited?: string): Promise<unknown> {
  const server = createServerCore({ protocol, port: 0 });
  const closed = new Promise((resolve) => server.on('connection.closed', resolve)) as Promise<{ reason: string }>;
  const { port } = await server.start();
  const text = await heard(port, said, awaited);
  const { reason } = await closed;
  const { connections } = await server.shutdown();
  return { text, reason, connections };
}

const opened = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.resume();
  await once(socket, 'connect');
  return socket;
};

/** An observable of two values. */
const values = {
  subscribe(observer: { next?: (value: string) => void; complete?: () => void }) {
    observer.next?.('a');
    observer.next?.('b');
    observer.complete?.();
    return { unsubscribe: () => undefined };
  },
};

/** A machine that uses all kinds of XState's actions and guards, and invoked and spawned actors. */
const busy = setup({
  types: {} as { events: ProtocolEvent | { type: 'go' }; emitted: ProtocolEmitted },
  actors: {
    echoing: fromTransition((state: number, event: { type: string }) => (event.type === 'more' ? state + 1 : state), 0),
  },
  guards: { isEmpty: ({ event }) => event.type === 'inbox' && event.data.length === 0 },
}).createMachine({
  initial: 'waiting',
  states: {
    waiting: { on: { inbox: { guard: not('isEmpty'), target: 'asking' } } },
    asking: {
      entry: [sendTo('child', { type: 'more' }), raise({ type: 'go' })],
      invoke: { id: 'child', src: 'echoing' },
      on: { go: 'telling' },
    },
    telling: { entry: spawnChild('echoing', { id: 'another' }), exit: stopChild('another'), after: { 10: 'ending' } },
    ending: { entry: emit({ type: 'outbox', data: 'told' }), type: 'final' },
  },
});

const turnstile = setup({ types: {} as { events: { type: 'coin' } | { type: 'push' } } }).createMachine({
  initial: 'locked',
  states: { locked: { on: { coin: 'open' } }, open: { on: { push: 'locked' } } },
});

const late = setupProtocol().createMachine({
  initial: 'waiting',
  states: {
    waiting: { after: { 10: { target: 'over', actions: { type: 'reply', params: { data: 'late' } } } } },
    over: { entry: 'finish' },
  },
});

/** A small program for each feature that needs one of XState's unpublished names. Each program returns its result. */
export const uses = {
  echoes: () => served(echo, 'hello', 'hello'),
  'answers with a promise': () =>
    served(
      fromPromise(() => Promise.resolve('answer')),
      '',
    ),
  'answers with an observable': () =>
    served(
      fromObservable(() => values as never),
      '',
    ),
  'answers after a while': () => served(late, ''),
  'runs a chart with children': () => served(busy, 'x'),

  'serves one without a protocol': async () => {
    const server = createSingleServer({ port: 0 });
    server.on('outbox', ({ data }) => {
      server.send({ type: 'inbox', data: `${String(data)}!` });
    });
    const { port } = await server.start();
    const text = await heard(port, 'hello', 'hello!');
    await server.shutdown();
    return text;
  },

  'shuts down before its start': async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    const { connections } = await server.shutdown();
    const refused = await server.start().catch((error: unknown) => (error as ServerchartError).code);
    return { connections, refused };
  },

  'shuts down with open connections': async () => {
    const counting = fromTransition((state: number) => state + 1, 0);
    const endings: unknown[] = [];
    for (const protocol of [echo, counting]) {
      const server = createServerCore({ protocol, port: 0, shutdownTimeout: 20 });
      const connections = new EventEmitter();
      server.on('connection.opened', () => connections.emit('opened'));
      server.on('connection.closed', ({ reason }) => endings.push(reason));
      const { port } = await server.start();
      for (let count = 0; count < 2; count += 1) {
        const told = once(connections, 'opened');
        await Promise.all([opened(port), told]);
      }
      await server.shutdown();
    }
    return endings;
  },

  'is inspected': async () => {
    const server = createServerCore({ protocol: echo, port: 0 });
    let text = '';
    const stream = new Writable({
      write: (chunk, _, done) => {
        text += String(chunk);
        done();
      },
    });
    const hub = new Hub();
    hub.attach(server.actor);
    const trace = traceTo(hub, stream);
    const { port } = await server.start();
    await heard(port, 'hello', 'hello');
    await server.shutdown();
    while (!/ serverCore +is done/.test(text)) await new Promise((resolve) => setImmediate(resolve));
    trace.stop();
    const emits = /connection:1\/protocol +emits +outbox/.test(text);
    return { emits, changes: / \S+ → closed /.test(text), deaths: text.match(/ is (done|stopped)/g)?.length };
  },

  'plays a scenario': async () => {
    await using s = await scenario(serverCore, { protocol: echo });
    const client = await s.client();
    await client.sends('hello');
    await client.receives('hello');
    await client.leaves();
    await client.isClosed('peerClosed');
    await s.send({ type: 'control.serverShutdown' });
    return { leftovers: s.leftovers(), named: s.trace().includes('connection:1/protocol') };
  },

  'finds the paths of a model': () => {
    try {
      return Promise.resolve(modelPaths(turnstile).paths.map(({ title }) => title));
    } catch (error) {
      return Promise.resolve((error as ServerchartError).code);
    }
  },
} satisfies Readonly<Record<string, () => Promise<unknown>>>;
