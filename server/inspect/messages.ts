/**
 * What the inspector's server and its pages send to each other over the WebSocket, as JSON. Types only: the pages share
 * them.
 */
import type { ActorId, DefinitionId, InspectionRecord } from './records';

/** The version of these messages. The server names it in {@link HelloMessage}; another version has another number. */
export type MessageVersion = 1;

/** The server's first message. */
export interface HelloMessage {
  readonly type: 'hello';
  readonly version: MessageVersion;
  /** Whether the records have contexts. */
  readonly context: boolean;
  /** Whether the events in the records have payloads. */
  readonly payloads: boolean;
}

/** What has happened, in order. */
export interface BatchMessage {
  readonly type: 'batch';
  readonly records: readonly InspectionRecord[];
}

/** The answer to {@link ChartRequest}: the drawing, or the reason why there is none. */
export interface ChartMessage {
  readonly type: 'chart';
  readonly definition: DefinitionId;
  /** Missing when there is an `error`. */
  readonly svg?: string;
  readonly error?: string;
}

export type ServerMessage = HelloMessage | BatchMessage | ChartMessage;

/**
 * The page names the actors that it wants to watch from now on, in place of those that it named before. Unknown ids are
 * ignored. With more than 1,000 ids, or an `auto` above 1,000, the server closes the WebSocket.
 */
export interface WatchMessage {
  readonly type: 'watch';
  readonly ids: readonly ActorId[];
  /** How many other actors are watched too, from their birth to their death; the oldest first. 0: none. */
  readonly auto: number;
}

/** The page asks for the drawing of a machine. */
export interface ChartRequest {
  readonly type: 'chart';
  readonly definition: DefinitionId;
}

export type PageMessage = WatchMessage | ChartRequest;
