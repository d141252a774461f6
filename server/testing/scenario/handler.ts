import type { AnyActorRef, EventObject } from 'xstate';
import { isActive } from '../../../actors/relay';
import { serverCore } from '../../../actors/serverCore';
import type { Bytes, ClosedConnection, CloseReason } from '../../../machines/connectionTypes';
import type { ProtocolEvent } from '../../../machines/events';
import type { Protocol, ServerCoreOptions } from '../../../machines/options';
import type { Drive, ModelPath } from '../paths/modelPath';
import { scenario, type ClientOptions, type Scenario } from './scenario';
import type { StageOptions } from './stage';
import type { TestPeer } from './testPeer';

/** How the connection of a handler under test is to be: a server's options, and those of a scenario. */
export interface HandlerOptions extends StageOptions, Partial<Omit<ServerCoreOptions, 'protocol'>> {
  /** How the peer connects: `{ localAddress: '192.0.2.7' }` is where the handler finds it to come from. */
  readonly peer?: ClientOptions;
}

/**
 * Starts one handler, with a real connection: what goes into its inbox, and what comes out of its outbox.
 *
 * The bytes arrive as they are sent, in one piece up to 32 KiB, unless `split` says otherwise.
 *
 * @example
 * ```ts
 * await using h = await handler(login);
 * await h.outbox('Who are you? ');
 * await h.inbox('ada\n');
 * await h.outbox('Hello, ada.\n');
 * ```
 *
 * @param protocol - actor logic, or a function that makes it
 */
export async function handler(
  protocol: Protocol,
  { peer, network, faults, latency, window, split = 0, seed, ...options }: HandlerOptions = {},
): Promise<HandlerScenario> {
  const surroundings = { network, faults, latency, window, split, seed };
  const given = Object.entries(surroundings).filter(([, value]) => value !== undefined);
  const s = await scenario(serverCore, { ...options, protocol }, Object.fromEntries(given));
  return new HandlerScenario(s, await s.client('peer', peer));
}

/** A handler under test. See {@link handler}. */
export class HandlerScenario implements AsyncDisposable {
  /** The other end of the connection: for all that it may do but send and receive. */
  readonly peer: TestPeer;
  /** The scenario around it. */
  readonly scenario: Scenario<typeof serverCore>;

  /** @internal */
  constructor(around: Scenario<typeof serverCore>, peer: TestPeer) {
    this.scenario = around;
    this.peer = peer;
  }

  /**
   * The handler's actor; its logic is the handler's own.
   * @throws {@link ScenarioError} before the connection stands, which takes its time on a network with latency
   */
  get actor(): AnyActorRef {
    return this.scenario.actor('connection:1/protocol');
  }

  /** All that the handler has emitted so far, in order. */
  get emitted(): readonly EventObject[] {
    return this.scenario.emittedBy(this.actor);
  }

  /** Sends bytes to the handler's inbox. They wait as long as it isn't reading. */
  async inbox(data: Bytes): Promise<void> {
    await this.peer.sends(data);
  }

  /**
   * Takes the next bytes that have come out of the handler's outbox; see {@link TestPeer.receives}.
   * @throws {@link ScenarioError} when it isn't these
   */
  async outbox(expected: Bytes | number | RegExp): Promise<Buffer> {
    return this.peer.receives(expected);
  }

  /**
   * Sends another event to the handler, one of its own or one of {@link ProtocolEvent}.
   * @throws {@link ScenarioError} when it has ended
   */
  async send(event: ProtocolEvent | EventObject): Promise<void> {
    if (!isActive(this.actor)) throw this.scenario.failure(`The handler can't be sent ${event.type}: it has ended`);
    this.actor.send(event);
    await this.scenario.settle();
  }

  /** Has the server drain, so that the handler is told `control.serverShutdown`. */
  async serverShutdown(): Promise<void> {
    await this.scenario.shutsDown();
  }

  /** Lets so many milliseconds pass, with all that happens in them. */
  async advance(ms: number): Promise<void> {
    await this.scenario.advance(ms);
  }

  /**
   * The connection has ended.
   * @param reason - for which reason; any when it is left out
   * @returns how it ended
   * @throws {@link ScenarioError} when it hasn't, or for another reason
   */
  async isClosed(reason?: CloseReason): Promise<ClosedConnection> {
    return this.peer.isClosed(reason);
  }

  /**
   * Leads the handler along a path of its chart (see {@link modelPaths}): bytes come from the peer, the peer's end and a drain
   * are real ones, and the time goes to the next timer for an `after`. Other events are sent to the handler.
   * @param path - one of its machine's
   * @param drive - how events happen otherwise
   * @throws when the handler goes another way
   */
  async walk(path: ModelPath, drive: Drive = {}): Promise<void> {
    const { clock } = this.scenario;
    const own: Drive = {
      inbox: ({ data }) => this.inbox(data as Bytes),
      'control.producerFinished': () => this.peer.ends(),
      'control.serverShutdown': () => this.serverShutdown(),
      'xstate.after.*': () => clock.advance(clock.untilNext),
    };
    await path.run(this.actor, { ...own, ...drive }, { settled: () => this.scenario.settle() });
  }

  /** What has happened so far, as text. */
  trace(): string {
    return this.scenario.trace();
  }

  /** Ends all of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.scenario.close();
  }
}
