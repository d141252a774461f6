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
import type { FaultOptions } from '../faults';
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../memoryNetwork';
import type { SimulatedClock } from '../simulatedClock';
import { Ledger } from './ledger';
import { ScenarioError } from './scenarioError';
import { TestPeer, type Surroundings } from './testPeer';
import { Trace } from './trace';

/** How a scenario's surroundings are to be; all can be left out. */
export interface StageOptions extends Omit<MemoryNetworkOptions, 'clock'> {
  /**
   * The network, when several scenarios share one.
   * @defaultValue one of its own
   */
  readonly network?: MemoryNetwork;
  /** What goes wrong from the first moment on; see {@link Stage.faults}. */
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
  /** The error that the root has ended in. */
  error: unknown;
  protected readonly root: Actor<TLogic>;
  protected readonly ledger = new Ledger();
  readonly #trace: Trace;
  readonly #emitted: { readonly source: AnyActorRef; readonly event: EventObject }[] = [];
  readonly #peers: TestPeer[] = [];

  /** @internal */
  constructor(logic: TLogic, input: unknown, { network, faults, ...options }: StageOptions) {
    this.network = network ?? memoryNetwork(options);
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
        this.error = error;
      },
    });
  }

  /** The clock of the actors and of the network. */
  get clock(): SimulatedClock {
    return this.network.clock;
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

  /** Lets so many milliseconds pass, with all that happens in them. */
  async advance(ms: number): Promise<void> {
    this.note('', `${String(ms)} ms pass`);
    await this.clock.advance(ms);
  }

  /** Lets all happen that takes no time. What peers do, and `advance`, have waited for that already. */
  async settle(): Promise<void> {
    await this.clock.advance(0);
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
  failure(message: string): ScenarioError {
    return new ScenarioError(
      `${message}\n\nWhat happened last:\n${this.#trace.toString(mostInFailure)}\n\n${this.network.replay}`,
    );
  }

  /** A peer that connects. */
  protected connect(name: string, options: Partial<NetConnectOpts>): TestPeer {
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
    const peer = this.enter(name, socket, port);
    this.note(name, 'connects');
    return peer;
  }

  protected enter(name: string, socket: Socket, port?: number): TestPeer {
    const peer = new TestPeer(name, socket, this, port);
    this.#peers.push(peer);
    return peer;
  }

  /** Finds the peer that a server speaks of. */
  #assign(fate: TestPeer['fate']): void {
    if (fate === undefined) return;
    const peer = this.#peers.find(({ port, fate: known }) => known === undefined && port === fate.info.peerport);
    if (peer === undefined) return;
    peer.fate = fate;
    if (fate.rejected === undefined) this.note(peer.name, `is ${fate.info.id}`);
  }
}

/** The stage that an actor plays on, if it does. */
export const stageOf = ({ system }: AnyActorRef): Stage<AnyActorLogic> | undefined => stages.get(system);
