import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';

// Everything of Node's sockets that serverchart uses and Node does not document for its users (lib/net.js,
// lib/internal/stream_base_commons.js, src/stream_base.cc). spec/socket/nodeInternals.spec.ts looks for it in the Node that runs
// the specs: 20, 22 and 24 before each change lands. Each function works without what it looks for, too.

/** What Node's own sockets know about bytes on their way out, and its types leave out. */
export interface OutgoingBytes {
  /** What libuv knows of the socket; null before it is connected and once it is destroyed. */
  readonly _handle?: {
    /** Bytes that libuv was given, and that the kernel has not taken. */
    readonly writeQueueSize?: number;
  } | null;
  /** Bytes that libuv was given, from the first one on. */
  readonly _bytesDispatched?: number;
}

/**
 * Bytes that libuv holds because the kernel has not taken them: nothing that is documented tells this apart from what Node
 * itself still holds. Undefined for a socket that is not connected any more, or a Node that doesn't tell.
 */
export const unsentBytes = (socket: Socket): number | undefined => (socket as OutgoingBytes)._handle?.writeQueueSize;

/** Bytes that libuv was given. Where Node doesn't tell: all bytes that were written, those that Node still holds included. */
export const dispatchedBytes = (socket: Socket): number =>
  (socket as OutgoingBytes)._bytesDispatched ?? socket.bytesWritten;

/**
 * Bytes that the kernel has taken. Where Node doesn't tell: those of every write that has left as a whole, which is what
 * `bytesWritten` and `writableLength` tell together.
 */
export function takenBytes(socket: Socket): number {
  const { _bytesDispatched: dispatched } = socket as OutgoingBytes;
  const unsent = unsentBytes(socket);
  if (dispatched === undefined || unsent === undefined) return socket.bytesWritten - socket.writableLength;
  return dispatched - unsent;
}

/** Marks a stream that {@link beforeDestroy} watches: by a property, since a WeakSet of all would outlive them. */
const watched = Symbol('watched');

/**
 * Calls `act` in the moment that a stream is destroyed, by whomever, while all that it knows is still there: 'close' comes
 * later, when the handle is gone. Once for each stream; a second call does nothing.
 *
 * `_destroy` is documented for those who write streams, and Node calls it as a method of the stream. A stream without it
 * isn't watched: then the bytes that were unsent when the socket broke count as sent.
 */
export function beforeDestroy(stream: Writable, act: () => void): void {
  if (watched in stream || !isMethod(stream, '_destroy')) return;
  Object.defineProperty(stream, watched, { value: true });
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, callback) => {
    act();
    destroy(error, callback);
  };
}

/**
 * Has a stream end one turn of the event loop later than it would. `_final`, too, is documented for those who write
 * streams. A stream without it ends at once.
 */
export function endOneTurnLater(stream: Writable): void {
  if (!isMethod(stream, '_final')) return;
  const final = stream._final.bind(stream);
  stream._final = (done) => void setImmediate(final, done);
}

const isMethod = (stream: Writable, name: '_destroy' | '_final'): boolean =>
  typeof (stream as Partial<Writable>)[name] === 'function';
