/** The boxes of a protocol handler: what it receives, and what it may emit. */
import type { Bytes, CloseReason, ConnectionInfo } from './vocabulary/connectionTypes';

/** What a protocol handler receives: its inboxes. */
export type ProtocolEvent =
  /** Bytes from the peer, in order, chunked as the network likes. */
  | { readonly type: 'inbox'; readonly data: Buffer }
  /** The peer ended its side and the connection allows half-open: no more `inbox`, but one may still write. */
  | { readonly type: 'control.producerFinished' }
  /**
   * The connection is over; what is emitted from now on is not sent. Told once, as the last event, but not to a handler
   * that cuts its connection from within an event by other ways than its own outboxes (XState drops what waits for it).
   */
  | { readonly type: 'control.socketShutdown'; readonly reason: CloseReason; readonly error?: unknown }
  /** The server is draining: say goodbye, then emit `signal.producerFinished`. */
  | { readonly type: 'control.serverShutdown' }
  /** The peer reads slower than one writes. Nothing is lost; more is only buffered, up to `maxBufferedBytes`. */
  | { readonly type: 'control.noSpaceInBox' }
  /** The buffer is empty again. */
  | { readonly type: 'control.spaceInBox' }
  /**
   * What one asked for with `makessl` is done: from here on the bytes travel over TLS, both ways. Whatever one still has of
   * what came before is plaintext that anybody may have put in: throw it away.
   */
  | { readonly type: 'sslready'; readonly info: ConnectionInfo };

/** What a protocol handler may emit: its outboxes. */
export type ProtocolEmitted =
  /** Bytes for the peer. */
  | { readonly type: 'outbox'; readonly data: Bytes }
  /** Done: flush what was written, then close. */
  | { readonly type: 'signal.producerFinished' }
  /** Close now, without flushing. */
  | { readonly type: 'signal.shutdownMicroprocess' }
  /**
   * Go over to TLS (STARTTLS), behind what was written: `sslready` follows, or the connection ends with `tlsFailed`. Bytes
   * that the peer has sent before, and that one has not taken yet, end it with `tlsFailed` too.
   */
  | { readonly type: 'makessl' }
  /** Shut the whole server down, as `control.serverShutdown` does. */
  | { readonly type: 'serversignal.serverShutdown' }
  /** This connection shall not count for `maxConnections`, from now on: an administrator's, a monitor's. */
  | { readonly type: 'serversignal.exempt' };
