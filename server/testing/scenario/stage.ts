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

/** How a scenario's surroundings are to be; all can be left out. */
export interface StageOptions extends Omit<MemoryNetworkOptions, 'clock'> {
  /**
   * The network, when several scenarios share one. What there is to say of it is said where it is made, and its faults are
   * those of all of them.
   * @defaultValue one of its own, as the other options say
   */
  readonly network?: MemoryNetwork;
  /** What goes wrong from the first moment on; see {@link Scenario.faults}. */
  readonly faults?: FaultOptions;
}

/** The stage that an actor plays on, by its system. */
const stages = new WeakMap<AnyActorRef['system'], Stage<AnyActorLogic>>();

/** Lines of the trace that a failure shows. */
const mostInFailure = 20;

/** All peers read into the same memory, and take what has come at once. */
const readInto = Buffer.alloc(65_536);

/**
 * Where a scenario plays: one actor with all that it starts, on a network in memory, with a clock that stands still until
 * it is moved, and a trace of all that happens.
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
  /** The root has ended in an error that nobody has been told. */
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

  /** What the root has emitted so far, in order. */
  get emitted(): readonly EmittedFrom<TLogic>[] {
    return this.emittedBy(this.root) as readonly EmittedFrom<TLogic>[];
  }

  /** What an actor has emitted so far, in order. */
  emittedBy(actor: AnyActorRef): readonly EventObject[] {
    return this.#emitted.filter(({ source }) => source === actor).map(({ event }) => event);
  }

  /**
   * An actor by the name that it has in the trace, such as `connection:1/protocol`, whether it runs or has ended.
   * @throws {@link ScenarioError} when there was none
   */
  actor(name: string): AnyActorRef {
    const actor = this.#trace.actor(name);
    if (actor === undefined) throw this.failure(`There is no actor ${name}`);
    return actor;
  }

  /**
   * Lets so many milliseconds pass, with all that happens in them.
   * @throws what the root has ended in since the last step, if it has ended in an error: so do all steps of a scenario
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

  /** Lets all happen that takes no time. What peers do, and `advance`, have waited for that already. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /** Sends an event to the root, and lets all happen that follows from it without time passing. */
  async send(event: EventFromLogic<TLogic>): Promise<void> {
    this.root.send(event);
    await this.settle();
  }

  /**
   * Has things go wrong from now on, as a seed decides; with `{}` no more.
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

  /** What has happened so far, one line each: the same text each time that the same scenario is played. */
  trace(): string {
    return this.#trace.toString();
  }

  /**
   * What a server that has ended should have left none of: actors that run, timers that are set, ends of connections and
   * servers that are open. One line each.
   */
  leftovers(): string[] {
    const { pending } = this.clock;
    return [
      ...this.#trace.living.map((name) => `actor ${name}`),
      ...(pending === 0 ? [] : [`${String(pending)} timers`]),
      ...this.network.leftovers(),
    ];
  }

  /** Ends the root and all peers, whatever they are doing. */
  async close(): Promise<void> {
    this.root.stop();
    // one that has crashed has left its children
    stopOrphans(this.root as unknown as AnyActorRef);
    for (const { socket } of this.#peers) socket.destroy();
    await this.clock.settled();
  }

  /** Closes it when a scope that said `await using` is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Writes a line into the trace. */
  note(who: string, what: string): void {
    this.#trace.note(who, what);
  }

  /** The error for an expectation of your own: with what happened last, and the seeds. */
  failure(message: string, cause?: unknown): ScenarioError {
    const text = `${message}\n\nWhat happened last:\n${this.#trace.toString(mostInFailure)}\n\n${this.network.replay}`;
    return new ScenarioError(text, cause === undefined ? undefined : { cause });
  }

  /** A peer that connects. @internal */
  protected connect(name: string, options: Partial<NetConnectOpts>): TestClient {
    // chosen here, since a server may speak of it before the socket knows
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

  /** A peer that a listener has accepted. @internal */
  protected enter(name: string, socket: Socket): TestPeer {
    const peer = new TestPeer(name, socket, this);
    this.#peers.push(peer);
    return peer;
  }

  /** Finds the client that a server speaks of. */
  #assign(fate: TestClient['fate']): void {
    if (fate === undefined) return;
    // on a unix socket all have the same port; one that has failed was never there
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

/** The stage that an actor plays on, if it does. */
export const stageOf = ({ system }: AnyActorRef): Stage<AnyActorLogic> | undefined => stages.get(system);
