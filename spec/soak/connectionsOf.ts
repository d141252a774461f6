import type { ConnectionInfo, SingleServerEmitted } from '../../server/index';
import type { Client } from './client';
import type { HandlerRecord } from './handlerRecord';
import type { HandlerKind } from './handlers';
import type { Program } from './program';
import type { Connection } from './run';

/**
 * Collects everything that is known of each connection.
 * @param program - the program of the run
 * @param emitted - all events that the server has emitted so far
 * @param records - the handlers' records, by the connections' ids
 * @param clients - all clients, in any order
 */
export const connectionsOf = (
  program: Program,
  emitted: readonly SingleServerEmitted[],
  records: ReadonlyMap<string, HandlerRecord>,
  clients: readonly Client[],
): Connection[] =>
  emitted.flatMap((event, at) => {
    if (event.type !== 'connection.opened') return [];
    const { type, ...info } = event;
    const after = emitted.slice(at + 1);
    const end = after.findIndex((other) => other.type === 'connection.closed' && other.id === info.id);
    const closed = after[end];
    const meanwhile = closed === undefined ? after : after.slice(0, end);
    return {
      info,
      kind: kindOf(program, info),
      record: records.get(info.id),
      client: clients.find(({ port }) => port === info.peerport),
      closed: closed?.type === 'connection.closed' ? closed : undefined,
      emitted: Buffer.concat(meanwhile.flatMap((other) => (other.type === 'outbox' ? [other.data] : []))),
    };
  });

/** The kind of a connection's handler, if it has one. The connection's number decides, since the kinds take turns. */
export function kindOf({ handlers }: Program, { id }: ConnectionInfo): HandlerKind | undefined {
  const number = Number(id.slice(id.indexOf(':') + 1));
  return handlers[(number - 1) % handlers.length];
}
