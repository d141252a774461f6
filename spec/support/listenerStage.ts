import { jest } from '@jest/globals';
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { setup, type EventObject } from 'xstate';
import { ListenError, tcpListener, type ListenerEvent } from '../../server/index';
import { memoryNetwork, scenario, type MemoryNetwork, type Scenario } from '../../server/testing/index';
import { broken } from './failingListeners';

/** What a listener is doing. */
export type Status = 'suspended' | 'opening' | 'listening' | 'failed' | 'closed';

/** What can happen to a listener: the events that it is sent, and the events of Node's server. */
const events = {
  resume: { type: 'control.resume' },
  suspend: { type: 'control.suspend' },
  shutdown: { type: '_serversignal.serverShutdown' },
  tlsReload: { type: 'control.tlsReload', options: {} },
  'error of a client': broken('ECONNABORTED'),
  'error of the socket': broken('EBADF'),
  connection: 'connection',
  'listening of Node': 'listening',
} as const satisfies Record<string, ListenerEvent | Error | string>;

/** The name of something that can happen to a listener. */
export type Name = keyof typeof events;

interface OwnerContext {
  readonly heard: EventObject[];
  /** Called as soon as the listener has reported its failure. */
  onFailed: () => void;
}

/** A machine that invokes a listener, records all events of the listener, and survives the listener's failure. */
const owner = setup({ types: {} as { context: OwnerContext }, actors: { tcpListener } }).createMachine({
  context: { heard: [], onFailed: () => undefined },
  invoke: {
    id: 'listener',
    src: 'tcpListener',
    input: { options: { port: 1601, host: '127.0.0.1' }, box: '_socketactivity' },
  },
  on: {
    '*': {
      actions: ({ context, event }) => {
        context.heard.push(event as EventObject);
        if ((event as EventObject).type === '_listener.failed') context.onFailed();
      },
    },
  },
});

/** A listener with its owner, and the means to make things happen to the listener. */
export class ListenerStage implements AsyncDisposable {
  readonly scenario: Scenario<typeof owner>;
  /** Returns the Node server that was made last. */
  readonly #server: () => Server;
  /** The two ends of a connection that has nothing to do with the listener. */
  readonly #strangers: readonly Socket[];

  constructor(s: Scenario<typeof owner>, server: () => Server, strangers: readonly Socket[]) {
    this.scenario = s;
    this.#server = server;
    this.#strangers = strangers;
  }

  static async make(): Promise<ListenerStage> {
    const network = memoryNetwork();
    const strangers = await connected(network);
    const create = jest.spyOn(network, 'createServer');
    const s = await scenario(owner, undefined, { network });
    return new ListenerStage(s, () => create.mock.results.at(-1)?.value as Server, strangers);
  }

  /** Brings the listener into a status, and makes the named thing happen there. */
  async meet(status: Status, name: Name): Promise<void> {
    this.#happens('resume');
    if (status !== 'opening') await this.scenario.settle();
    if (status === 'suspended') this.#happens('suspend');
    if (status === 'closed') this.#happens('shutdown');
    if (status === 'failed') {
      this.#context.onFailed = () => {
        this.#happensAfresh(name);
      };
      this.#happens('error of the socket');
    } else this.#happensAfresh(name);
    await this.scenario.settle();
  }

  /** The types of the events that the listener has sent since, without the names of their boxes. */
  get told(): string {
    const ours = this.#context.heard.filter(({ type }) => !type.startsWith('xstate.'));
    return ours.map(({ type }) => type.replace(/^_\w+\./, '')).join(' ');
  }

  /** Finds out the listener's status, only by what others can see of it. */
  async findStatus(): Promise<Status> {
    const { heard } = this.#context;
    const end = heard.find(({ type }) => type === 'xstate.error.actor.listener') as { error?: unknown } | undefined;
    if (end?.error instanceof ListenError) return 'failed';
    heard.length = 0;
    const client = await this.scenario.client('probe', { port: 1601 });
    if (this.told === 'newCSA') return 'listening';
    await client.hasFailed('ECONNREFUSED');
    this.#happens('resume');
    await this.scenario.settle();
    return this.told === 'listening' ? 'suspended' : 'closed';
  }

  /** Stops the listener's owner. */
  async stop(): Promise<void> {
    for (const socket of this.#strangers) socket.destroy();
    this.scenario.server.stop();
    await this.scenario.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.scenario.close();
  }

  get #context(): OwnerContext {
    return this.scenario.server.getSnapshot().context;
  }

  #happensAfresh(name: Name): void {
    this.#context.heard.length = 0;
    this.#happens(name);
  }

  #happens(name: Name): void {
    const event = events[name];
    if (event === 'connection') this.#server().emit('connection', this.#strangers[0]);
    else if (event === 'listening') this.#server().emit('listening');
    else if (event instanceof Error) this.#server().emit('error', event);
    else this.scenario.actor('listener').send(event);
  }
}

/** A connection's two ends: the server's, then the client's. */
async function connected(network: MemoryNetwork): Promise<Socket[]> {
  const server = network.createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(1);
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = network.createConnection({ port: 1 });
  const [socket] = (await accepted) as [Socket];
  server.close();
  return [socket, client];
}
