import type { NetConnectOpts } from 'node:net';
import type { Actor, AnyActorLogic, EventFromLogic, InputFrom, OutputFrom } from 'xstate';
import type { ClosedConnection } from '../../../machines/vocabulary/connectionTypes';
import { Stage, type StageOptions } from './stage';
import { TestListener } from './testListener';
import type { TestClient } from './testClient';

/** How a scenario's surroundings are to be; all can be left out. */
export interface ScenarioOptions extends StageOptions {
  /** Servers that are there from the first moment on, for the clients under test: names and ports. */
  readonly listeners?: Readonly<Record<string, number>>;
}

/** The input may be left out where the logic needs none. */
type ScenarioArguments<TLogic extends AnyActorLogic> =
  undefined extends InputFrom<TLogic>
    ? [input?: InputFrom<TLogic>, options?: ScenarioOptions]
    : [input: InputFrom<TLogic>, options?: ScenarioOptions];

/**
 * Where a client connects, and how: `{ port }`, `{ path }`, `{ localAddress }`, `{ allowHalfOpen: true }` (it doesn't answer
 * the server's end with its own).
 */
export type ClientOptions = Partial<NetConnectOpts> & {
  /**
   * Whether it reads from its first byte on.
   * @defaultValue true
   */
  readonly reads?: boolean;
};

/**
 * Starts a server, or any actor that has servers and clients in it, on a network in memory.
 *
 * @example
 * ```ts
 * await using s = await scenario(serverCore, { protocol: echo });
 * const [client] = await s.clients('client');
 * await client.sends('hello');
 * await client.receives('hello');
 * ```
 *
 * @param logic - such as `serverCore`, `singleServer`, or a machine of yours that invokes them
 * @param input - the logic's input; a server's options
 * @param options - how the surroundings are to be
 * @throws what the actor ended in, when it didn't live to see the start: a `ListenError`, an `InvalidOptionError`
 */
export async function scenario<TLogic extends AnyActorLogic>(
  logic: TLogic,
  ...[input, { listeners = {}, ...options } = {}]: ScenarioArguments<TLogic>
): Promise<Scenario<TLogic>> {
  const made = new Scenario(logic, input, options);
  try {
    await demandTicks(made);
    for (const [name, port] of Object.entries(listeners)) await made.listens(name, port);
    made.server.start();
    await made.settle();
    return made;
  } catch (error) {
    await made.close();
    throw error;
  }
}

/** Node's streams need ticks: without, nothing would ever connect, and nobody would know why. */
async function demandTicks(made: Scenario<AnyActorLogic>): Promise<void> {
  const tick = new Promise<boolean>((resolve) => {
    process.nextTick(resolve, true);
  });
  const turn = made.clock.settled().then(() => false);
  if (await Promise.race([tick, turn])) return;
  throw new Error(
    "process.nextTick doesn't run: jest's fake timers need { doNotFake: ['nextTick', 'queueMicrotask'] }",
  );
}

/** A server under test, and its clients. See {@link scenario}. */
export class Scenario<TLogic extends AnyActorLogic> extends Stage<TLogic> {
  readonly #listeners = new Map<string, TestListener>();
  #clients = 0;

  /** The actor under test. */
  get server(): Actor<TLogic> {
    return this.root;
  }

  /** What the actor under test has ended with, such as a server's summary; undefined as long as it hasn't. */
  get output(): OutputFrom<TLogic> | undefined {
    return (this.root.getSnapshot() as { readonly output?: OutputFrom<TLogic> }).output;
  }

  /** How many connections the servers have, each with its handler. */
  get connections(): number {
    return this.ledger.open;
  }

  /** How the servers' connections have ended, in the order in which they were opened. */
  get closed(): readonly ClosedConnection[] {
    return this.ledger.closed;
  }

  /**
   * Connects a client.
   * @param name - what it is called in the trace; `client 1` and so on by default
   * @param options - where, and how; without a port or a path, where a server of this scenario has listened last
   * @returns the client, whatever has become of it: that it was refused is its own to say
   * @throws {@link ScenarioError} when it doesn't know where
   */
  async client(name?: string, { reads = true, ...options }: ClientOptions = {}): Promise<TestClient> {
    this.#clients += 1;
    const where = 'port' in options || 'path' in options ? {} : this.ledger.address;
    if (where === undefined) throw this.failure('No server has listened yet: a client needs a port or a path');
    const peer = this.connect(name ?? `client ${String(this.#clients)}`, { ...where, ...options } as ClientOptions);
    if (!reads) peer.stopsReading();
    await this.settle();
    return peer;
  }

  /** Connects clients, one after the other. */
  async clients<const TNames extends readonly string[]>(
    ...names: TNames
  ): Promise<{ -readonly [TName in keyof TNames]: TestClient }> {
    const peers: TestClient[] = [];
    for (const name of names) peers.push(await this.client(name));
    return peers as { -readonly [TName in keyof TNames]: TestClient };
  }

  /**
   * Listens, for the clients that the actor under test makes. Those who are to be there from the first moment on are an
   * option of {@link scenario}.
   *
   * @example
   * ```ts
   * await using s = await scenario(app, undefined, { listeners: { upstream: 8080 } });
   * const connection = await s.listener('upstream').accepts();
   * await connection.receives('GET / HTTP/1.1\r\n');
   * ```
   * @throws {@link ScenarioError} when the name or the port is taken
   */
  async listens(name: string, port: number): Promise<TestListener> {
    if (this.#listeners.has(name)) throw this.failure(`There is a listener ${name} already`);
    const listener = new TestListener(name, this.network, port, (peer, socket) => this.enter(peer, socket), this);
    this.#listeners.set(name, listener);
    await listener.opens();
    return listener;
  }

  /**
   * One of those who listen.
   * @throws {@link ScenarioError} when there is none of that name
   */
  listener(name: string): TestListener {
    const listener = this.#listeners.get(name);
    if (listener === undefined) throw this.failure(`There is no listener ${name}`);
    return listener;
  }

  override async close(): Promise<void> {
    for (const { server } of this.#listeners.values()) server.close();
    await super.close();
  }

  /**
   * Has the server drain: sends `control.serverShutdown` to the actor under test, which must know it. What takes time, such
   * as a client that doesn't leave, needs {@link advance} after it.
   */
  async shutsDown(): Promise<void> {
    await this.send({ type: 'control.serverShutdown' } as EventFromLogic<TLogic>);
  }
}
