import { isMachineSnapshot, type AnyActorRef, type EventObject, type Subscription } from 'xstate';
import type { ConnectedSocketAdapter, HandlerRoute } from '../../machines/connectedSocketAdapter';
import type { ProtocolEmitted, ProtocolEvent } from '../../machines/protocolEvents';
import { isBytes } from '../../machines/vocabulary/bytes';
import { stopOrphans } from '../xstate/orphans';
import { parentOf } from '../xstate/parentOf';
import { isActive, relay } from '../xstate/relay';
import { canTake, Inbox, knows, listensFor } from './inbox';

/** The socket's end of a connection, as far as the handler's end needs it. */
interface SocketEnd extends Pick<ConnectedSocketAdapter, 'takesBytes' | 'write'> {
  /** From now on, keeps what is written until the connection is encrypted. */
  holdWrites(): void;
  /** From now on, takes no more bytes. `tell` is called in a microtask, to tell the connection's chart. */
  endSoon(tell: () => void): void;
  /** The handler has taken everything that waited. */
  inboxEmptied(): void;
}

/**
 * A handler's end of its connection: the inbox in front of the handler, the way from the handler's emitted events to
 * the socket, and the events that the connection sends to the handler. The link lives as long as its connection, and
 * knows the handler even after the handler has ended.
 */
export class HandlerLink implements HandlerRoute {
  readonly #handler: AnyActorRef;
  readonly #socket: SocketEnd;
  readonly #inbox: Inbox;
  /** The subscription to an observable handler's values. */
  #values: Subscription | undefined;

  /**
   * @param handler - an actor that is still being made: the constructor asks it for nothing
   * @param socket - where the handler's bytes go
   */
  constructor(handler: AnyActorRef, socket: SocketEnd) {
    this.#handler = handler;
    this.#socket = socket;
    this.#inbox = new Inbox(handler, 'inbox', () => {
      socket.inboxEmptied();
    });
  }

  /** The error in which the handler's actor has ended, if it has. */
  get crash(): ConnectedSocketAdapter['crash'] {
    const { status, error } = (this.#handler.getSnapshot() ?? {}) as { status?: string; error?: unknown };
    return status === 'error' ? { reason: 'handlerFailed', error } : undefined;
  }

  /** Whether bytes wait for the handler. */
  get isHolding(): boolean {
    return this.#inbox.isHolding;
  }

  /** Whether the handler has dealt with everything, and waits for more. */
  get isIdle(): boolean {
    return this.#inbox.isIdle;
  }

  /** Calls back as soon as the handler is idle. */
  onceIdle(callback: () => void): void {
    const inbox = this.#inbox;
    inbox.until(() => {
      if (inbox.isIdle) callback();
      return inbox.isIdle;
    });
  }

  /** Delivers bytes of the peer, or keeps them until the handler takes them. Returns whether they were delivered. */
  receive(data: Buffer): boolean {
    const connection = this.#connection;
    if (connection === undefined) return true;
    const event: ProtocolEvent = { type: 'inbox', data };
    return this.#inbox.offer(connection, event);
  }

  /**
   * The peer has ended its side. The end waits behind the peer's bytes, until the handler has dealt with them.
   * @param allowsHalfOpen - if true, a handler whose present state listens for the end hears of it once no byte waits
   * @param tell - called when it is the end's turn
   */
  endInbox(allowsHalfOpen: boolean, tell: () => void): void {
    const inbox = this.#inbox;
    const tryEnd = (): boolean => {
      const isAwaited = allowsHalfOpen && !inbox.isHolding && listensFor(this.#handler, 'control.producerFinished');
      if (!inbox.isIdle && !isAwaited) return false;
      tell();
      return true;
    };
    if (!tryEnd()) inbox.until(tryEnd);
  }

  route(event: EventObject): void {
    if (!this.#socket.takesBytes) return;
    const emitted = event as ProtocolEmitted;
    switch (emitted.type) {
      case 'outbox':
        this.#socket.write(emitted.data);
        break;
      case 'signal.producerFinished':
      case 'signal.shutdownMicroprocess':
        this.#socket.endSoon(() => {
          this.#tellConnection(emitted);
        });
        break;
      case 'makessl':
        // at once: a connection in the middle of another event would hear of this one only after the next write
        this.#socket.holdWrites();
        this.#tellConnection(emitted);
        break;
      case 'serversignal.exempt':
      case 'serversignal.serverShutdown':
        this.#tellConnection(emitted);
        break;
      // any other emitted event is a matter between the handler and its other listeners
    }
  }

  routeValues(): void {
    let last: unknown;
    this.#values = this.#handler.subscribe({
      next: (snapshot: { status: string; context: unknown }) => {
        // an event that the observable ignores leaves the snapshot as it was; the last snapshot repeats a value
        if (snapshot !== last && snapshot.status === 'active' && isBytes(snapshot.context)) {
          this.#socket.write(snapshot.context);
        }
        last = snapshot;
      },
      error: () => undefined,
    });
  }

  /** Sends the output of a handler that isn't a machine, if the output is bytes. */
  writeOutput(output: unknown): void {
    if (!isMachineSnapshot(this.#handler.getSnapshot()) && isBytes(output)) this.#socket.write(output);
  }

  /** Sends an event to the handler, if the handler still runs. */
  tell(event: ProtocolEvent): void {
    const connection = this.#connection;
    if (connection !== undefined && isActive(this.#handler)) relay(connection, this.#handler, event);
  }

  /** Tells the handler that the peer has ended its side. Returns false if the handler's state doesn't take that. */
  tellProducerFinished(): boolean {
    const event: ProtocolEvent = { type: 'control.producerFinished' };
    if (!canTake(this.#handler, event)) return false;
    this.tell(event);
    return true;
  }

  /**
   * Tells the handler that the server drains, as soon as the handler is in a state that takes that event.
   * @param onDone - called instead when the handler has dealt with everything and doesn't take that event
   */
  tellServerShutdown(onDone: () => void): void {
    const event: ProtocolEvent = { type: 'control.serverShutdown' };
    const handler = this.#handler;
    const inbox = this.#inbox;
    inbox.until(() => {
      if (!isActive(handler) || !this.#socket.takesBytes) return true;
      if (canTake(handler, event)) {
        this.tell(event);
        return true;
      }
      // a handler that never reads is always idle, and may still come to a state that takes the event
      const mayListen = !knows(handler, 'inbox') && knows(handler, event.type);
      if (mayListen || !inbox.isIdle) return false;
      onDone();
      return true;
    });
  }

  /** Tells the handler that its connection is over. Stops the children that a crashed handler has left running. */
  tellSocketShutdown(event: Extract<ProtocolEvent, { type: 'control.socketShutdown' }>): void {
    this.unlink();
    this.tell(event);
    if (!isActive(this.#handler)) stopOrphans(this.#handler);
  }

  /** Forgets what waits for the handler, and takes no more values of an observable handler. */
  unlink(): void {
    this.#values?.unsubscribe();
    this.#inbox.clear();
  }

  get #connection(): AnyActorRef | undefined {
    return parentOf(this.#handler);
  }

  #tellConnection(event: ProtocolEmitted): void {
    const connection = this.#connection;
    if (connection !== undefined && isActive(connection)) relay(this.#handler, connection, event);
  }
}
