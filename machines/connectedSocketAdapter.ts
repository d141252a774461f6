import type { AnyActorRef, EventObject } from 'xstate';
import type { ProtocolEvent } from './protocolEvents';
import type { ConnectionOptions } from './options/connectionOptions';
import type { Bytes, CloseReason, ConnectionInfo } from './vocabulary/connectionTypes';

/** What a client is told that is turned away; the server's options. */
export interface Farewell {
  readonly busyReply?: Bytes;
  /** Milliseconds that it has to read that, and to close its side. */
  readonly lingerTimeout: number;
}

/** The way of what a handler emits to its socket. */
export interface HandlerRoute {
  /** Takes what the handler emits, from its first moment on. */
  route(emitted: EventObject): void;
  /** Sends each value of an observable handler that is bytes. */
  routeValues(): void;
}

/**
 * Kamaelia's ConnectedSocketAdapter (CSA), as the charts see it: one socket, and the byte path between it and the
 * handler. The charts command it; it answers with `_socketFeedback` events. The real one is the
 * `SocketAdapter` in `actors/socket/`, with the handler's end in `actors/handler/handlerLink.ts`.
 */
export interface ConnectedSocketAdapter {
  readonly info: ConnectionInfo;
  /** Bytes read from the socket. */
  readonly bytesIn: number;
  /** Bytes that the kernel took. */
  readonly bytesOut: number;
  /** The accept, in milliseconds of the clock. */
  readonly acceptedAt: number;
  /** Milliseconds since the accept. */
  readonly durationMs: number;
  /** Whether what is written now will be sent. */
  readonly takesBytes: boolean;
  /** Everything that was written has left this process. */
  readonly isFlushed: boolean;
  /** What the handler threw, if it did. */
  readonly crash: { readonly reason: 'handlerFailed'; readonly error: unknown } | undefined;

  /** Whether the other end of the socket has an address in a list of addresses and CIDR blocks. */
  isFrom(list: readonly string[]): boolean;
  /** From now on `connection` gets the socket's feedback, and owns the socket. */
  claim(connection: AnyActorRef, options: ConnectionOptions): void;
  /** Reads a PROXY header, and no byte more: `_socketFeedback.identified` or `.proxyFailed` tells. */
  readProxyHeader(): void;
  /** Goes over to TLS once what was written has left: `_socketFeedback.secured` or `.tlsFailed` tells. */
  startTls(): void;
  /** Links a handler to the socket. Called while the handler's actor is being made. */
  link(handler: AnyActorRef, options: ConnectionOptions): HandlerRoute;
  /** Lets bytes flow from the peer to the handler. */
  resumeReading(): void;
  /** Reads no further; TCP slows the peer down. */
  pauseReading(): void;
  /** Sends bytes to the peer. */
  write(data: Bytes): void;
  /** Sends what a handler that isn't a machine returned, when that is bytes. */
  writeOutput(output: unknown): void;
  /** Passes the peer's FIN on to a handler that may go on writing. */
  tellProducerFinished(): void;
  /** Tells the handler that the server drains, or ends the inbox of one that doesn't listen to that. */
  tellServerShutdown(): void;
  /** Tells the handler of something, if the handler still runs. */
  tell(event: ProtocolEvent): void;
  /** Unlinks the handler's outbox, then tells the handler that its connection is over. */
  tellSocketShutdown(reason: CloseReason, error: unknown): void;
  /** Flushes what was written, sends our FIN, and reads on only to throw away. */
  end(): void;
  /** Closes the descriptor now. Any number of calls is fine. */
  destroy(): void;
  /** Turns a client away that never got a connection actor: says `busyReply`, if there is one, and closes. */
  reject(farewell?: Farewell): void;
}
