import { isMachineSnapshot, type AnyActor, type AnyActorRef, type EventObject, type Subscription } from 'xstate';
import type { Socket } from 'node:net';
import { isBytes } from '../machines/bytes';
import type { ConnectedSocketAdapter as CSA } from '../machines/connectedSocketAdapter';
import type { Bytes, CloseReason, ConnectionInfo } from '../machines/connectionTypes';
import type { ProtocolEmitted, ProtocolEvent, SocketFeedback } from '../machines/events';
import { describe } from '../machines/errors';
import { clockOf, elapsedMs, timeOf } from '../machines/time';
import { stopOrphans } from './orphans';
import { isActive, relay } from './relay';
import { canTake, Inbox, knows, listensFor } from './selectiveReceive';
import { SocketWriter } from './socketWriter';

/** What an adapter needs to know of its server's options. */
interface SocketOptions {
  readonly allowHalfOpen: boolean;
  readonly maxBufferedBytes: number;
  readonly lingerTimeout: number;
  /** What a rejected client's time runs on, and how long a connection took. */
  readonly clock?: AnyActor['clock'];
}

const adapter = Symbol('adapter');
type Adapted = Socket & { [adapter]: ConnectedSocketAdapter };

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
  readonly #unclaimed: Set<CSA> | undefined;
  readonly #writer: SocketWriter;
  /** What its duration is measured by. */
  #clock: object | undefined;
  #acceptedAt: number;
  #error: Error | undefined;
  #connection: AnyActorRef | undefined;
  #handler: AnyActorRef | undefined;
  #inbox: Inbox | undefined;
  /** To the values of an observable handler. */
  #values: Subscription | undefined;
  /** The chart wants bytes. What the socket does about it also depends on whether the handler takes them. */
  #wantsReading = false;
  #hasEnded = false;

  /**
   * @param socket - paused, and with `allowHalfOpen`
   * @param info - who is at its ends
   * @param options - limits
   * @param unclaimed - where this adapter is to be found until somebody else has to close the socket
   */
  constructor(socket: Socket, info: ConnectionInfo, options: SocketOptions, unclaimed?: Set<CSA>) {
    this.#socket = socket;
    this.info = info;
    this.#options = options;
    this.#unclaimed = unclaimed;
    this.#clock = options.clock;
    this.#acceptedAt = timeOf(this.#clock);
    this.#writer = new SocketWriter(socket, this);
    (socket as Adapted)[adapter] = this;
    // from the first moment on: a socket without a listener for it takes the process down
    socket.on('error', ConnectedSocketAdapter.#onError);
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  get bytesOut(): number {
    return this.#writer.bytesOut;
  }

  get durationMs(): number {
    return elapsedMs(this.#acceptedAt, this.#clock);
  }

  get takesBytes(): boolean {
    return !this.#hasEnded;
  }

  get isFlushed(): boolean {
    return this.#writer.isFlushed;
  }

  get crash(): { readonly reason: 'handlerFailed'; readonly error: unknown } | undefined {
    const { status, error } = (this.#handler?.getSnapshot() ?? {}) as { status?: string; error?: unknown };
    return status === 'error' ? { reason: 'handlerFailed', error } : undefined;
  }

  get isStalled(): boolean {
    return this.#writer.isStalled;
  }

  /** From now on it is to be found among the unclaimed, unless somebody has claimed it or closed the socket. */
  awaitClaim(): void {
    if (this.#connection === undefined && !this.#socket.destroyed) this.#unclaimed?.add(this);
  }

  claim(connection: AnyActorRef): void {
    this.#unclaimed?.delete(this);
    this.#connection = connection;
    if (this.#clock === undefined) {
      // a socket from elsewhere: only its connection knows what time it is
      this.#clock = clockOf(connection);
      this.#acceptedAt = timeOf(this.#clock);
    }
    const socket = this.#socket;
    socket.on('data', ConnectedSocketAdapter.#onData);
    socket.on('end', ConnectedSocketAdapter.#onEnd);
    socket.on('close', ConnectedSocketAdapter.#onClose);
    // however the actor ends, stopped by its parent included, its descriptor goes with it
    const release = (): void => {
      this.destroy();
      stopOrphans(connection);
    };
    connection.subscribe({ complete: release, error: release });
    // the client may have reset the connection while it waited for its turn
    if (!socket.destroyed) return;
    const error = this.#error;
    this.#report(error ? { type: '_socketFeedback.failed', error } : { type: '_socketFeedback.closed' });
  }

  link(handler: AnyActorRef): void {
    this.#handler = handler;
    // it starts, and may emit, before the connection's first action runs
    this.#connection = handler._parent;
    this.#inbox = new Inbox(handler, 'inbox', () => {
      this.#flow();
    });
  }

  linkValues(handler: AnyActorRef): void {
    let last: unknown;
    this.#values = handler.subscribe({
      next: (snapshot: { status: string; context: unknown }) => {
        // an event that the observable ignores leaves its snapshot as it was; the last one repeats the last value
        if (snapshot !== last && snapshot.status === 'active' && isBytes(snapshot.context)) {
          this.write(snapshot.context);
        }
        last = snapshot;
      },
      error: () => undefined,
    });
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
      const found = (data as unknown) === undefined ? 'no data' : describe(data);
      const error = new TypeError(`A handler emitted outbox with ${found} instead of bytes or a string`);
      this.#endSoon({ type: '_socketFeedback.refused', error } satisfies SocketFeedback);
      return;
    }
    if (data.length === 0) return;
    if (this.#writer.waiting <= this.#options.maxBufferedBytes) this.#writer.write(data);
    else this.#endSoon({ type: '_socketFeedback.overflowed' } satisfies SocketFeedback);
  }

  writeOutput(output: unknown): void {
    const isMachine = isMachineSnapshot(this.#handler?.getSnapshot());
    if (!isMachine && isBytes(output)) this.write(output);
  }

  markProgress(): void {
    this.#writer.markProgress();
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
      if (handler === undefined || !isActive(handler) || this.#hasEnded) return true;
      if (canTake(handler, event)) {
        this.#tell(event);
        return true;
      }
      // one that never reads is always idle, and may yet come to a state that listens
      const mayListen = !knows(handler, 'inbox') && knows(handler, event.type);
      if (mayListen || this.#inbox?.isIdle !== true) return false;
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
    socket.off('data', ConnectedSocketAdapter.#onData);
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
    socket.destroy();
  }

  reject(reply?: Bytes): void {
    const socket = this.#socket;
    if (reply === undefined || reply.length === 0) {
      this.#unclaimed?.delete(this);
      this.destroy();
      return;
    }
    // Closing with unread bytes would send a reset, and that may overtake the reply.
    socket.on('data', () => undefined);
    socket.resume();
    socket.end(reply);
    const { clock = globalThis, lingerTimeout } = this.#options;
    const timer: unknown = clock.setTimeout(() => socket.destroy(), lingerTimeout);
    socket.on('close', () => {
      clock.clearTimeout(timer as never);
      this.#unclaimed?.delete(this);
    });
  }

  /** The kernel takes no more. */
  noSpaceInBox(): void {
    this.#report({ type: '_socketFeedback.noSpaceInBox' });
  }

  /** Nothing waits any more. */
  spaceInBox(): void {
    this.#report({ type: '_socketFeedback.spaceInBox' });
  }

  // One function for all sockets instead of four closures for each.
  static #onData(this: Adapted, data: Buffer): void {
    this[adapter].#receive(data);
  }

  static #onEnd(this: Adapted): void {
    this[adapter].#endInbox();
  }

  static #onError(this: Adapted, error: Error): void {
    this[adapter].#break(error);
  }

  static #onClose(this: Adapted): void {
    this[adapter].#report({ type: '_socketFeedback.closed' });
  }

  #break(error: Error): void {
    this.#error = error;
    this.#report({ type: '_socketFeedback.failed', error });
  }

  #receive(data: Buffer): void {
    const connection = this.#connection;
    if (connection === undefined || this.#inbox === undefined) return;
    const event: ProtocolEvent = { type: 'inbox', data };
    if (!this.#inbox.offer(connection, event)) this.#socket.pause();
  }

  /** Reads if the chart wants bytes and the handler takes them. */
  #flow(): void {
    if (this.#wantsReading && this.#inbox?.isHolding === false) this.#socket.resume();
  }

  /** The peer's FIN waits behind its bytes, and until the handler has dealt with them. */
  #endInbox(): void {
    const inbox = this.#inbox;
    const handler = this.#handler;
    if (inbox === undefined || handler === undefined) return;
    const tryEnd = (): boolean => {
      const isAwaited =
        this.#options.allowHalfOpen && !inbox.isHolding && listensFor(handler, 'control.producerFinished');
      if (!inbox.isIdle && !isAwaited) return false;
      this.#report({ type: '_socketFeedback.inboxEnded', reason: 'peerClosed' });
      return true;
    };
    if (!tryEnd()) inbox.until(tryEnd);
  }

  route(event: EventObject): void {
    if (this.#hasEnded) return;
    const emitted = event as ProtocolEmitted;
    switch (emitted.type) {
      case 'outbox':
        this.write(emitted.data);
        break;
      case 'signal.producerFinished':
      case 'signal.shutdownMicroprocess':
        this.#endSoon(emitted);
        break;
      case 'serversignal.serverShutdown':
        this.#pass(emitted);
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

  #pass(event: SocketFeedback | ProtocolEmitted): void {
    const connection = this.#connection;
    const handler = this.#handler;
    if (connection !== undefined && handler !== undefined && isActive(connection)) relay(handler, connection, event);
  }

  /**
   * What the handler did ends the connection: nothing that it writes after this counts. It is in the middle of an event,
   * and stopping an actor drops what waits in its mailbox, so that it would not hear of its end. Hence the microtask.
   */
  #endSoon(event: SocketFeedback | ProtocolEmitted): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    queueMicrotask(() => {
      this.#pass(event);
    });
  }

  #unlink(): void {
    this.#values?.unsubscribe();
    this.#inbox?.clear();
  }
}
