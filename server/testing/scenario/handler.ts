import type { AnyActorRef, AnyEventObject, EventObject } from 'xstate';
import { isActive } from '../../../actors/xstate/relay';
import { serverCore } from '../../../actors/serverCore';
import type { Bytes, ClosedConnection, CloseReason } from '../../../machines/vocabulary/connectionTypes';
import type { ProtocolEvent } from '../../../machines/protocolEvents';
import type { Protocol, ServerCoreOptions } from '../../../machines/options/options';
import type { Drive, ModelPath } from '../paths/modelPath';
import { scenario, type ClientOptions, type Scenario, type ScenarioOptions } from './scenario';
import type { ScenarioError } from './scenarioError';
import type { TestClient } from './testClient';

/** How the surroundings of a handler under test are to be; all can be left out. */
export interface HandlerOptions extends ScenarioOptions {
  /** How the peer connects: `{ localAddress: '192.0.2.7' }` is where the handler finds it to come from. */
  readonly peer?: ClientOptions;
}

/**
 * Starts one handler, with a real connection: what goes into its inbox, and what comes out of its outbox.
 *
 * The bytes arrive as they are sent, in one piece up to 32 KiB, unless `split` or the network given says otherwise.
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
 * @param options - of the server that it is a handler of
 * @param surroundings - how they are to be
 */
export async function handler(
  protocol: Protocol,
  options: Partial<Omit<ServerCoreOptions, 'protocol'>> = {},
  { peer, ...surroundings }: HandlerOptions = {},
): Promise<HandlerScenario> {
  const whole = surroundings.network === undefined ? { split: 0 } : {};
  const s = await scenario(serverCore, { ...options, protocol }, { ...whole, ...surroundings });
  return new HandlerScenario(s, await s.client('peer', peer));
}

/** A handler under test. See {@link handler}. */
export class HandlerScenario implements AsyncDisposable {
  /** The other end of the connection: for all that it may do but send and receive. */
  readonly peer: TestClient;
  /** The scenario around it. */
  readonly scenario: Scenario<typeof serverCore>;

  /** @internal */
  constructor(around: Scenario<typeof serverCore>, peer: TestClient) {
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
  async send(event: ProtocolEvent | AnyEventObject): Promise<void> {
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
   * Leads the handler along a path of its chart (see {@link modelPaths}): bytes come from the peer, the peer's end (which takes
   * `allowHalfOpen`) and a drain are real ones, and the time goes to the next timer for an `after`, which may be another one
   * than the path's. Other events are sent to the handler.
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

  /** The error for an expectation of your own: with what happened last, and the seeds. */
  failure(message: string): ScenarioError {
    return this.scenario.failure(message);
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
