import type { AnyActorRef, EventObject } from 'xstate';
import type { NetConnectOpts } from 'node:net';
import { isActive } from '../../../actors/relay';
import type { ClosedConnection, ConnectionInfo, ListenAddress } from '../../../machines/connectionTypes';
import type { RejectReason, ServerEmitted } from '../../../machines/events';

/** What has become of one client at its server. */
export class Fate {
  readonly server: AnyActorRef;
  readonly info: ConnectionInfo;
  readonly rejected: RejectReason | undefined;
  closed: ClosedConnection | undefined;

  constructor(server: AnyActorRef, info: ConnectionInfo, rejected?: RejectReason) {
    this.server = server;
    this.info = info;
    this.rejected = rejected;
  }

  /** The connection has a handler. */
  get isOpen(): boolean {
    return this.#isUndecided && isActive(this.server);
  }

  /** The server was stopped, and with it a connection that was open. */
  get hasLostServer(): boolean {
    return this.#isUndecided && !isActive(this.server);
  }

  /** The server has not said how it ended. */
  get #isUndecided(): boolean {
    return this.closed === undefined && this.rejected === undefined;
  }
}

/** What the servers of a scenario say of their connections. */
export class Ledger {
  readonly #servers = new Set<AnyActorRef>();
  readonly #fates: Fate[] = [];
  #listening: ListenAddress | undefined;

  /** Takes what an actor has emitted; what isn't about a connection is ignored. */
  hear(server: AnyActorRef, emitted: EventObject): Fate | undefined {
    const event = emitted as ServerEmitted;
    if (event.type === 'server.listening') {
      this.#servers.add(server);
      this.#listening = event;
    }
    // a tcpClient speaks of its connection in the same words
    if (!this.#servers.has(server)) return undefined;
    switch (event.type) {
      case 'connection.opened': {
        const { type, ...info } = event;
        return this.#enter(new Fate(server, info));
      }
      case 'connection.rejected':
        return event.info && this.#enter(new Fate(server, event.info, event.reason));
      case 'connection.closed': {
        const { type, ...closed } = event;
        // ids are a server's own
        const fate = this.#fates.findLast(({ server: of, info }) => of === server && info.id === closed.id);
        if (fate !== undefined) fate.closed = closed;
        return undefined;
      }
      default:
        return undefined;
    }
  }

  /** The address that a server has listened on last, as `createConnection` takes it. */
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

  #enter(fate: Fate): Fate {
    this.#fates.push(fate);
    return fate;
  }
}
