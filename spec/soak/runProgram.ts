import type { AnyActorLogic, AnyActorRef } from 'xstate';
import {
  ListenError,
  serverCore,
  singleServer,
  type ConnectionInfo,
  type SingleServerEmitted,
} from '../../server/index';
import { scenario, type Scenario } from '../../server/testing/index';
import { Client } from './client';
import { connectionsOf, kindOf } from './connectionsOf';
import { makeHandler } from './handlers';
import { HandlerRecord } from './handlerRecord';
import { violationsAtAnyMoment } from './invariants/atAnyMoment';
import { pattern } from './pattern';
import { stateText } from '../../server/inspect/trace/traceText';
import type { StateValue } from '../../server/inspect/records';
import type { Deed, Program, ServerDeed, Step } from './program';
import { heardBy, type Connection, type Rest, type Run } from './run';
import { Violation } from './violation';
import { Watch } from './watch';

/** The most clients of a run. More clients would show nothing new. */
const mostClients = 8;

/** Milliseconds within which all bytes arrive, even those that a fault stalls. */
const longEnough = 300_000;

/** How often an onlooker acts. */
const mostTimes = 3;

const nothing = Buffer.alloc(0);

const stateOf = (actor: AnyActorRef): string => stateText((actor.getSnapshot() as { value: StateValue }).value);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Plays a program to its end.
 * @throws {@link Violation} when an invariant for every moment doesn't hold
 */
export async function runProgram(program: Program): Promise<Run> {
  using watch = new Watch();
  const player = await Player.start(program);
  try {
    return await player.play(watch);
  } finally {
    await player.s.close();
  }
}

class Player {
  readonly s: Scenario<AnyActorLogic>;
  readonly #program: Program;
  readonly #records: ReadonlyMap<string, HandlerRecord>;
  readonly #clients: Client[] = [];
  readonly #inbox: Buffer[] = [];
  readonly #told = new Set<'stop' | 'shutdownMicroprocess' | 'producerFinished'>();
  #inboxBytes = 0;
  /** The timeout in the shutdown that is being requested right now. */
  #timeout: number | undefined;
  #deadline = Infinity;
  #endedAt: number | undefined;

  static async start(program: Program): Promise<Player> {
    const { server, handlers, options, network, faults } = program;
    const records = new Map<string, HandlerRecord>();
    const protocol = (info: ConnectionInfo): AnyActorLogic => {
      const record = new HandlerRecord();
      records.set(info.id, record);
      return makeHandler(kindOf(program, info) ?? 'echo', record, network.window);
    };
    const logic: AnyActorLogic = server === 'serverCore' ? serverCore : singleServer;
    const input = handlers.length === 0 ? options : { ...options, protocol };
    return new Player(program, await scenario(logic, input, { ...network, faults }), records);
  }

  private constructor(program: Program, s: Scenario<AnyActorLogic>, records: ReadonlyMap<string, HandlerRecord>) {
    this.#program = program;
    this.s = s;
    this.#records = records;
    s.server.on('server.draining', () => {
      this.#deadline = Math.min(this.#deadline, s.clock.now() + this.#shutdownTimeout);
    });
    s.server.on('server.shutdown', () => {
      this.#endedAt ??= s.clock.now();
    });
    const { onlooker } = program;
    if (onlooker === undefined) return;
    let times = 0;
    s.server.on(onlooker.hears, () => {
      times += 1;
      if (times <= mostTimes) this.#tell(onlooker.deed);
    });
  }

  async play(watch: Watch): Promise<Run> {
    const { s } = this;
    for (const step of this.#program.steps) await this.#take(step);
    const rest = this.#program.rests ? await this.#rest() : undefined;
    if (this.#isActive) this.#send({ type: 'control.serverShutdown' });
    await this.#pass(this.#isActive ? Math.max(0, this.#deadline - s.clock.now()) : 0);
    this.#check();
    const leftByServer = s.leftovers();
    for (const client of this.#clients) client.readOn();
    await this.#pass(longEnough);
    for (const client of this.#clients) client.leave();
    s.faults({});
    await this.#pass(longEnough);
    const emitted = s.emitted as readonly SingleServerEmitted[];
    return {
      ...{ program: this.#program, s, emitted, leftByServer, incidents: watch.incidents },
      clients: this.#clients,
      connections: this.#connections,
      inbox: this.#inbox,
      rest,
      told: this.#told,
      deadline: this.#deadline,
      endedAt: this.#endedAt,
      left: s.leftovers(),
    };
  }

  /** Waits until everything has come to rest. Describes the server then, if it still serves. */
  async #rest(): Promise<Rest | undefined> {
    const { s } = this;
    await this.#pass(longEnough);
    if (!this.#isActive || this.#deadline < Infinity) return undefined;
    const connections = this.#connections
      .filter(({ closed }) => closed === undefined)
      .map((connection) => ({
        id: connection.info.id,
        state: stateOf(s.actor(this.#program.server === 'singleServer' ? 'connection' : connection.info.id)),
        sent: connection.client?.sent ?? nothing,
        heard: heardBy(connection),
        said: connection.record?.said,
        received: connection.client?.received ?? nothing,
        isPatient: connection.client?.isPatient === true,
      }));
    const isListening = s.leftovers().some((line) => line.startsWith('server on'));
    return { state: stateOf(s.server), isListening, connections };
  }

  /** Lets some time pass, in which a server may end because it can't listen on its port again. */
  async #pass(ms: number): Promise<void> {
    const { s } = this;
    await s.advance(ms).catch((error: unknown) => {
      if (error !== s.error || !(error instanceof ListenError)) throw error;
    });
  }

  async #take({ deed, then }: Step): Promise<void> {
    if (deed.does === 'advance') await this.#pass(deed.ms);
    else this.#do(deed);
    if (then === 'settled') await this.#pass(0);
    else if (then === 'a turn') await turn();
    this.#check();
  }

  #do(deed: Exclude<Deed, { does: 'advance' }>): void {
    const { s } = this;
    switch (deed.does) {
      case 'connect':
        if (this.#clients.length < mostClients) this.#connect(deed.allowHalfOpen);
        return;
      case 'faults':
        s.note('', 'the faults change');
        s.faults(deed.faults);
        return;
      case 'send':
        this.#client(deed.who)?.send(deed.size, deed.word);
        return;
      case 'stopReading':
      case 'readOn':
      case 'end':
      case 'leave':
      case 'reset':
        this.#client(deed.who)?.[deed.does]();
        return;
      default:
        this.#tell(deed);
    }
  }

  #tell(deed: ServerDeed): void {
    const { s } = this;
    // the bytes of a handler could not be told apart from those of the inbox
    const isForBoxes = deed.does === 'inbox' || deed.does === 'producerFinished';
    if (!this.#isActive || (isForBoxes && this.#program.handlers.length > 0)) return;
    switch (deed.does) {
      case 'suspend':
      case 'resume':
        this.#send({ type: `control.${deed.does}` });
        break;
      case 'serverShutdown':
        this.#timeout = deed.timeout;
        this.#send({ type: 'control.serverShutdown', ...(deed.timeout !== undefined && { timeout: deed.timeout }) });
        this.#timeout = undefined;
        break;
      case 'shutdownMicroprocess':
        this.#told.add(deed.does);
        this.#deadline = Math.min(this.#deadline, s.clock.now());
        this.#send({ type: 'control.shutdownMicroprocess' });
        break;
      case 'producerFinished':
        this.#told.add(deed.does);
        this.#send({ type: 'control.producerFinished' });
        break;
      case 'inbox': {
        const data = pattern(10, this.#inboxBytes, deed.size);
        this.#inboxBytes += data.length;
        this.#inbox.push(data);
        this.#send({ type: 'inbox', data });
        break;
      }
      case 'stop':
        this.#told.add(deed.does);
        s.note('', 'the server is stopped');
        s.server.stop();
        break;
    }
  }

  #connect(allowHalfOpen: boolean): void {
    const { network } = this.s;
    this.#clients.push(
      new Client(this.#clients.length + 1, network, allowHalfOpen, (who, what) => {
        this.s.note(who, what);
      }),
    );
  }

  #client(who: number): Client | undefined {
    return this.#clients[who % this.#clients.length];
  }

  #send(event: { readonly type: string; readonly [key: string]: unknown }): void {
    this.s.server.send(event);
  }

  /** @throws {@link Violation} */
  #check(): void {
    for (const violation of violationsAtAnyMoment(this.#program, this.s)) {
      throw new Violation('violationsAtAnyMoment', violation, this.s);
    }
  }

  get #isActive(): boolean {
    return (this.s.server.getSnapshot() as { status: string }).status === 'active';
  }

  get #connections(): Connection[] {
    return connectionsOf(this.#program, this.s.emitted as readonly SingleServerEmitted[], this.#records, this.#clients);
  }

  get #shutdownTimeout(): number {
    return this.#timeout ?? this.#program.options.shutdownTimeout ?? 5_000;
  }
}
