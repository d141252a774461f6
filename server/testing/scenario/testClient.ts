import type { Socket } from 'node:net';
import type { ClosedConnection, CloseReason } from '../../../machines/vocabulary/connectionTypes';
import type { RejectReason } from '../../../machines/events';
import type { Fate } from './ledger';
import { TestPeer, type Surroundings } from './testPeer';

/** A client of the servers under test. It also knows what its server says about the connection. */
export class TestClient extends TestPeer {
  /** The port that the client connects from; 0 on a unix socket. @internal */
  readonly port: number;
  /** @internal */
  fate: Fate | undefined;

  /** @internal */
  constructor(name: string, socket: Socket, surroundings: Surroundings, port: number) {
    super(name, socket, surroundings);
    this.port = port;
  }

  /**
   * The connection's id at the server, such as `connection:1`. Undefined until there is a handler, and for a rejected
   * client.
   */
  get id(): string | undefined {
    return this.fate?.hasOpened === true ? this.fate.info.id : undefined;
  }

  /**
   * Asserts that the connection has ended, as the server says it.
   * @param reason - the expected reason; any reason when it is left out
   * @returns how the connection ended
   * @throws {@link ScenarioError} when the connection hasn't ended, or for another reason
   */
  async isClosed(reason?: CloseReason): Promise<ClosedConnection> {
    await this.settle();
    const closed = this.fate?.closed;
    if (closed === undefined || (reason !== undefined && closed.reason !== reason)) {
      throw this.failure(`was to be closed${reason === undefined ? '' : ` (${reason})`}, but ${this.condition}`);
    }
    return closed;
  }

  /**
   * Asserts that the server has turned the client away.
   * @param reason - the expected reason; any reason when it is left out
   * @throws {@link ScenarioError} when the server hasn't, or for another reason
   */
  async isRejected(reason?: RejectReason): Promise<void> {
    await this.settle();
    const rejected = this.fate?.rejected;
    if (rejected === undefined || (reason !== undefined && rejected !== reason)) {
      throw this.failure(`was to be rejected${reason === undefined ? '' : ` (${reason})`}, but ${this.condition}`);
    }
  }

  protected override get stands(): boolean {
    return super.stands && this.fate?.closed === undefined && this.fate?.rejected === undefined;
  }

  protected override get condition(): string {
    const { closed, rejected, hasLostServer } = this.fate ?? {};
    if (closed !== undefined) return `the server has closed it: ${closed.reason}`;
    if (rejected !== undefined) return `the server has turned it away: ${rejected}`;
    return hasLostServer === true
      ? `${super.condition}; its server has ended without telling a reason`
      : super.condition;
  }
}
