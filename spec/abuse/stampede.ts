import net, { type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyActor } from 'xstate';
import { setNetwork } from '../../actors/socket/network';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import { createServerCore, type ClosedConnection, type ServerCore, type ServerEmitted } from '../../server/index';
import { seededRandom } from '../../server/testing/network/random';
import { Client } from '../support/client';
import { collect } from '../support/events';
import { child } from '../support/inspect/viewing';
import { below, broken, deeds, handlerOf, type Deed, type Victim } from './deeds';

/** How many clients there are to be at all times. */
const population = 100;

/** Milliseconds from deed to deed. */
const pace = 20;

const listenerFails = 'the listener fails';

/** What each client says when it has come. */
export const greeting = 'hello';

/** All that may be done. */
export const deedNames: readonly string[] = [...Object.keys(deeds), listenerFails];

/** A connection's end, as what was done to it has it. */
type Expected = Pick<ClosedConnection, 'reason' | 'error'>;

/** What the registry has of each connection. */
interface RegistryEntry {
  readonly actor: AnyActor;
  readonly CSA: ConnectedSocketAdapter;
}

/**
 * A server that is never left alone: time and again one of its actors, or of its sockets, ends or breaks, and new clients
 * take the places of those who go.
 *
 * The seed decides what is done, and to the how manieth of the connections that are open. Which of them that is, the
 * kernel has a say in.
 *
 * Two actors are spared: the server and its registry of connections. They end with the server, by a bug of ours or because
 * it was told to, and a server that has ended serves nobody.
 */
export class Stampede {
  readonly server: ServerCore;
  /** All that the server has told. */
  readonly told: readonly ServerEmitted[];
  /** What was done, in order. */
  readonly done: string[] = [];
  /** The connections that something was done to. */
  readonly expected = new Map<string, Expected>();
  readonly #random: () => number;
  // each by the client's port; those that have closed, too
  readonly #clients = new Map<number | undefined, Client>();
  readonly #sockets = new Map<number | undefined, Socket>();
  #listener: Server | undefined;

  /** @param seed - decides what is done */
  constructor(seed: number) {
    this.#random = seededRandom(seed);
    let made = 0;
    this.server = createServerCore({
      protocol: () => {
        made += 1;
        return handlerOf(made);
      },
      port: 0,
      restart: { max: Infinity, delay: 1 },
    });
    setNetwork(this.server.actor, {
      createServer: (options) => {
        this.#listener = net.createServer(options);
        return this.#listener.on('connection', (socket) => {
          this.#sockets.set(socket.remotePort, socket);
        });
      },
      createConnection: net.createConnection,
    });
    this.told = collect<ServerEmitted>(this.server);
  }

  /** The clients that are connected. */
  get clients(): Client[] {
    return [...this.#clients.values()].filter(({ socket }) => !socket.destroyed);
  }

  /** Starts the server, and lets the first clients come. */
  async start(): Promise<void> {
    await this.server.start();
    await this.#invite();
  }

  /** Does so many deeds, at its pace. */
  async run(times: number): Promise<void> {
    while (this.done.length < times) {
      this.#doOne();
      await Promise.all([this.#invite(), delay(pace)]);
    }
  }

  #doOne(): void {
    const name = this.#pick(deedNames) ?? '';
    const deed = deeds[name];
    if (deed === undefined) {
      // it is gone already, and the next one has yet to come
      if (this.#listener?.listening !== true) return;
      this.#listener.emit('error', Object.assign(new Error('accept EBADF'), { code: 'EBADF' }));
    } else {
      const victim = this.#pick(this.#victims(deed));
      if (victim === undefined) return;
      const { reason, isTold } = deed;
      if (reason !== undefined) {
        this.expected.set(victim.CSA.info.id, isTold === true ? { reason, error: broken } : { reason });
      }
      deed.act(victim);
    }
    this.done.push(name);
  }

  /** The connections that this can happen to. */
  #victims({ levels = 0 }: Deed): Victim[] {
    const { live } = child(this.server.actor, 'connections').getSnapshot() as {
      live: ReadonlyMap<string, RegistryEntry>;
    };
    return [...live.values()].flatMap(({ actor: connection, CSA }) => {
      const handler = below(connection, 1);
      const { id, peerport } = CSA.info;
      const [client, socket] = [this.#clients.get(peerport), this.#sockets.get(peerport)];
      // somebody else's client, one that has yet to come, or one that is about to go
      if (client === undefined || socket === undefined || handler === undefined || this.expected.has(id)) return [];
      return below(handler, levels) ? [{ connection, handler, CSA, client, socket }] : [];
    });
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.#random() * among.length)];
  }

  /** Lets clients come until there are enough, or until the listener has failed. */
  async #invite(): Promise<void> {
    const missing = population - this.clients.length;
    await Promise.all(Array.from({ length: missing }, () => this.#connect()));
  }

  async #connect(): Promise<void> {
    const port = this.server.address?.port ?? 0;
    try {
      const client = await Client.connect({ port, host: '127.0.0.1', allowHalfOpen: false });
      this.#clients.set(client.socket.localPort, client);
      client.socket.write(greeting);
    } catch (error) {
      // between two listeners: another time, then
      if (!['ECONNREFUSED', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
