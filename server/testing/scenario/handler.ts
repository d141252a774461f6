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

/** Options for the surroundings of a handler under test. All may be left out. */
export interface HandlerOptions extends ScenarioOptions {
  /** How the peer connects. With `{ localAddress: '192.0.2.7' }` the handler sees a client from there. */
  readonly peer?: ClientOptions;
}

/**
 * Starts one handler with a real connection. The test fills the handler's inbox, and reads its outbox.
 *
 * Bytes arrive as they are sent, in one piece up to 32 KiB, unless `split` or a `network` of yours says otherwise.
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
 * @param options - options of the server that has the handler
 * @param surroundings - options for the peer, the network and the clock
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
  /** The other end of the connection, for all that a peer can do but send and receive. */
  readonly peer: TestClient;
  /** The scenario that the handler is in. */
  readonly scenario: Scenario<typeof serverCore>;

  /** @internal */
  constructor(around: Scenario<typeof serverCore>, peer: TestClient) {
    this.scenario = around;
    this.peer = peer;
  }

  /**
   * The handler's actor.
   * @throws {@link ScenarioError} before the connection stands: on a network with latency, that takes time
   */
  get actor(): AnyActorRef {
    return this.scenario.actor('connection:1/protocol');
  }

  /** All that the handler has emitted so far, in order. */
  get emitted(): readonly EventObject[] {
    return this.scenario.emittedBy(this.actor);
  }

  /** Sends bytes to the handler's inbox. They wait while the handler isn't reading. */
  async inbox(data: Bytes): Promise<void> {
    await this.peer.sends(data);
  }

  /**
   * Takes the next bytes that have come out of the handler's outbox, which must be the expected ones; see
   * {@link TestPeer.receives}.
   * @throws {@link ScenarioError} when other bytes have come, or too few
   */
  async outbox(expected: Bytes | number | RegExp): Promise<Buffer> {
    return this.peer.receives(expected);
  }

  /**
   * Sends another event to the handler: one of its own, or one of {@link ProtocolEvent}.
   * @throws {@link ScenarioError} when the handler has ended
   */
  async send(event: ProtocolEvent | AnyEventObject): Promise<void> {
    if (!isActive(this.actor)) throw this.scenario.failure(`The handler can't be sent ${event.type}: it has ended`);
    this.actor.send(event);
    await this.scenario.settle();
  }

  /** Lets the server drain: the handler gets `control.serverShutdown`. */
  async serverShutdown(): Promise<void> {
    await this.scenario.shutsDown();
  }

  /** Lets so many milliseconds pass. All that happens in them has happened when the promise resolves. */
  async advance(ms: number): Promise<void> {
    await this.scenario.advance(ms);
  }

  /**
   * Asserts that the connection has ended.
   * @param reason - the expected reason; any reason when it is left out
   * @returns how the connection ended
   * @throws {@link ScenarioError} when the connection hasn't ended, or for another reason
   */
  async isClosed(reason?: CloseReason): Promise<ClosedConnection> {
    return this.peer.isClosed(reason);
  }

  /**
   * Leads the handler along a path of its chart (see {@link modelPaths}). Bytes come from the peer. The peer's end is
   * a real one (the server needs `allowHalfOpen`), and so is a drain. For an `after`, the clock moves to the next
   * timer, even if that is another one than the path's. All other events are sent to the handler.
   * @param path - a path of the handler's machine
   * @param drive - other ways to make events happen
   * @throws Error when the handler goes another way
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

  /** Makes the error for an expectation of your own: its message has the last lines of the trace, and the seeds. */
  failure(message: string): ScenarioError {
    return this.scenario.failure(message);
  }

  /** The trace so far, as text. */
  trace(): string {
    return this.scenario.trace();
  }

  /** Ends the handler, its server and the peer. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.scenario.close();
  }
}
