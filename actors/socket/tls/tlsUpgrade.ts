import type { Socket } from 'node:net';
import { sizeOf } from '../../../machines/vocabulary/bytes';
import type { Bytes, ConnectionInfo } from '../../../machines/vocabulary/connectionTypes';
import { ServerchartError } from '../../../machines/vocabulary/errors';
import type { TlsInfo, TlsListener, TlsUpgrader } from './tlsUpgrader';

/** Hears how far an upgrade has come. */
interface UpgradeListener extends Pick<TlsListener, 'failed'> {
  /** The handshake begins. From now on, nobody else may listen to the raw socket. */
  handshaking(): void;
  /**
   * Like {@link TlsListener.secured}.
   * @param held - what was held back; to be written before anything else
   */
  secured(socket: Socket, info: TlsInfo, held: readonly Bytes[]): void;
}

/** A connection that is to go over to TLS. */
interface PlainConnection {
  readonly socket: Socket;
  readonly info: ConnectionInfo;
  /** Whether everything that was written has left this process. */
  readonly isFlushed: boolean;
  /**
   * Whether bytes wait for the handler. Undefined without a handler: then bytes that have come belong to the
   * handshake.
   */
  readonly isHolding: boolean | undefined;
}

/**
 * A connection's upgrade to TLS, from the moment when somebody asks for it. What was written before leaves as plain
 * text; then the handshake begins. What is written meanwhile waits for the handshake's end, and never leaves as plain
 * text, not even if the handshake fails.
 */
export class TlsUpgrade {
  readonly #tls: TlsUpgrader | undefined;
  readonly #listener: UpgradeListener;
  readonly #held: Bytes[] = [];
  #heldBytes = 0;
  /** The raw socket, while what was written before has not left yet. */
  #flushing: Socket | undefined;
  #isHandshaking = false;

  /**
   * @param tls - undefined if the server has no TLS: then the upgrade fails
   * @param listener - hears how the upgrade went
   */
  constructor(tls: TlsUpgrader | undefined, listener: UpgradeListener) {
    this.#tls = tls;
    this.#listener = listener;
  }

  /** Bytes that wait for TLS. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isHandshaking(): boolean {
    return this.#isHandshaking;
  }

  /** Keeps bytes until they can be encrypted. */
  hold(data: Bytes): void {
    this.#held.push(data);
    this.#heldBytes += sizeOf(data);
  }

  /** Begins the handshake as soon as everything that was written before has left: see {@link flushed}. */
  begin(connection: PlainConnection): void {
    const { socket, info, isFlushed } = connection;
    const why = this.#obstacle(connection);
    if (why !== undefined) {
      this.#listener.failed(new ServerchartError('ERR_TLS', `No TLS with ${info.id}: ${why}`));
      return;
    }
    this.#flushing = socket;
    if (isFlushed) this.flushed();
  }

  /** Everything that was written has left. */
  flushed(): void {
    const socket = this.#flushing;
    if (socket === undefined) return;
    this.#flushing = undefined;
    this.#isHandshaking = true;
    this.#listener.handshaking();
    this.#tls?.upgrade(socket, {
      failed: (error) => {
        this.#listener.failed(error);
      },
      secured: (secured, info) => {
        // emptied, because Node keeps this callback, and so this upgrade, for as long as the connection stands
        this.#listener.secured(secured, info, this.#held.splice(0));
      },
    });
  }

  #obstacle({ socket, info, isHolding }: PlainConnection): string | undefined {
    if (this.#tls === undefined) return 'this server has no tls options';
    if (info.encrypted) return 'the connection is encrypted already';
    if (socket.readableEnded) return 'the peer has ended its side';
    // an attacker may have put plain bytes in, to be taken for what the peer says over TLS (CVE-2011-0411)
    const hasPlainInput = isHolding !== undefined && (isHolding || socket.readableLength > 0);
    return hasPlainInput ? 'the peer has sent bytes before, which are not encrypted' : undefined;
  }
}
