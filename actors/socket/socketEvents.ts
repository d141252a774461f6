import type { Socket } from 'node:net';

/** Hears the events of a socket. */
export interface SocketListener {
  /** Bytes of the peer have come. */
  received(data: Buffer): void;
  /** The peer has ended its side. */
  peerEnded(): void;
  /** The socket has failed; `closed` follows. */
  broken(error: Error): void;
  /** The socket is closed. */
  closed(): void;
}

const listenerKey = Symbol('listener');
type SocketWithListener = Socket & { [listenerKey]: SocketListener };

// Each event has one function for all sockets, instead of a closure for each socket.
function onData(this: SocketWithListener, data: Buffer): void {
  this[listenerKey].received(data);
}

function onEnd(this: SocketWithListener): void {
  this[listenerKey].peerEnded();
}

function onError(this: SocketWithListener, error: Error): void {
  this[listenerKey].broken(error);
}

function onClose(this: SocketWithListener): void {
  this[listenerKey].closed();
}

/** From now on, `listener` hears of the socket's errors. An error that nobody hears takes the process down. */
export function listenForErrors(socket: Socket, listener: SocketListener): void {
  (socket as SocketWithListener)[listenerKey] = listener;
  socket.on('error', onError);
}

/** From now on, `listener` hears of everything but errors. A socket has one listener for both. */
export function listen(socket: Socket, listener: SocketListener): void {
  (socket as SocketWithListener)[listenerKey] = listener;
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', onClose);
}

/** Undoes {@link listen}. */
export function unlisten(socket: Socket): void {
  socket.off('data', onData);
  socket.off('end', onEnd);
  socket.off('close', onClose);
}

/** From now on, reads bytes only to throw them away: bytes that nobody reads would make the kernel send a reset. */
export function discardInput(socket: Socket): void {
  socket.off('data', onData);
  socket.on('data', () => undefined);
  socket.resume();
}
