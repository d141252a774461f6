import type { AnyActorLogic } from 'xstate';
import type { ClosedConnection, ConnectionInfo, SingleServerEmitted } from '../../server/index';
import type { Scenario } from '../../server/testing/index';
import type { Client } from './client';
import { hears, type HandlerKind } from './handlers';
import type { HandlerRecord } from './handlerRecord';
import type { Program } from './program';

/** A run that is over, with all that is known of it. */
export interface Run {
  readonly program: Program;
  readonly s: Scenario<AnyActorLogic>;
  readonly emitted: readonly SingleServerEmitted[];
  readonly clients: readonly Client[];
  readonly connections: readonly Connection[];
  /** What was put into SingleServer's inbox. */
  readonly inbox: readonly Buffer[];
  /** What there was after some minutes in which the program did nothing, before the shutdown; undefined without them. */
  readonly rest: Rest | undefined;
  /** How the program, not a handler or the clients, has ended or cut something. */
  readonly told: ReadonlySet<'stop' | 'shutdownMicroprocess' | 'producerFinished'>;
  /** When the shutdown had to be over at last, and when it was. */
  readonly deadline: number;
  readonly endedAt: number | undefined;
  /** What was left of the server in the moment that it had to be over. */
  readonly leftByServer: readonly string[];
  /** What was left of everything, later. */
  readonly left: readonly string[];
  readonly incidents: readonly string[];
}

/** A connection that was opened. */
export interface Connection {
  readonly info: ConnectionInfo;
  /** None: it was one of SingleServer's own. */
  readonly kind: HandlerKind | undefined;
  readonly record: HandlerRecord | undefined;
  /** None: it had broken the connection before it could be asked who it was. */
  readonly client: Client | undefined;
  readonly closed: ClosedConnection | undefined;
  /** What SingleServer emitted in `outbox` meanwhile. */
  readonly emitted: Buffer;
}

/** A server that serves, when nothing moves any more. */
export interface Rest {
  /** The state that it is in. */
  readonly state: string;
  readonly isListening: boolean;
  /** The connections that are open. */
  readonly connections: readonly RestingConnection[];
}

/** How far an open connection has got. */
interface RestingConnection {
  readonly id: string;
  /** The state that its actor is in. */
  readonly state: string;
  /** By the client. */
  readonly sent: Buffer;
  /** By the handler; undefined when nobody has looked. */
  readonly heard: Buffer | undefined;
  /** By the handler, if there is one. */
  readonly said: Buffer | undefined;
  /** By the client. */
  readonly received: Buffer;
  /** The client has always read. */
  readonly isPatient: boolean;
}

/** The server came to its end in order, so that all of its last words were heard. */
export const endedInOrder = ({ emitted }: Run): boolean => emitted.some(({ type }) => type === 'server.shutdown');

/**
 * The bytes that a connection's handler, or SingleServer itself, was given; undefined when nobody has looked at them.
 */
export function heardBy({ record, emitted, kind }: Connection): Buffer | undefined {
  if (kind === undefined) return emitted;
  return hears(kind) ? record?.received : undefined;
}
