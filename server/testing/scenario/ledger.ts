import type { AnyActorRef, EventObject } from 'xstate';
import type { NetConnectOpts } from 'node:net';
import { isActive } from '../../../actors/xstate/relay';
import type { ClosedConnection, ConnectionInfo, ListenAddress } from '../../../machines/vocabulary/connectionTypes';
import type { RejectReason, ServerEmitted } from '../../../machines/events';

/** The fate of one client at its server. */
export class Fate {
  readonly server: AnyActorRef;
  /** The client's connection. A PROXY header changes the addresses in it, once the header is read. */
  info: ConnectionInfo;
  /** Whether the connection has, or had, a handler. */
  hasOpened = false;
  rejected: RejectReason | undefined;
  closed: ClosedConnection | undefined;

  constructor(server: AnyActorRef, info: ConnectionInfo) {
    this.server = server;
    this.info = info;
  }

  /** Whether the connection has a handler. */
  get isOpen(): boolean {
    return this.hasOpened && this.#isUndecided && isActive(this.server);
  }

  /** Whether the server was stopped without saying how the connection ended. */
  get hasLostServer(): boolean {
    return this.#isUndecided && !isActive(this.server);
  }

  /** Whether the server has not said yet how the connection ended. */
  get #isUndecided(): boolean {
    return this.closed === undefined && this.rejected === undefined;
  }
}

/** All that the servers of a scenario have said about their connections. */
export class Ledger {
  readonly #servers = new Set<AnyActorRef>();
  readonly #fates: Fate[] = [];
  #listening: ListenAddress | undefined;

  /**
   * Takes an event that an actor has emitted. Events that aren't about connections or addresses are ignored.
   * @returns the fate of the client, if this is the first event about that client
   */
  hear(server: AnyActorRef, emitted: EventObject): Fate | undefined {
    const event = emitted as ServerEmitted;
    if (event.type === 'server.listening') {
      this.#servers.add(server);
      this.#listening = event;
    }
    // a tcpClient emits the same events about its own connection
    if (!this.#servers.has(server)) return undefined;
    switch (event.type) {
      case 'connection.opening':
      case 'connection.opened': {
        const { type, ...info } = event;
        const known = this.#find(server, info.id);
        const fate = known ?? this.#enter(new Fate(server, info));
        fate.info = info;
        fate.hasOpened = type === 'connection.opened';
        return known === undefined ? fate : undefined;
      }
      case 'connection.rejected': {
        if (event.info === undefined) return undefined;
        const known = this.#find(server, event.info.id);
        const fate = known ?? this.#enter(new Fate(server, event.info));
        fate.rejected = event.reason;
        return known === undefined ? fate : undefined;
      }
      case 'connection.closed': {
        const { type, ...closed } = event;
        const fate = this.#find(server, closed.id);
        if (fate !== undefined) fate.closed = closed;
        return undefined;
      }
      default:
        return undefined;
    }
  }

  /** The address that a server was the last to listen on, as an option of `createConnection`. */
  get address(): NetConnectOpts | undefined {
    if (this.#listening === undefined) return undefined;
    const { address, port } = this.#listening;
    return port === 0 ? { path: address } : { host: address, port };
  }

  /** How many connections have a handler. */
  get open(): number {
    return this.#fates.filter(({ isOpen }) => isOpen).length;
  }

  /** How every connection has ended, in the order in which they were opened. */
  get closed(): ClosedConnection[] {
    return this.#fates.flatMap(({ closed }) => closed ?? []);
  }

  /** The last client of this id. Each server has ids of its own. */
  #find(server: AnyActorRef, id: string): Fate | undefined {
    return this.#fates.findLast((fate) => fate.server === server && fate.info.id === id);
  }

  #enter(fate: Fate): Fate {
    this.#fates.push(fate);
    return fate;
  }
}
