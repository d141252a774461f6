import net, { type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyActor } from 'xstate';
import { setNetwork } from '../../actors/socket/network';
import type { ConnectedSocketAdapter } from '../../machines/connectedSocketAdapter';
import { createServerCore, type ClosedConnection, type ServerCore, type ServerEmitted } from '../../server/index';
import { seededRandom } from '../../server/testing/network/random';
import { Client } from '../support/client';
import { collect } from '../support/events';
import { child } from '../support/inspect/onlooker';
import { below, broken, deeds, handlerOf, type Deed, type Victim } from './deeds';

/** The number of clients that are connected at all times. */
const population = 100;

/** Milliseconds between two deeds. */
const pace = 20;

const listenerFails = 'the listener fails';

/** The text that each client sends once it is connected. */
export const greeting = 'hello';

/** The names of all deeds. */
export const deedNames: readonly string[] = [...Object.keys(deeds), listenerFails];

/** How a connection must end after the deed that was done to it. */
type Expected = Pick<ClosedConnection, 'reason' | 'error'>;

/** The registry's entry for a connection. */
interface RegistryEntry {
  readonly actor: AnyActor;
  readonly CSA: ConnectedSocketAdapter;
}

/**
 * A server under a stampede: again and again one of its actors or sockets ends or breaks, and new clients take the
 * places of the clients that leave.
 *
 * The seed decides what is done, and to which position in the list of open connections. The kernel has a part in which
 * connection stands at that position.
 *
 * Two actors are spared: the server and its registry of connections. They end only with the server, on request or by a
 * bug of ours, and a server that has ended serves no clients.
 */
export class Stampede {
  readonly server: ServerCore;
  /** All events that the server has emitted. */
  readonly told: readonly ServerEmitted[];
  /** The names of the deeds that were done, in order. */
  readonly done: string[] = [];
  /** How each connection must end that a deed was done to. */
  readonly expected = new Map<string, Expected>();
  readonly #random: () => number;
  // by the client's port, including closed sockets
  readonly #clients = new Map<number | undefined, Client>();
  readonly #sockets = new Map<number | undefined, Socket>();
  #listener: Server | undefined;

  /** @param seed - the seed of the random deeds */
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

  /** Starts the server, and connects the first clients. */
  async start(): Promise<void> {
    await this.server.start();
    await this.#invite();
  }

  /** Does `times` deeds, one each {@link pace} milliseconds. */
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
      // the last listener is gone, and the next one doesn't listen yet
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

  /** The connections to which a deed can be done. */
  #victims({ levels = 0 }: Deed): Victim[] {
    const { live } = child(this.server.actor, 'connections').getSnapshot() as {
      live: ReadonlyMap<string, RegistryEntry>;
    };
    return [...live.values()].flatMap(({ actor: connection, CSA }) => {
      const handler = below(connection, 1);
      const { id, peerport } = CSA.info;
      const [client, socket] = [this.#clients.get(peerport), this.#sockets.get(peerport)];
      // a client from outside, one that is still connecting, or one that is about to leave
      if (client === undefined || socket === undefined || handler === undefined || this.expected.has(id)) return [];
      return below(handler, levels) ? [{ connection, handler, CSA, client, socket }] : [];
    });
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.#random() * among.length)];
  }

  /** Connects clients until there are enough, or until the listener has failed. */
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
      // no listener listens right now: the next call connects the rest
      if (!['ECONNREFUSED', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
