import {
  createActor,
  type Actor,
  type AnyActor,
  type AnyActorLogic,
  type AnyActorRef,
  type EmittedFrom,
  type EventFromLogic,
  type EventObject,
} from 'xstate';
import type { NetConnectOpts, Socket, TcpNetConnectOpts } from 'node:net';
import { stopOrphans } from '../../../actors/xstate/orphans';
import { InvalidOptionError } from '../../../machines/vocabulary/errors';
import type { FaultOptions } from '../network/faults';
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../network/memoryNetwork';
import type { SimulatedClock } from '../simulatedClock';
import { Ledger } from './ledger';
import { ScenarioError } from './scenarioError';
import { TestClient } from './testClient';
import { TestPeer, type Surroundings } from './testPeer';
import { Trace } from './trace';

/** Options for the surroundings of a scenario. All may be left out. */
export interface StageOptions extends Omit<MemoryNetworkOptions, 'clock'> {
  /**
   * A network that several scenarios share. It has the options that it was made with, so none of them may stand here.
   * Faults are those of all its scenarios.
   * @defaultValue a new network, with the other options
   */
  readonly network?: MemoryNetwork;
  /** The faults from the start on; see {@link Scenario.faults}. */
  readonly faults?: FaultOptions;
}

/** The stages of actors, by the actors' systems. */
const stages = new WeakMap<AnyActorRef['system'], Stage<AnyActorLogic>>();

/** How many lines of the trace a failure shows. */
const mostInFailure = 20;

/** All peers read into the same memory: each takes its bytes out at once. */
const readInto = Buffer.alloc(65_536);

/**
 * The surroundings of a scenario: one actor with all that it starts, a network in memory, a clock that stands still
 * until it is moved, and a trace of all that happens.
 */
export abstract class Stage<TLogic extends AnyActorLogic> implements AsyncDisposable, Surroundings {
  readonly network: MemoryNetwork;
  /** @internal */
  protected readonly root: Actor<TLogic>;
  /** @internal */
  protected readonly ledger = new Ledger();
  readonly #trace: Trace;
  readonly #emitted: { readonly source: AnyActorRef; readonly event: EventObject }[] = [];
  readonly #peers: TestPeer[] = [];
  /** The error that the root has ended in, until a step has thrown it. */
  #crash: { readonly error: unknown } | undefined;

  /** @internal */
  constructor(logic: TLogic, input: unknown, { network, faults, ...options }: StageOptions) {
    this.network = chosenNetwork(network, options);
    if (faults !== undefined) this.network.faults(faults);
    this.#trace = new Trace(this.clock);
    const root = createActor(logic as AnyActorLogic, { input, clock: this.clock }) as AnyActor;
    this.network.host(root);
    this.root = root as unknown as Actor<TLogic>;
    stages.set(root.system, this as unknown as Stage<AnyActorLogic>);
    this.#trace.observe(root, (source, event) => {
      this.#emitted.push({ source, event });
      this.#assign(this.ledger.hear(source, event));
    });
    root.subscribe({
      error: (error) => {
        this.#crash = { error };
        this.#trace.fail(root, error);
      },
    });
  }

  /** The clock of the actors and of the network. */
  get clock(): SimulatedClock {
    return this.network.clock;
  }

  /** The error that the root has ended in. */
  get error(): unknown {
    return (this.root.getSnapshot() as { readonly error?: unknown }).error;
  }

  /** All events that the root has emitted so far, in order. */
  get emitted(): readonly EmittedFrom<TLogic>[] {
    return this.emittedBy(this.root) as readonly EmittedFrom<TLogic>[];
  }

  /** All events that an actor has emitted so far, in order. */
  emittedBy(actor: AnyActorRef): readonly EventObject[] {
    return this.#emitted.filter(({ source }) => source === actor).map(({ event }) => event);
  }

  /**
   * An actor, running or ended, by its name in the trace, such as `connection:1/protocol`.
   * @throws {@link ScenarioError} when there was no actor of that name
   */
  actor(name: string): AnyActorRef {
    const actor = this.#trace.actor(name);
    if (actor === undefined) throw this.failure(`There is no actor ${name}`);
    return actor;
  }

  /**
   * Lets so many milliseconds pass. All that happens in them has happened when the promise resolves.
   * @throws the error that the root has ended in since the last step, if it has: all steps of a scenario do so
   */
  async advance(ms: number): Promise<void> {
    if (ms > 0) this.note('', `${String(ms)} ms pass`);
    try {
      await this.clock.advance(ms);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw this.failure(error instanceof Error ? error.message : String(error), error);
    }
    const crash = this.#crash;
    this.#crash = undefined;
    if (crash !== undefined) throw crash.error as Error;
  }

  /** Waits until all has happened that takes no time. The methods of peers, and `advance`, wait for that themselves. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /** Sends an event to the root, and waits until all has happened that follows from it without time passing. */
  async send(event: EventFromLogic<TLogic>): Promise<void> {
    this.root.send(event);
    await this.settle();
  }

  /**
   * Lets these faults happen from now on, as a seed decides, in place of those before; `{}` ends all faults.
   *
   * @example
   * ```ts
   * s.faults({ seed: 7, reset: 0.01, delay: 200 });
   * ```
   * @throws {@link InvalidOptionError}
   */
  faults(options: FaultOptions): void {
    this.network.faults(options);
  }

  /** The trace so far: a line for each thing that has happened. The same scenario gives the same text each time. */
  trace(): string {
    return this.#trace.toString();
  }

  /**
   * The actors that run, the timers that are set, and the servers and ends of connections that are open, one line
   * each. After a server's end there should be none.
   */
  leftovers(): string[] {
    const { pending } = this.clock;
    return [
      ...this.#trace.living.map((name) => `actor ${name}`),
      ...(pending === 0 ? [] : [`${String(pending)} timers`]),
      ...this.network.leftovers(),
    ];
  }

  /** Ends the root and all peers at once. */
  async close(): Promise<void> {
    this.root.stop();
    // a root that has crashed has left its children running
    stopOrphans(this.root as unknown as AnyActorRef);
    for (const { socket } of this.#peers) socket.destroy();
    await this.clock.settled();
  }

  /** Closes the scenario when the block of its `await using` ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Writes a line into the trace. */
  note(who: string, what: string): void {
    this.#trace.note(who, what);
  }

  /** Makes the error for an expectation of your own: its message has the last lines of the trace, and the seeds. */
  failure(message: string, cause?: unknown): ScenarioError {
    const text = `${message}\n\nWhat happened last:\n${this.#trace.toString(mostInFailure)}\n\n${this.network.replay}`;
    return new ScenarioError(text, cause === undefined ? undefined : { cause });
  }

  /** Makes a peer that connects. @internal */
  protected connect(name: string, options: Partial<NetConnectOpts>): TestClient {
    // the port is chosen here, since a server may name it before the socket knows it
    const port = 'path' in options ? 0 : ((options as TcpNetConnectOpts).localPort ?? this.network.freePort());
    const socket = this.network.createConnection({
      ...options,
      localPort: port,
      // a paused socket would otherwise take another 64 KiB
      onread: {
        buffer: readInto,
        callback: (length: number) => {
          peer.take(Buffer.from(readInto.subarray(0, length)));
          return true;
        },
      },
    } as NetConnectOpts);
    const peer = new TestClient(name, socket, this, port);
    this.#peers.push(peer);
    this.note(name, 'connects');
    return peer;
  }

  /** Takes a peer that a listener has accepted. @internal */
  protected enter(name: string, socket: Socket): TestPeer {
    const peer = new TestPeer(name, socket, this);
    this.#peers.push(peer);
    return peer;
  }

  /** Gives a fate to the client that a server has emitted an event about. */
  #assign(fate: TestClient['fate']): void {
    if (fate === undefined) return;
    // on a unix socket all clients have the same port; a client that has failed never reached the server
    const isIt = (peer: TestPeer): peer is TestClient =>
      peer instanceof TestClient &&
      peer.fate === undefined &&
      peer.port === fate.info.peerport &&
      peer.socket.errored === null;
    const client = this.#peers.find(isIt);
    if (client === undefined) return;
    client.fate = fate;
    if (fate.rejected === undefined) this.note(client.name, `is ${fate.info.id}`);
  }
}

function chosenNetwork(shared: MemoryNetwork | undefined, options: MemoryNetworkOptions): MemoryNetwork {
  const [first] = Object.entries(options);
  if (shared === undefined) return memoryNetwork(options);
  if (first === undefined) return shared;
  throw new InvalidOptionError(...first, 'left out: it is for the network that is shared');
}

/** The stage of an actor; undefined for an actor without one. */
export const stageOf = ({ system }: AnyActorRef): Stage<AnyActorLogic> | undefined => stages.get(system);
