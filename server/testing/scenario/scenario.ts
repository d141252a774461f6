import type { NetConnectOpts } from 'node:net';
import type { Actor, AnyActorLogic, EventFromLogic, InputFrom, OutputFrom } from 'xstate';
import type { ClosedConnection } from '../../../machines/vocabulary/connectionTypes';
import { Stage, type StageOptions } from './stage';
import { TestListener } from './testListener';
import type { TestClient } from './testClient';

/** Options of {@link scenario}. All may be left out. */
export interface ScenarioOptions extends StageOptions {
  /** Servers that the test plays, for the clients under test: their names and ports. They listen from the start. */
  readonly listeners?: Readonly<Record<string, number>>;
}

/** The arguments after the logic. The input may be left out when the logic needs none. */
type ScenarioArguments<TLogic extends AnyActorLogic> =
  undefined extends InputFrom<TLogic>
    ? [input?: InputFrom<TLogic>, options?: ScenarioOptions]
    : [input: InputFrom<TLogic>, options?: ScenarioOptions];

/**
 * Where a client connects, and how: `{ port }`, `{ path }`, `{ localAddress }`, `{ allowHalfOpen: true }` (the client
 * doesn't answer the server's end with its own).
 */
export type ClientOptions = Partial<NetConnectOpts> & {
  /**
   * Whether the client reads from its first byte on.
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
 * @param logic - an actor's logic, such as `serverCore`, `singleServer`, or a machine of yours that invokes them
 * @param input - the logic's input; for a server, its options
 * @param options - options for the network, its faults, and the servers that the test plays
 * @throws the error that the actor ended in, if it ended while it started: a `ListenError`, an `InvalidOptionError`
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

/** Throws when `process.nextTick` is faked. Node's streams need ticks: nothing would ever connect, without a reason. */
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

  /** The output of the actor under test, such as a server's summary; undefined until the actor is done. */
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
   * @param name - the client's name in the trace; `client 1`, `client 2`, … by default
   * @param options - where and how it connects; without a port or a path, to the server that was the last to listen
   * @returns the client, even if the server refused it: `hasFailed` and `isRejected` check that
   * @throws {@link ScenarioError} when there is no port or path, and no server has listened yet
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
   * Starts a server that the test plays, for the clients that the actor under test makes. For a server that listens
   * from the start, there is an option of {@link scenario}.
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
   * A server that the test plays, by its name.
   * @throws {@link ScenarioError} when no server has that name
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
   * Lets the server drain: sends `control.serverShutdown` to the actor under test, which must know that event. A
   * drain that takes time, because a client doesn't leave, needs {@link advance} after it.
   */
  async shutsDown(): Promise<void> {
    await this.send({ type: 'control.serverShutdown' } as EventFromLogic<TLogic>);
  }
}
