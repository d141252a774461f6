import type { AnyActorRef, EventObject } from 'xstate';
import type { ClosedConnection, ConnectionInfo } from '../../../machines/connectionTypes';
import type { RejectReason, ServerEmitted } from '../../../machines/events';

/** What has become of one client at its server. */
export interface Fate {
  readonly server: AnyActorRef;
  readonly info: ConnectionInfo;
  closed?: ClosedConnection;
  rejected?: RejectReason;
}

/** What the servers of a scenario say of their connections. */
export class Ledger {
  readonly #servers = new Set<AnyActorRef>();
  readonly #fates: Fate[] = [];

  /** Takes what an actor has emitted; what isn't about a connection is ignored. */
  hear(server: AnyActorRef, emitted: EventObject): Fate | undefined {
    const event = emitted as ServerEmitted;
    if (event.type === 'server.listening') this.#servers.add(server);
    // a tcpClient speaks of its connection in the same words
    if (!this.#servers.has(server)) return undefined;
    switch (event.type) {
      case 'connection.opened': {
        const { type, ...info } = event;
        return this.#enter({ server, info });
      }
      case 'connection.rejected':
        return event.info && this.#enter({ server, info: event.info, rejected: event.reason });
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

  /** How many connections have a handler. */
  get open(): number {
    return this.#fates.filter(({ closed, rejected }) => closed === undefined && rejected === undefined).length;
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
