import type { Socket } from 'node:net';
import { sizeOf } from '../../../machines/vocabulary/bytes';
import type { Bytes, ConnectionInfo } from '../../../machines/vocabulary/connectionTypes';
import { ServerchartError } from '../../../machines/vocabulary/errors';
import type { TlsInfo, TlsListener, TlsUpgrader } from './tlsUpgrader';

/** Who hears how far an upgrade is. */
interface UpgradeListener extends Pick<TlsListener, 'failed'> {
  /** The handshake begins: from now on nobody else may listen to the raw socket. */
  handshaking(): void;
  /** As for a {@link TlsListener}, and what was held back; it is to be written before anything else. */
  secured(socket: Socket, info: TlsInfo, held: readonly Bytes[]): void;
}

/** A connection that is to go over to TLS. */
interface PlainConnection {
  readonly socket: Socket;
  readonly info: ConnectionInfo;
  /** Nothing that was written waits. */
  readonly isFlushed: boolean;
  /** Whether bytes wait for the handler; undefined as long as there is none: then what has come belongs to the handshake. */
  readonly isHolding: boolean | undefined;
}

/**
 * A connection's way over to TLS, from the moment that somebody asks for it. What was written before leaves as plain text,
 * then comes the handshake; what is written meanwhile waits for it, and never leaves as plain text, even if it fails.
 */
export class TlsUpgrade {
  readonly #tls: TlsUpgrader | undefined;
  readonly #told: UpgradeListener;
  readonly #held: Bytes[] = [];
  #heldBytes = 0;
  /** The raw one, while what was written before has yet to leave. */
  #flushing: Socket | undefined;
  #isHandshaking = false;

  /**
   * @param tls - undefined if the server has none: then the upgrade fails
   * @param told - how it went
   */
  constructor(tls: TlsUpgrader | undefined, told: UpgradeListener) {
    this.#tls = tls;
    this.#told = told;
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

  /** Goes over, as soon as nothing that was written before waits: see {@link flushed}. */
  begin(connection: PlainConnection): void {
    const { socket, info, isFlushed } = connection;
    const why = this.#obstacle(connection);
    if (why !== undefined) {
      this.#told.failed(new ServerchartError('ERR_TLS', `No TLS with ${info.id}: ${why}`));
      return;
    }
    this.#flushing = socket;
    if (isFlushed) this.flushed();
  }

  /** Nothing that was written waits any more. */
  flushed(): void {
    const socket = this.#flushing;
    if (socket === undefined) return;
    this.#flushing = undefined;
    this.#isHandshaking = true;
    this.#told.handshaking();
    this.#tls?.upgrade(socket, {
      failed: (error) => {
        this.#told.failed(error);
      },
      secured: (secured, info) => {
        // Node keeps what it calls back for as long as the connection stands
        this.#told.secured(secured, info, this.#held.splice(0));
      },
    });
  }

  #obstacle({ socket, info, isHolding }: PlainConnection): string | undefined {
    if (this.#tls === undefined) return 'this server has no tls options';
    if (info.encrypted) return 'the connection is encrypted already';
    if (socket.readableEnded) return 'the peer has ended its side';
    // it may have been put in by somebody else, to be taken for what the peer says over TLS (CVE-2011-0411)
    const isSoiled = isHolding !== undefined && (isHolding || socket.readableLength > 0);
    return isSoiled ? 'the peer has sent bytes before, which are not encrypted' : undefined;
  }
}
