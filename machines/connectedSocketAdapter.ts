import type { AnyActorRef, EventObject } from 'xstate';
import type { ProtocolEvent } from './protocolEvents';
import type { ConnectionOptions } from './options/connectionOptions';
import type { Bytes, CloseReason, ConnectionInfo } from './vocabulary/connectionTypes';

/** The last words to a client that is turned away. Both values are options of the server. */
export interface Farewell {
  readonly busyReply?: Bytes;
  /** Milliseconds that the client has to read `busyReply` and to close its side. Then the socket is closed. */
  readonly lingerTimeout: number;
}

/** Carries what a handler emits to the handler's socket. */
export interface HandlerRoute {
  /** Takes each event that the handler emits, from the handler's start on. */
  route(emitted: EventObject): void;
  /** Subscribes to an observable handler, and sends each value that is bytes or a string. */
  routeValues(): void;
}

/**
 * Kamaelia's ConnectedSocketAdapter (CSA), as the charts see it: one socket, and the path of the bytes between the
 * socket and the handler. The charts call the methods; the socket answers with `_socketFeedback` events. The
 * implementation is `SocketAdapter` in `actors/socket/`, with the handler's end in `actors/handler/handlerLink.ts`.
 */
export interface ConnectedSocketAdapter {
  readonly info: ConnectionInfo;
  /** Bytes read from the socket. */
  readonly bytesIn: number;
  /** Bytes that the kernel took. */
  readonly bytesOut: number;
  /** When the listener accepted the client, in milliseconds of the clock. */
  readonly acceptedAt: number;
  /** Milliseconds since the accept. */
  readonly durationMs: number;
  /** Whether bytes that are written now will be sent. */
  readonly takesBytes: boolean;
  /** Whether everything that was written has left this process. */
  readonly isFlushed: boolean;
  /** The error in which the handler's actor has ended: what the handler threw, or what its promise was rejected with. */
  readonly crash: { readonly reason: 'handlerFailed'; readonly error: unknown } | undefined;

  /** Whether the address in `info.peer` is in a list of addresses and CIDR blocks. */
  isFrom(list: readonly string[]): boolean;
  /** Makes `connection` the owner of the socket. From now on the socket's feedback goes there. */
  claim(connection: AnyActorRef, options: ConnectionOptions): void;
  /** Reads a PROXY header, and no byte more. `_socketFeedback.identified` or `.proxyFailed` tells the result. */
  readProxyHeader(): void;
  /** Starts TLS once everything written has left. `_socketFeedback.secured` or `.tlsFailed` tells the result. */
  startTls(): void;
  /** Links a handler to the socket. Called while the handler's actor is being made. */
  link(handler: AnyActorRef, options: ConnectionOptions): HandlerRoute;
  /** Lets bytes flow from the peer to the handler. */
  resumeReading(): void;
  /** Stops reading, so that TCP slows the peer down. */
  pauseReading(): void;
  /** Sends bytes to the peer. */
  write(data: Bytes): void;
  /** Sends the output of a handler that isn't a machine, when the output is bytes or a string. */
  writeOutput(output: unknown): void;
  /** Tells a handler, which may go on writing, that the peer has ended its side. */
  tellProducerFinished(): void;
  /** Tells the handler that the server drains. For a handler that doesn't accept this, the inbox ends instead. */
  tellServerShutdown(): void;
  /** Sends an event to the handler, if the handler still runs. */
  tell(event: ProtocolEvent): void;
  /** Unlinks the handler's outbox, then tells the handler that its connection is over. */
  tellSocketShutdown(reason: CloseReason, error: unknown): void;
  /** Flushes what was written, then sends our FIN. Bytes that still come are read and thrown away. */
  end(): void;
  /** Closes the descriptor now. Further calls do nothing. */
  destroy(): void;
  /** Turns away a client that has no connection actor: sends `busyReply`, if there is one, and closes. */
  reject(farewell?: Farewell): void;
}
