import { isMachineSnapshot, type AnyActor, type AnyActorRef, type EventObject, type Subscription } from 'xstate';
import type { Socket } from 'node:net';
import { isBytes } from '../../machines/vocabulary/bytes';
import type { ConnectedSocketAdapter as CSA, Farewell } from '../../machines/connectedSocketAdapter';
import type { Bytes, CloseReason, ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import type { ConnectionOptions } from '../../machines/options/connectionOptions';
import { describe } from '../../machines/vocabulary/errors';
import type { ProtocolEmitted, ProtocolEvent, SocketFeedback, TimeoutEvent } from '../../machines/events';
import { clockOf, elapsedMs, timeOf } from '../../machines/vocabulary/time';
import { isIn } from './addressList';
import { stopOrphans } from '../xstate/orphans';
import { behindProxy, HeaderReader } from './proxyProtocol/headerReader';
import { isActive, relay } from '../xstate/relay';
import { canTake, Inbox, knows, listensFor } from '../handler/inbox';
import { SocketWriter } from './socketWriter';
import { sweepOf } from './timeouts/sweep';
import { Timeouts } from './timeouts/timeouts';
import { TlsUpgrade } from './tls/tlsUpgrade';
import type { TlsInfo, TlsUpgrader } from './tls/tlsUpgrader';
import { turnAway } from './turnAway';

/** What an adapter needs to know before it has a connection. */
interface SocketOptions {
  /** What a rejected client's time runs on, and how long a connection took; without one, the connection's own. */
  readonly clock?: AnyActor['clock'];
  /** The server's side of TLS, if there is to be any. */
  readonly tls?: TlsUpgrader | undefined;
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
  info: ConnectionInfo;
  acceptedAt: number;
  /** The socket that was accepted. */
  readonly #wire: Socket;
  /** Where plain bytes come and go: the same, or with TLS the one above it. */
  #socket: Socket;
  readonly #options: SocketOptions;
  readonly #unclaimed: Set<CSA> | undefined;
  #writer: SocketWriter;
  #limits: ConnectionOptions | undefined;
  #timeouts: Timeouts | undefined;
  #header: HeaderReader | undefined;
  #upgrade: TlsUpgrade | undefined;
  /** What its duration is measured by. */
  #clock: object | undefined;
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
   * @param options - what its server has for all of them
   * @param unclaimed - where this adapter is to be found until somebody else has to close the socket
   */
  constructor(socket: Socket, info: ConnectionInfo, options: SocketOptions = {}, unclaimed?: Set<CSA>) {
    this.#wire = socket;
    this.#socket = socket;
    this.info = info;
    this.#options = options;
    this.#unclaimed = unclaimed;
    this.#clock = options.clock;
    this.acceptedAt = timeOf(this.#clock);
    this.#writer = new SocketWriter(socket, this);
    (socket as Adapted)[adapter] = this;
    // from the first moment on: a socket without a listener for it takes the process down
    socket.on('error', ConnectedSocketAdapter.#onError);
  }

  get bytesIn(): number {
    return this.#wire.bytesRead;
  }

  get bytesOut(): number {
    return this.#writer.bytesOut;
  }

  get durationMs(): number {
    return elapsedMs(this.acceptedAt, this.#clock);
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

  /** Nothing keeps the peer's bytes from coming in. */
  get isReading(): boolean {
    return this.#wantsReading && this.#inbox?.isHolding === false;
  }

  get isHandlerIdle(): boolean {
    return this.#inbox?.isIdle === true;
  }

  onceHandlerIdle(callback: () => void): void {
    const inbox = this.#inbox;
    inbox?.until(() => {
      if (inbox.isIdle) callback();
      return inbox.isIdle;
    });
  }

  isFrom(list: readonly string[]): boolean {
    return isIn(list, this.info.peer);
  }

  /** From now on it is to be found among the unclaimed, unless somebody has claimed it or closed the socket. */
  awaitClaim(): void {
    if (this.#connection === undefined && !this.#socket.destroyed) this.#unclaimed?.add(this);
  }

  claim(connection: AnyActorRef, limits: ConnectionOptions): void {
    this.#unclaimed?.delete(this);
    this.#connection = connection;
    this.#limits = limits;
    if (this.#clock === undefined) {
      // a socket from elsewhere: only its connection knows what time it is
      this.#clock = clockOf(connection);
      this.acceptedAt = timeOf(this.#clock);
    }
    this.#timeouts = new Timeouts(this, limits, sweepOf(connection), this.acceptedAt);
    // the handler may have started, and written too much, before this
    if (this.#handler !== undefined) this.#timeouts.started();
    if (!this.isFlushed) this.#timeouts.stalled();
    if (!this.isFlushed || this.bytesOut > 0) this.#timeouts.handlerStarted();
    const socket = this.#socket;
    this.#listen(socket);
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

  readProxyHeader(): void {
    this.#timeouts?.opening();
    this.#header = new HeaderReader(this.#socket, this.#limits?.proxyProtocol, {
      identified: (header) => {
        this.#header = undefined;
        this.info = behindProxy(this.info, header);
        this.#report({ type: '_socketFeedback.identified' });
      },
      failed: (error) => {
        this.#report({ type: '_socketFeedback.proxyFailed', error });
      },
    });
    this.#socket.resume();
  }

  startTls(): void {
    this.#timeouts?.opening();
    this.pauseReading();
    this.#holdWrites().begin({
      socket: this.#socket,
      info: this.info,
      isFlushed: this.isFlushed,
      isHolding: this.#inbox?.isHolding,
    });
  }

  link(handler: AnyActorRef, limits: ConnectionOptions): void {
    this.#handler = handler;
    this.#limits = limits;
    // it starts, and may emit, before the connection's first action runs
    this.#connection = handler._parent;
    this.#inbox = new Inbox(handler, 'inbox', () => {
      this.#timeouts?.handlerStarted();
      this.#flow();
    });
    this.#timeouts?.started();
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
    this.#timeouts?.paused();
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
    this.#timeouts?.handlerStarted();
    const waiting = this.#writer.waiting + (this.#upgrade?.heldBytes ?? 0);
    if (waiting > (this.#limits?.maxBufferedBytes ?? Infinity)) {
      this.#endSoon({ type: '_socketFeedback.overflowed' } satisfies SocketFeedback);
    } else if (this.#upgrade === undefined) this.#writer.write(data);
    else this.#upgrade.hold(data);
  }

  writeOutput(output: unknown): void {
    const isMachine = isMachineSnapshot(this.#handler?.getSnapshot());
    if (!isMachine && isBytes(output)) this.write(output);
  }

  tellProducerFinished(): void {
    this.#timeouts?.inputEnded();
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

  tellSslready(): void {
    this.#tell({ type: 'sslready', info: this.info });
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
    if (this.#upgrade?.isHandshaking === true) {
      // there is no way to say goodbye in the middle of a handshake
      socket.destroy();
      return;
    }
    this.#upgrade = undefined;
    if (socket.writableEnded) return;
    this.#timeouts?.closing();
    socket.off('data', ConnectedSocketAdapter.#onData);
    // read on, only to throw away: bytes that nobody reads would make the kernel send a reset
    socket.on('data', () => undefined);
    socket.resume();
    socket.once('finish', () => {
      this.#timeouts?.flowing();
      // once the peer has ended too, 'close' is all that is left to come
      if (!socket.readableEnded) this.#report({ type: '_socketFeedback.flushed' });
    });
    socket.end();
  }

  destroy(): void {
    const socket = this.#socket;
    this.#hasEnded = true;
    this.#unlink();
    this.#timeouts?.stop();
    this.#connection = undefined;
    socket.destroy();
  }

  reject(farewell?: Farewell): void {
    if (farewell?.busyReply === undefined || farewell.busyReply.length === 0) {
      this.#unclaimed?.delete(this);
      this.destroy();
      return;
    }
    turnAway(this.#socket, farewell.busyReply, farewell.lingerTimeout, this.#options.clock);
    this.#socket.on('close', () => this.#unclaimed?.delete(this));
  }

  /** The kernel takes no more. */
  noSpaceInBox(): void {
    this.#timeouts?.stalled();
    this.#report({ type: '_socketFeedback.noSpaceInBox' });
  }

  /** Nothing waits any more. */
  spaceInBox(): void {
    this.#timeouts?.flowing();
    this.#report({ type: '_socketFeedback.spaceInBox' });
    this.#upgrade?.flushed();
  }

  timedOut(event: TimeoutEvent): void {
    this.#report(event);
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

  #listen(socket: Socket): void {
    (socket as Adapted)[adapter] = this;
    socket.on('data', ConnectedSocketAdapter.#onData);
    socket.on('end', ConnectedSocketAdapter.#onEnd);
    socket.on('close', ConnectedSocketAdapter.#onClose);
  }

  #unlisten(socket: Socket): void {
    socket.off('data', ConnectedSocketAdapter.#onData);
    socket.off('end', ConnectedSocketAdapter.#onEnd);
    socket.off('close', ConnectedSocketAdapter.#onClose);
  }

  /** What the handler writes from now on is for TLS. */
  #holdWrites(): TlsUpgrade {
    return (this.#upgrade ??= new TlsUpgrade(this.#options.tls, {
      handshaking: () => {
        this.#unlisten(this.#wire);
      },
      failed: (error) => {
        this.#report({ type: '_socketFeedback.tlsFailed', error });
        // where that was too late to matter
        this.#report({ type: '_socketFeedback.closed' });
      },
      secured: (socket, info, held) => {
        this.#encrypt(socket, info, held);
      },
    }));
  }

  /** From now on TLS is between the wire and everybody else. */
  #encrypt(socket: Socket, info: TlsInfo, held: readonly Bytes[]): void {
    this.#upgrade = undefined;
    this.#timeouts?.opened();
    this.#socket = socket;
    this.#writer = new SocketWriter(socket, this, this.#wire);
    this.info = { ...this.info, ...info };
    this.#listen(socket);
    socket.on('error', ConnectedSocketAdapter.#onError);
    // before the handler hears of it, and writes more
    for (const data of held) this.write(data);
    this.#report({ type: '_socketFeedback.secured' });
  }

  #break(error: Error): void {
    // a handshake tells for itself how it ends
    if (this.#upgrade?.isHandshaking === true) return;
    this.#error = error;
    this.#report({ type: '_socketFeedback.failed', error });
  }

  #receive(data: Buffer): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#inbox === undefined) {
      this.#header?.read(data);
      return;
    }
    const event: ProtocolEvent = { type: 'inbox', data };
    const isTaken = this.#inbox.offer(connection, event);
    this.#timeouts?.received(isTaken);
    if (!isTaken) this.#socket.pause();
  }

  /** Reads if the chart wants bytes and the handler takes them. */
  #flow(): void {
    if (!this.isReading) return;
    this.#timeouts?.resumed();
    this.#socket.resume();
  }

  /** The peer's FIN waits behind its bytes, and until the handler has dealt with them. */
  #endInbox(): void {
    const inbox = this.#inbox;
    const handler = this.#handler;
    if (inbox === undefined || handler === undefined) {
      this.#header?.end();
      return;
    }
    const tryEnd = (): boolean => {
      const isAwaited =
        this.#limits?.allowHalfOpen === true && !inbox.isHolding && listensFor(handler, 'control.producerFinished');
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
      case 'makessl':
        // at once: the connection may be in the middle of something else, and hear of it only after the next write
        this.#holdWrites();
        this.#pass(emitted);
        break;
      case 'serversignal.exempt':
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

  #report(event: SocketFeedback | TimeoutEvent): void {
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
