import { isMachineSnapshot, type AnyActorRef, type Subscription } from 'xstate';
import type { Socket } from 'node:net';
import type { ConnectedSocketAdapter as CSA } from '../machines/connectedSocketAdapter';
import type { Bytes, CloseReason, ConnectionInfo } from '../machines/connectionTypes';
import type { ProtocolEmitted, ProtocolEvent, SocketFeedback } from '../machines/events';
import { elapsedMs } from '../machines/tally';
import { stopOrphans } from './orphans';
import { isActive, relay } from './relay';
import { canTake, Inbox } from './selectiveReceive';

/** What an adapter needs to know of its server's options. */
export interface SocketOptions {
  readonly maxBufferedBytes: number;
  readonly lingerTimeout: number;
}

/** What Node's own `Socket` knows about bytes on their way out, and its types leave out. */
interface Outgoing {
  readonly _handle?: { readonly writeQueueSize?: number } | null;
  /** Bytes that were handed to libuv. */
  readonly _bytesDispatched?: number;
}

const isBytes = (value: unknown): value is Bytes => typeof value === 'string' || value instanceof Uint8Array;

/** Reads the addresses once: each getter is a system call, and after the close there is no answer. */
export function connectionInfo(
  id: string,
  socket: Socket,
  listening?: { address: string; port: number },
): ConnectionInfo {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  const isPath = listening?.port === 0;
  return {
    id,
    // a client that is gone already has no address: Kamaelia's answer
    peer: remoteAddress ?? (isPath ? '' : '0.0.0.0'),
    peerport: remotePort ?? 0,
    localip: localAddress ?? listening?.address ?? '127.0.0.1',
    localport: localPort ?? listening?.port ?? 0,
    encrypted: false,
  };
}

/**
 * Kamaelia's ConnectedSocketAdapter: one `net.Socket`, and the byte path between it and a handler.
 *
 * ```
 * socket 'data' → inbox (selective receive) → handler      handler emits outbox → socket.write
 * ```
 *
 * Neither way passes through a statechart. What does, as `_socketFeedback`, is what happens to the connection.
 */
export class ConnectedSocketAdapter implements CSA {
  readonly info: ConnectionInfo;
  readonly #socket: Socket;
  readonly #options: SocketOptions;
  readonly #onOwned: (() => void) | undefined;
  readonly #acceptedAt = performance.now();
  #connection: AnyActorRef | undefined;
  #handler: AnyActorRef | undefined;
  #inbox: Inbox | undefined;
  #links: Subscription[] = [];
  /** The chart wants bytes. What the socket does about it also depends on whether the handler takes them. */
  #wantsReading = false;
  /** The kernel took less than was written, and 'drain' is awaited. */
  #isFull = false;
  #hasEnded = false;
  #progressMark = 0;
  #unsentAtDestroy = 0;

  /**
   * @param socket - paused, and with `allowHalfOpen`
   * @param info - who is at its ends
   * @param options - limits
   * @param onOwned - told when somebody else than the one who made this adapter has to close the socket
   */
  constructor(socket: Socket, info: ConnectionInfo, options: SocketOptions, onOwned?: () => void) {
    this.#socket = socket;
    this.info = info;
    this.#options = options;
    this.#onOwned = onOwned;
    // from the first moment on: a socket without a listener for it takes the process down
    socket.on('error', (error) => {
      this.#report({ type: '_socketFeedback.failed', error });
    });
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  get bytesOut(): number {
    const { _bytesDispatched: dispatched = this.#socket.bytesWritten } = this.#socket as Outgoing;
    return dispatched - (this.#socket.destroyed ? this.#unsentAtDestroy : this.#inKernelQueue);
  }

  get durationMs(): number {
    return elapsedMs(this.#acceptedAt);
  }

  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  get crash(): { readonly reason: 'handlerFailed'; readonly error: unknown } | undefined {
    const { status, error } = (this.#handler?.getSnapshot() ?? {}) as { status?: string; error?: unknown };
    return status === 'error' ? { reason: 'handlerFailed', error } : undefined;
  }

  get isStalled(): boolean {
    return !this.isFlushed && this.bytesOut === this.#progressMark;
  }

  /** Bytes that libuv holds because the kernel's buffer is full. `writableLength` counts them only write by write. */
  get #inKernelQueue(): number {
    return (this.#socket as Outgoing)._handle?.writeQueueSize ?? this.#socket.writableLength;
  }

  claim(connection: AnyActorRef): void {
    this.#onOwned?.();
    this.#connection = connection;
    const socket = this.#socket;
    socket.on('data', this.#receive);
    socket.on('end', () => {
      this.#endInbox();
    });
    socket.on('close', () => {
      this.#report({ type: '_socketFeedback.closed' });
    });
    const release = (): void => {
      this.destroy();
    };
    // however the actor ends, stopped by its parent included, its descriptor goes with it
    connection.subscribe({ complete: release, error: release });
    // the client may have reset the connection while it waited for its turn
    if (socket.destroyed) this.#report({ type: '_socketFeedback.closed' });
  }

  /**
   * Links a handler to the socket. Called while the handler's actor is being made, so that nothing that it emits on
   * its start is missed.
   */
  link(handler: AnyActorRef): void {
    this.#handler = handler;
    this.#inbox = new Inbox(handler, 'inbox', () => {
      this.#flow();
    });
    this.#links.push(
      handler.on('*', (emitted) => {
        this.#route(emitted as ProtocolEmitted);
      }),
    );
  }

  /** Sends each value of an observable handler that is bytes. */
  linkValues(handler: AnyActorRef): void {
    let last: unknown = handler.getSnapshot();
    this.#links.push(
      handler.subscribe({
        next: (snapshot: { status: string; context: unknown }) => {
          // an event that the observable ignores leaves its snapshot as it was; the last one repeats the last value
          if (snapshot !== last && snapshot.status === 'active' && isBytes(snapshot.context)) {
            this.write(snapshot.context);
          }
          last = snapshot;
        },
        error: () => undefined,
      }),
    );
  }

  resumeReading(): void {
    this.#wantsReading = true;
    this.#flow();
  }

  pauseReading(): void {
    this.#wantsReading = false;
    this.#socket.pause();
  }

  write(data: Bytes): void {
    if (this.#hasEnded) return;
    if (!isBytes(data)) {
      const error = new TypeError(
        `A handler emitted outbox with data that is neither bytes nor a string: ${typeof data}`,
      );
      this.#report({ type: '_socketFeedback.refused', error });
      return;
    }
    if (data.length === 0) return;
    const socket = this.#socket;
    if (socket.writableLength > this.#options.maxBufferedBytes) {
      this.#report({ type: '_socketFeedback.overflowed' });
      return;
    }
    const hasRoom = socket.write(data);
    // A large write returns false even when the kernel took all of it at once: that isn't back-pressure.
    if (hasRoom || socket.writableLength === 0 || this.#isFull) return;
    this.#isFull = true;
    socket.once('drain', () => {
      this.#isFull = false;
      this.#report({ type: '_socketFeedback.spaceInBox' });
    });
    this.#report({ type: '_socketFeedback.noSpaceInBox' });
  }

  writeOutput(output: unknown): void {
    const isMachine = isMachineSnapshot(this.#handler?.getSnapshot());
    if (!isMachine && isBytes(output)) this.write(output);
  }

  markProgress(): void {
    this.#progressMark = this.bytesOut;
  }

  tellProducerFinished(): void {
    const event: ProtocolEvent = { type: 'control.producerFinished' };
    if (this.#handler !== undefined && canTake(this.#handler, event)) this.#tell(event);
    // nobody there would ever end this connection
    else this.#report({ type: '_socketFeedback.inboxEnded', reason: 'peerClosed' });
  }

  tellServerShutdown(): void {
    const event: ProtocolEvent = { type: 'control.serverShutdown' };
    this.#inbox?.until(() => {
      const handler = this.#handler;
      if (handler === undefined || !isActive(handler)) return true;
      if (canTake(handler, event)) {
        this.#tell(event);
        return true;
      }
      if (this.#inbox?.isIdle !== true) return false;
      this.#report({ type: '_socketFeedback.inboxEnded', reason: 'serverShutdown' });
      return true;
    });
  }

  tellNoSpaceInBox(): void {
    this.#tell({ type: 'control.noSpaceInBox' });
  }

  tellSpaceInBox(): void {
    this.#tell({ type: 'control.spaceInBox' });
  }

  tellSocketShutdown(reason: CloseReason, error: unknown): void {
    this.#hasEnded = true;
    this.#unlink();
    this.#tell({ type: 'control.socketShutdown', reason, ...(error === undefined ? {} : { error }) });
    if (this.#handler !== undefined && !isActive(this.#handler)) stopOrphans(this.#handler);
  }

  end(): void {
    this.#hasEnded = true;
    this.#unlink();
    const socket = this.#socket;
    if (socket.writableEnded) return;
    socket.off('data', this.#receive);
    // read on, only to throw away: bytes that nobody reads would make the kernel send a reset
    socket.on('data', () => undefined);
    socket.resume();
    socket.once('finish', () => {
      // once the peer has ended too, 'close' is all that is left to come
      if (!socket.readableEnded) this.#report({ type: '_socketFeedback.flushed' });
    });
    socket.end();
  }

  destroy(): void {
    const socket = this.#socket;
    this.#hasEnded = true;
    this.#unlink();
    this.#connection = undefined;
    if (socket.destroyed) return;
    this.#unsentAtDestroy = this.#inKernelQueue;
    socket.destroy();
  }

  reject(reply?: Bytes): void {
    const socket = this.#socket;
    if (reply === undefined || reply.length === 0) {
      this.#onOwned?.();
      this.destroy();
      return;
    }
    // Closing with unread bytes would send a reset, and that may overtake the reply.
    socket.on('data', () => undefined);
    socket.resume();
    socket.end(reply);
    const timer = setTimeout(() => socket.destroy(), this.#options.lingerTimeout);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#onOwned?.();
    });
  }

  readonly #receive = (data: Buffer): void => {
    const connection = this.#connection;
    if (connection === undefined || this.#inbox === undefined) return;
    const event: ProtocolEvent = { type: 'inbox', data };
    if (!this.#inbox.offer(connection, event)) this.#socket.pause();
  };

  /** Reads if the chart wants bytes and the handler takes them. */
  #flow(): void {
    if (this.#wantsReading && this.#inbox?.isHolding === false) this.#socket.resume();
  }

  /** The peer's FIN waits behind its bytes, and until the handler has dealt with them. */
  #endInbox(): void {
    const inbox = this.#inbox;
    const handler = this.#handler;
    if (inbox === undefined || handler === undefined) return;
    const last: ProtocolEvent = { type: 'control.socketShutdown', reason: 'peerClosed' };
    const tryEnd = (): boolean => {
      if (!inbox.isIdle && (inbox.isHolding || !canTake(handler, last))) return false;
      this.#report({ type: '_socketFeedback.inboxEnded', reason: 'peerClosed' });
      return true;
    };
    if (!tryEnd()) inbox.until(tryEnd);
  }

  #route(emitted: ProtocolEmitted): void {
    switch (emitted.type) {
      case 'outbox':
        this.write(emitted.data);
        break;
      case 'signal.producerFinished':
      case 'signal.shutdownMicroprocess':
      case 'serversignal.serverShutdown':
        if (this.#connection !== undefined && this.#handler !== undefined) {
          relay(this.#handler, this.#connection, emitted);
        }
        break;
      // anything else that a handler emits is between it and its other listeners
    }
  }

  #tell(event: ProtocolEvent): void {
    const handler = this.#handler;
    if (handler !== undefined && this.#connection !== undefined && isActive(handler)) {
      relay(this.#connection, handler, event);
    }
  }

  #report(event: SocketFeedback): void {
    if (this.#connection !== undefined && isActive(this.#connection)) this.#connection.send(event);
  }

  #unlink(): void {
    for (const link of this.#links) link.unsubscribe();
    this.#links = [];
    this.#inbox?.clear();
  }
}
