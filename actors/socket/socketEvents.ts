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

const listener = Symbol('listener');
type SocketWithListener = Socket & { [listener]: SocketListener };

// Each event has one function for all sockets, instead of a closure for each socket.
function onData(this: SocketWithListener, data: Buffer): void {
  this[listener].received(data);
}

function onEnd(this: SocketWithListener): void {
  this[listener].peerEnded();
}

function onError(this: SocketWithListener, error: Error): void {
  this[listener].broken(error);
}

function onClose(this: SocketWithListener): void {
  this[listener].closed();
}

/**
 * From now on, the socket's one listener hears of errors. A socket whose errors nobody hears takes the process down.
 */
export function listenForErrors(socket: Socket, hearer: SocketListener): void {
  (socket as SocketWithListener)[listener] = hearer;
  socket.on('error', onError);
}

/** From now on, the socket's one listener hears of everything but errors. */
export function listen(socket: Socket, hearer: SocketListener): void {
  (socket as SocketWithListener)[listener] = hearer;
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
