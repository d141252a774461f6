import type { AnyActorLogic } from 'xstate';
import type { ClosedConnection, ConnectionInfo, SingleServerEmitted } from '../../server/index';
import type { Scenario } from '../../server/testing/index';
import type { Client } from './client';
import { hears, type HandlerKind } from './handlers';
import type { HandlerRecord } from './handlerRecord';
import type { Program } from './program';

/** A run that is over, with everything that is known of it. */
export interface Run {
  readonly program: Program;
  readonly s: Scenario<AnyActorLogic>;
  readonly emitted: readonly SingleServerEmitted[];
  readonly clients: readonly Client[];
  readonly connections: readonly Connection[];
  /** The messages that were put into SingleServer's inbox. */
  readonly inbox: readonly Buffer[];
  /** The server after some idle minutes before the shutdown; undefined if the program has none. */
  readonly rest: Rest | undefined;
  /** The events by which the program itself has ended or cut something. */
  readonly told: ReadonlySet<'stop' | 'shutdownMicroprocess' | 'producerFinished'>;
  /** The latest time for the shutdown's end, and the time of its end. */
  readonly deadline: number;
  readonly endedAt: number | undefined;
  /** What was left of the server at the moment of its end, or at the deadline. */
  readonly leftByServer: readonly string[];
  /** What was left of everything, later. */
  readonly left: readonly string[];
  readonly incidents: readonly string[];
}

/** A connection that was opened. */
export interface Connection {
  readonly info: ConnectionInfo;
  /** Undefined if SingleServer served the connection by its own boxes. */
  readonly kind: HandlerKind | undefined;
  readonly record: HandlerRecord | undefined;
  /** Undefined if the client broke the connection before its address could be read. */
  readonly client: Client | undefined;
  readonly closed: ClosedConnection | undefined;
  /** The bytes that SingleServer emitted in `outbox` during the connection. */
  readonly emitted: Buffer;
}

/** A server that still serves, when nothing moves any more. */
export interface Rest {
  /** The server's state. */
  readonly state: string;
  readonly isListening: boolean;
  /** The open connections. */
  readonly connections: readonly RestingConnection[];
}

/** How far an open connection has got. */
interface RestingConnection {
  readonly id: string;
  /** The state of the connection's actor. */
  readonly state: string;
  /** The bytes that the client has sent. */
  readonly sent: Buffer;
  /** The bytes that the handler got; undefined if the handler doesn't record them. */
  readonly heard: Buffer | undefined;
  /** The bytes that the handler emitted, if there is a handler. */
  readonly said: Buffer | undefined;
  /** The bytes that the client has received. */
  readonly received: Buffer;
  /** Whether the client has always read. */
  readonly isPatient: boolean;
}

/** Whether the server ended in order, so that all its last events were emitted. */
export const endedInOrder = ({ emitted }: Run): boolean => emitted.some(({ type }) => type === 'server.shutdown');

/**
 * The bytes that a connection's handler, or SingleServer itself, got; undefined if the handler doesn't record them.
 */
export function heardBy({ record, emitted, kind }: Connection): Buffer | undefined {
  if (kind === undefined) return emitted;
  return hears(kind) ? record?.received : undefined;
}
