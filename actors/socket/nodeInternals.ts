import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';

// All parts of Node's sockets that serverchart uses and that Node does not document for its users (lib/net.js,
// lib/internal/stream_base_commons.js, src/stream_base.cc). spec/socket/nodeInternals.spec.ts looks for them in the
// Node that runs the specs: Node 20, 22 and 24 before each change lands. Each function also works where they are
// missing.

/** A socket's counts of bytes that leave, which Node's types omit. */
export interface OutputCounters {
  /** libuv's end of the socket; null before the socket is connected and after it is destroyed. */
  readonly _handle?: {
    /** Bytes that libuv has and that the kernel has not taken. */
    readonly writeQueueSize?: number;
  } | null;
  /** All bytes that libuv was ever given. */
  readonly _bytesDispatched?: number;
}

/**
 * Bytes that libuv holds because the kernel has not taken them. No documented property tells these bytes from those
 * that Node itself still holds. Undefined for a socket that is not connected any more, or where Node doesn't tell.
 */
export const unsentBytes = (socket: Socket): number | undefined => (socket as OutputCounters)._handle?.writeQueueSize;

/** Bytes that libuv was given. Where Node doesn't tell: all written bytes, including those that Node still holds. */
export const dispatchedBytes = (socket: Socket): number =>
  (socket as OutputCounters)._bytesDispatched ?? socket.bytesWritten;

/**
 * Bytes that the kernel has taken. Where Node doesn't tell: only the bytes of writes that have left as a whole, which
 * `bytesWritten` and `writableLength` tell together.
 */
export function takenBytes(socket: Socket): number {
  const { _bytesDispatched: dispatched } = socket as OutputCounters;
  const unsent = unsentBytes(socket);
  if (dispatched === undefined || unsent === undefined) return socket.bytesWritten - socket.writableLength;
  return dispatched - unsent;
}

/**
 * Marks a stream that {@link beforeDestroy} watches. A WeakSet of all such streams would keep memory after their end.
 */
const watched = Symbol('watched');

/**
 * Calls `act` at the moment when a stream is destroyed, whatever the cause, while the stream's counts can still be
 * read: 'close' comes later, when the handle is gone. A second call for the same stream does nothing.
 *
 * `_destroy` is documented for authors of streams, and Node calls it as a method of the stream. A stream without
 * `_destroy` isn't watched: then the bytes that were unsent when the socket broke count as sent.
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
 * Makes a stream end one turn of the event loop later. `_final`, too, is documented for authors of streams. A stream
 * without `_final` ends at once.
 */
export function endOneTurnLater(stream: Writable): void {
  if (!isMethod(stream, '_final')) return;
  const final = stream._final.bind(stream);
  stream._final = (done) => void setImmediate(final, done);
}

const isMethod = (stream: Writable, name: '_destroy' | '_final'): boolean =>
  typeof (stream as Partial<Writable>)[name] === 'function';
