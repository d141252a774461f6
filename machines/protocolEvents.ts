/** The boxes of a protocol handler: the events that a handler receives, and those that it may emit. */
import type { Bytes, CloseReason, ConnectionInfo } from './vocabulary/connectionTypes';

/** What a protocol handler receives: its inboxes. */
export type ProtocolEvent =
  /** Bytes from the peer, in order, chunked as the network likes. */
  | { readonly type: 'inbox'; readonly data: Buffer }
  /** The peer has ended its side, and the handler may still write (`allowHalfOpen`). No more `inbox` follows. */
  | { readonly type: 'control.producerFinished' }
  /**
   * The connection is over. What the handler emits from now on is not sent. This is the last event of a handler, and
   * comes once.
   *
   * A handler that cuts its connection while it deals with an event, and by another way than its own outboxes, does
   * not get it: XState drops the events that wait for a stopped actor.
   */
  | { readonly type: 'control.socketShutdown'; readonly reason: CloseReason; readonly error?: unknown }
  /** The server is draining: say goodbye, then emit `signal.producerFinished`. */
  | { readonly type: 'control.serverShutdown' }
  /**
   * The peer reads slower than the handler writes. Further bytes are not lost, but buffered, up to
   * `maxBufferedBytes`.
   */
  | { readonly type: 'control.noSpaceInBox' }
  /** The buffer is empty again. */
  | { readonly type: 'control.spaceInBox' }
  /**
   * The upgrade that the handler asked for with `makessl` is done: from here on the bytes travel over TLS, both ways.
   * Bytes from before, which the handler may still keep, are plain text that anybody may have put in: throw them
   * away.
   */
  | { readonly type: 'sslready'; readonly info: ConnectionInfo };

/** What a protocol handler may emit: its outboxes. */
export type ProtocolEmitted =
  /** Bytes for the peer. */
  | { readonly type: 'outbox'; readonly data: Bytes }
  /** The handler is done: flush what was written, then close. */
  | { readonly type: 'signal.producerFinished' }
  /** Close now, without flushing. */
  | { readonly type: 'signal.shutdownMicroprocess' }
  /**
   * Start TLS (STARTTLS), behind what was written. `sslready` follows, or the connection ends with `tlsFailed`. Bytes
   * that the peer sent before, and that the handler has not taken yet, end the connection with `tlsFailed` too.
   */
  | { readonly type: 'makessl' }
  /** Shut the whole server down, as `control.serverShutdown` does. */
  | { readonly type: 'serversignal.serverShutdown' }
  /**
   * From now on this connection doesn't count for `maxConnections`: an administrator's connection, or a monitor's.
   */
  | { readonly type: 'serversignal.exempt' };
