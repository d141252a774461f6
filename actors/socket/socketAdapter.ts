import type { AnyActor, AnyActorRef } from 'xstate';
import type { Socket } from 'node:net';
import type { ConnectedSocketAdapter, Farewell, HandlerRoute } from '../../machines/connectedSocketAdapter';
import type { SocketFeedback, TimeoutEvent } from '../../machines/events';
import type { ProtocolEvent } from '../../machines/protocolEvents';
import type { ConnectionOptions } from '../../machines/options/connectionOptions';
import { isBytes } from '../../machines/vocabulary/bytes';
import type { Bytes, CloseReason, ConnectionInfo } from '../../machines/vocabulary/connectionTypes';
import { describe } from '../../machines/vocabulary/errors';
import { clockOf, elapsedMs, timeOf } from '../../machines/vocabulary/time';
import { HandlerLink } from '../handler/handlerLink';
import { stopOrphans } from '../xstate/orphans';
import { Participant } from '../xstate/participant';
import { isIn } from './addressList';
import { behindProxy, HeaderReader } from './proxyProtocol/headerReader';
import { parentOf } from '../xstate/parentOf';
import { discardInput, listen, listenForErrors, unlisten, type SocketListener } from './socketEvents';
import { socketCommands } from './socketCommands';
import { destroyed, encrypted, ended, plain, unclaimed, type SocketPhase } from './socketPhase';
import { SocketWriter } from './socketWriter';
import { sweepOf } from './timeouts/sweep';
import { Timeouts } from './timeouts/timeouts';
import { TlsUpgrade } from './tls/tlsUpgrade';
import type { TlsInfo, TlsUpgrader } from './tls/tlsUpgrader';
import { turnAway } from './turnAway';

/** What an adapter needs before there is a connection. */
interface SocketOptions {
  /**
   * Measures the connection's duration, and how long a rejected client may linger. Without it, the clock is the
   * connection's own, and for a rejected client the system's.
   */
  readonly clock?: AnyActor['clock'];
  /** The server's side of TLS. Without it, TLS fails. */
  readonly tls?: TlsUpgrader | undefined;
}

/** The name of every socket among its connection's children, in inspectors. */
const socketName = 'socket';

/**
 * The socket's end of a connection: one `net.Socket`. The connection's chart commands the socket, and hears of it by
 * events of the box `_socketFeedback`.
 *
 * ```
 * socket 'data' → HandlerLink's inbox → handler      handler emits outbox → HandlerLink → socket.write
 * ```
 *
 * Neither way passes through a statechart: the chart takes a transition when something happens to the connection.
 *
 * The comment of a method names the phases in which the method may be called. A method whose comment names none may be
 * called in every phase.
 */
export class SocketAdapter extends Participant implements ConnectedSocketAdapter, SocketListener {
  info: ConnectionInfo;
  acceptedAt: number;
  /** The socket that was accepted. */
  readonly #rawSocket: Socket;
  /** Where plain bytes come and go: the raw socket, or with TLS the `TLSSocket` on top of the raw socket. */
  #socket: Socket;
  readonly #options: SocketOptions;
  readonly #unclaimed: Set<ConnectedSocketAdapter> | undefined;
  #phase: SocketPhase = unclaimed;
  #writer: SocketWriter;
  #limits: ConnectionOptions | undefined;
  #timeouts: Timeouts | undefined;
  /** Measures the connection's duration. */
  #clock: object | undefined;
  #error: Error | undefined;
  #connection: AnyActorRef | undefined;
  /** The handler's end, from the moment when the handler is made. */
  #handler: HandlerLink | undefined;
  /** Whether the chart wants bytes. The socket is read only if the handler takes them, too. */
  #wantsReading = false;

  /**
   * @param socket - paused, and with `allowHalfOpen`
   * @param info - the addresses of both ends
   * @param options - the same for all sockets of a server
   * @param unclaimed - the adapters whose sockets the listener must close. Contains this adapter from {@link awaitClaim}
   * on, until a connection claims the socket, or the rejected socket is closed
   */
  constructor(
    socket: Socket,
    info: ConnectionInfo,
    options: SocketOptions = {},
    unclaimed?: Set<ConnectedSocketAdapter>,
  ) {
    super();
    this.#rawSocket = socket;
    this.#socket = socket;
    this.info = info;
    this.#options = options;
    this.#unclaimed = unclaimed;
    this.#clock = options.clock;
    this.acceptedAt = timeOf(this.#clock);
    this.#writer = new SocketWriter(socket, this);
    listenForErrors(socket, this);
  }

  get id(): string {
    return socketName;
  }

  get bytesIn(): number {
    return this.#rawSocket.bytesRead;
  }

  get bytesOut(): number {
    return this.#writer.bytesOut;
  }

  get durationMs(): number {
    return elapsedMs(this.acceptedAt, this.#clock);
  }

  get takesBytes(): boolean {
    return this.#phase.name !== 'ended' && this.#phase.name !== 'destroyed';
  }

  get isFlushed(): boolean {
    return this.#writer.isFlushed;
  }

  get crash(): ConnectedSocketAdapter['crash'] {
    return this.#handler?.crash;
  }

  /** Whether the socket is read: the chart wants bytes, and none wait for the handler. */
  get isReading(): boolean {
    return this.#wantsReading && this.#handler?.isHolding === false;
  }

  get isHandlerIdle(): boolean {
    return this.#handler?.isIdle === true;
  }

  onceHandlerIdle(callback: () => void): void {
    this.#handler?.onceIdle(callback);
  }

  isFrom(list: readonly string[]): boolean {
    return isIn(list, this.info.peer);
  }

  /** Puts the adapter among the unclaimed, unless a connection has claimed it or the socket is closed. */
  awaitClaim(): void {
    if (this.#connection === undefined && !this.#socket.destroyed) this.#unclaimed?.add(this);
  }

  /**
   * Phases: `unclaimed`. A handler may start before this call, and bring about `plain`, `upgrading` or `ended`. A
   * listener that was stopped before this call brings about `destroyed`.
   */
  claim(connection: AnyActorRef, limits: ConnectionOptions): void {
    this.#unclaimed?.delete(this);
    if (this.#phase === unclaimed) this.#phase = plain;
    this.#connection = connection;
    this.#limits = limits;
    if (this.#clock === undefined) {
      // a socket that came without a clock: its connection has one
      this.#clock = clockOf(connection);
      this.acceptedAt = timeOf(this.#clock);
    }
    this.#timeouts = new Timeouts(this, limits, sweepOf(connection), this.acceptedAt);
    // the handler may have started before this, and may have written more than the kernel takes
    if (this.#handler !== undefined) this.#timeouts.started();
    if (!this.isFlushed) this.#timeouts.stalled();
    if (!this.isFlushed || this.bytesOut > 0) this.#timeouts.handlerStarted();
    const socket = this.#socket;
    listen(socket, this);
    // however the connection ends, even stopped by its parent, the descriptor is closed
    const release = (): void => {
      this.destroy();
      stopOrphans(connection);
    };
    connection.subscribe({ complete: release, error: release });
    this.noteCommand(socketCommands.claim);
    // the client may have reset the connection while the connection waited to be claimed
    if (!socket.destroyed) return;
    const error = this.#error;
    this.#report(error ? { type: '_socketFeedback.failed', error } : { type: '_socketFeedback.closed' });
  }

  /** Phases: `plain`, before there is a handler. */
  readProxyHeader(): void {
    this.noteCommand(socketCommands.readProxyHeader);
    this.#timeouts?.opening();
    const header = new HeaderReader(this.#socket, this.#limits?.proxyProtocol, {
      identified: (found) => {
        this.#phase = plain;
        this.info = behindProxy(this.info, found);
        this.#report({ type: '_socketFeedback.identified' });
      },
      failed: (error) => {
        this.#report({ type: '_socketFeedback.proxyFailed', error });
      },
    });
    this.#phase = { name: 'identifying', header };
    this.#socket.resume();
  }

  /**
   * Phases: `plain`; `upgrading`, when the handler has asked for TLS; `encrypted`, in which the upgrade fails;
   * `ended`, when the handler has ended the connection meanwhile.
   */
  startTls(): void {
    if (this.#phase === destroyed) return;
    this.noteCommand(socketCommands.startTls);
    this.#timeouts?.opening();
    this.#pause();
    this.#holdForTls().begin({
      socket: this.#socket,
      info: this.info,
      isFlushed: this.isFlushed,
      isHolding: this.#handler?.isHolding,
    });
  }

  /** Phases: `unclaimed`, `plain`, `encrypted`. */
  link(handler: AnyActorRef, limits: ConnectionOptions): HandlerRoute {
    if (this.#phase === unclaimed) this.#phase = plain;
    this.#limits = limits;
    // set here because the handler starts, and may emit, before the connection's first action runs
    this.#connection = parentOf(handler);
    this.#handler = new HandlerLink(handler, this);
    this.#timeouts?.started();
    return this.#handler;
  }

  /** Phases: `plain`, `encrypted`. */
  resumeReading(): void {
    this.noteCommand(socketCommands.resumeReading);
    this.#wantsReading = true;
    this.#flow();
  }

  /** Phases: `plain`, `encrypted`. */
  pauseReading(): void {
    this.noteCommand(socketCommands.pauseReading);
    this.#pause();
  }

  write(data: Bytes): void {
    if (!this.takesBytes) return;
    if (!isBytes(data)) {
      const found = (data as unknown) === undefined ? 'no data' : describe(data);
      const error = new TypeError(`A handler emitted outbox with ${found} instead of bytes or a string`);
      this.endSoon(() => {
        this.#report({ type: '_socketFeedback.refused', error });
      });
      return;
    }
    if (data.length === 0) return;
    this.#timeouts?.handlerStarted();
    const upgrade = this.#upgrade;
    const waiting = this.#writer.waiting + (upgrade?.heldBytes ?? 0);
    if (waiting > (this.#limits?.maxBufferedBytes ?? Infinity)) {
      this.endSoon(() => {
        this.#report({ type: '_socketFeedback.overflowed' });
      });
    } else if (upgrade === undefined) this.#writer.write(data);
    else upgrade.hold(data);
  }

  writeOutput(output: unknown): void {
    this.#handler?.writeOutput(output);
  }

  tell(event: ProtocolEvent): void {
    this.#handler?.tell(event);
  }

  tellProducerFinished(): void {
    this.#timeouts?.inputEnded();
    if (this.#handler?.tellProducerFinished() === true) return;
    // a handler that doesn't take the peer's end would never end this connection
    this.#report({ type: '_socketFeedback.inboxEnded', reason: 'peerClosed' });
  }

  tellServerShutdown(): void {
    this.#handler?.tellServerShutdown(() => {
      this.#report({ type: '_socketFeedback.inboxEnded', reason: 'serverShutdown' });
    });
  }

  tellSocketShutdown(reason: CloseReason, error: unknown): void {
    this.#close();
    const event = { type: 'control.socketShutdown', reason, ...(error === undefined ? {} : { error }) } as const;
    this.#handler?.tellSocketShutdown(event);
  }

  end(): void {
    if (this.#phase === destroyed) return;
    this.noteCommand(socketCommands.end);
    this.#close();
    this.#handler?.unlink();
    const socket = this.#socket;
    if (this.#upgrade?.isHandshaking === true) {
      // in the middle of a handshake there is no way to say goodbye
      socket.destroy();
      return;
    }
    this.#phase = ended;
    if (socket.writableEnded) return;
    this.#timeouts?.closing();
    discardInput(socket);
    socket.once('finish', () => {
      this.#timeouts?.flowing();
      // if the peer has ended, too, only 'close' is left to come
      if (!socket.readableEnded) this.#report({ type: '_socketFeedback.flushed' });
    });
    socket.end();
  }

  destroy(): void {
    this.#phase = destroyed;
    this.#handler?.unlink();
    this.#timeouts?.stop();
    try {
      this.noteCommand(socketCommands.destroy);
    } finally {
      // whatever an inspector does: no descriptor stays open
      this.#connection = undefined;
      this.#socket.destroy();
    }
  }

  /** Phases: `unclaimed`. */
  reject(farewell?: Farewell): void {
    if (farewell?.busyReply === undefined || farewell.busyReply.length === 0) {
      this.#unclaimed?.delete(this);
      this.destroy();
      return;
    }
    this.#phase = ended;
    turnAway(this.#socket, farewell.busyReply, farewell.lingerTimeout, this.#options.clock);
    this.#socket.on('close', () => this.#unclaimed?.delete(this));
  }

  /** The kernel takes no more bytes. */
  noSpaceInBox(): void {
    this.#timeouts?.stalled();
    this.#report({ type: '_socketFeedback.noSpaceInBox' });
  }

  /** No written bytes wait any more. */
  spaceInBox(): void {
    this.#timeouts?.flowing();
    this.#report({ type: '_socketFeedback.spaceInBox' });
    this.#upgrade?.flushed();
  }

  timedOut(event: TimeoutEvent): void {
    this.#report(event);
  }

  /** Phases: `plain`, `upgrading`, `encrypted`: the handler has asked for TLS. */
  holdWrites(): void {
    this.#holdForTls();
  }

  inboxEmptied(): void {
    this.#timeouts?.handlerStarted();
    this.#flow();
  }

  /**
   * The handler has done something that ends the connection. What the handler writes after this is dropped.
   *
   * `tell` is called in a microtask, because the handler is in the middle of an event. A handler that is stopped now
   * would lose what waits in its mailbox, and would not hear of its end.
   */
  endSoon(tell: () => void): void {
    if (!this.takesBytes) return;
    this.#close();
    queueMicrotask(tell);
  }

  received(data: Buffer): void {
    if (this.#connection === undefined) return;
    if (this.#phase.name === 'identifying') {
      this.#phase.header.read(data);
      return;
    }
    const handler = this.#handler;
    if (handler === undefined) return;
    const isTaken = handler.receive(data);
    this.#timeouts?.received(isTaken);
    if (!isTaken) this.#socket.pause();
  }

  peerEnded(): void {
    if (this.#phase.name === 'identifying') {
      this.#phase.header.end();
      return;
    }
    this.#handler?.endInbox(this.#limits?.allowHalfOpen === true, () => {
      this.#report({ type: '_socketFeedback.inboxEnded', reason: 'peerClosed' });
    });
  }

  broken(error: Error): void {
    // the upgrade itself reports how a handshake ends
    if (this.#upgrade?.isHandshaking === true) return;
    this.#error = error;
    this.#report({ type: '_socketFeedback.failed', error });
  }

  closed(): void {
    this.#report({ type: '_socketFeedback.closed' });
  }

  protected get owner(): AnyActorRef | undefined {
    return this.#connection;
  }

  /** The upgrade to TLS, while there is one. */
  get #upgrade(): TlsUpgrade | undefined {
    const phase = this.#phase;
    return phase.name === 'upgrading' || phase.name === 'ended' ? phase.upgrade : undefined;
  }

  /** From now on, our side takes no more bytes. */
  #close(): void {
    if (!this.takesBytes) return;
    const upgrade = this.#upgrade;
    this.#phase = upgrade === undefined ? ended : { name: 'ended', upgrade };
  }

  /** From now on, what the handler writes waits for TLS. */
  #holdForTls(): TlsUpgrade {
    const begun = this.#upgrade;
    if (begun !== undefined) return begun;
    const upgrade = new TlsUpgrade(this.#options.tls, {
      handshaking: () => {
        unlisten(this.#rawSocket);
      },
      failed: (error) => {
        this.#report({ type: '_socketFeedback.tlsFailed', error });
        // the chart may be in a state in which only the close still matters
        this.#report({ type: '_socketFeedback.closed' });
      },
      secured: (socket, info, held) => {
        this.#encrypt(socket, info, held);
      },
    });
    this.#phase = { name: this.takesBytes ? 'upgrading' : 'ended', upgrade };
    return upgrade;
  }

  /** From now on, everything goes through the encrypted socket. */
  #encrypt(socket: Socket, info: TlsInfo, held: readonly Bytes[]): void {
    this.#phase = this.takesBytes ? encrypted : ended;
    this.#timeouts?.opened();
    this.#socket = socket;
    this.#writer = new SocketWriter(socket, this, this.#rawSocket);
    this.info = { ...this.info, ...info };
    listen(socket, this);
    listenForErrors(socket, this);
    // before the handler hears of TLS, and writes more
    for (const data of held) this.write(data);
    this.#report({ type: '_socketFeedback.secured' });
  }

  #pause(): void {
    this.#wantsReading = false;
    this.#timeouts?.paused();
    this.#socket.pause();
  }

  /** Reads on, if the chart wants bytes and the handler takes them. */
  #flow(): void {
    if (!this.isReading) return;
    this.#timeouts?.resumed();
    this.#socket.resume();
  }

  #report(event: SocketFeedback | TimeoutEvent): void {
    this.tellOwner(event);
  }
}
