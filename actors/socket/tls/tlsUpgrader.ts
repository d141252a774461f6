import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createServer, type PeerCertificate, type Server, type TLSSocket } from 'node:tls';
import { ServerchartError } from '../../../machines/vocabulary/errors';
import { checkTlsOptions, invalidTls, type TlsOptions } from '../../../machines/options/tlsOptions';
import { endOneTurnLater } from '../nodeInternals';

/** The result of a TLS handshake. */
export interface TlsInfo {
  readonly encrypted: true;
  /** The protocol that ALPN has chosen. Missing when the client or the server offers none. */
  readonly alpn?: string;
  /** The name that the client asked for (SNI), as the client wrote it: nobody has checked the name. */
  readonly servername?: string;
  /** The client's certificate. Missing when the client showed none, or wasn't asked for one (`requestCert`). */
  readonly peerCertificate?: PeerCertificate;
  /** Whether that certificate is valid and comes from one of `ca`. False only with `rejectUnauthorized: false`. */
  readonly authorized?: boolean;
}

/** Hears how a handshake went: exactly one of the two methods is called, once. */
export interface TlsListener {
  /**
   * From now on, `socket` stands for the connection. The socket is paused, and has the raw socket's `allowHalfOpen`.
   * Closing one of the two sockets closes the other. Add all listeners at once: the client's 'end' may come in this
   * very turn.
   *
   * A connection that ends without close_notify, as one that was cut may, emits a plain 'end': Node shows no
   * difference.
   */
  secured(socket: TLSSocket, info: TlsInfo): void;
  /**
   * There is no TLS, and the raw socket is destroyed. `error.code` says why:
   *
   * - `ERR_SSL_…`: an error of OpenSSL (`…_ALERT_…`: the client's own reason);
   * - `ECONNRESET`: the connection ended during the handshake, at either end;
   * - `DEPTH_ZERO_SELF_SIGNED_CERT` and the like: the client's certificate wasn't accepted;
   * - any other code: from the error that `SNICallback` gave or threw.
   */
  failed(error: Error): void;
}

/**
 * The server's side of TLS, for all connections of one listener.
 *
 * A `tls.Server` that never listens does the handshakes. Node documents that such a server takes sockets by the event
 * 'connection' (https://nodejs.org/api/tls.html#event-connection). A `TLSSocket` made by hand would do less: it tells
 * only Node itself whether a client's certificate is valid, and which errors come after the handshake.
 */
export class TlsUpgrader {
  #server: Server;

  /**
   * @param options - the certificate, and which clients to trust
   * @throws {@link InvalidOptionError} for an option that doesn't exist, and for a value that OpenSSL doesn't take: a
   * broken PEM, a key of another certificate
   */
  constructor(options: TlsOptions) {
    this.#server = makeServer(options);
  }

  /**
   * Replaces all options, for the upgrades that begin from now on. When the new options are bad, nothing changes.
   *
   * Clients can't resume earlier sessions, unless the old and the new options have the same `ticketKeys`: a session
   * remembers that its client was trusted, but the new options may no longer trust that client.
   * @throws {@link InvalidOptionError}
   */
  reload(options: TlsOptions): void {
    this.#server = makeServer(options);
  }

  /**
   * Does the handshake with what comes next from the client. Bytes that wait to be read (those put back with
   * `socket.unshift`, too) belong to the handshake. If they are plain text, the handshake fails: plain text is never
   * taken for decrypted. What waits to be written leaves first, as plain text.
   *
   * There is no time limit. A caller with a limit of its own destroys the raw socket; its listener then hears `failed`.
   * @param socket - the raw socket. Remove its 'data' listeners first. It emits no more 'end', only 'close'
   * @param listener - hears how the handshake went
   */
  upgrade(socket: Socket, listener: TlsListener): void {
    if (socket.destroyed) {
      const error = new ServerchartError('ECONNRESET', 'The connection was closed before the TLS handshake');
      process.nextTick(() => {
        listener.failed(error);
      });
      return;
    }
    const { allowHalfOpen } = socket;
    // a flowing socket would emit, as plain text, what waits for TLS
    socket.pause();
    // With allowHalfOpen, Node would wait for the rest of the handshake from a client that has ended its side. A
    // TLSSocket copies this when it is made, and Node allows a change of it before the 'end'.
    socket.allowHalfOpen = false;
    connect(this.#server, socket, {
      secured: (secured, info) => {
        secured.allowHalfOpen = allowHalfOpen;
        // a renegotiation would cost us a handshake each time, and could change the certificate behind `info`
        secured.disableRenegotiation();
        // Node is still in the middle of OpenSSL's handshake, until everything that we call now has returned. Under
        // TLS 1.3 an end in this turn would send no close_notify. A client that is answered and closed at once would
        // believe that the connection was cut.
        endOneTurnLater(secured);
        listener.secured(secured, info);
      },
      failed: (error) => {
        // Node may report an error in the middle of OpenSSL's handshake (when SNICallback gives something that is no
        // context), and frees the handshake as soon as the raw socket is destroyed: the process would crash
        setImmediate(() => {
          // nearly always Node has destroyed the socket, but doesn't promise to
          socket.destroy();
          listener.failed(error);
        });
      },
    });
    socket.allowHalfOpen = allowHalfOpen;
  }
}

function makeServer(options: TlsOptions): Server {
  checkTlsOptions(options);
  try {
    // a handshakeTimeout of 0 means Node's default, 120 s; a negative one sets no timer
    return createServer({ ...options, handshakeTimeout: -1, pauseOnConnect: true });
  } catch (error) {
    const { message } = error as Error;
    throw Object.assign(invalidTls(`what OpenSSL can use: ${message}`), { cause: error });
  }
}

/**
 * Gives a socket to a server. The listener hears how the socket's handshake went.
 *
 * A server's events name the new `TLSSocket`, and nothing documented leads from there to the raw socket (`_parent`
 * does, but only if that is a `net.Socket`). But Node reports to the very object on which 'connection' was emitted.
 * So each socket gets a stand-in, which inherits from the server and hears of this one handshake only.
 */
function connect(server: Server, socket: Socket, listener: TlsListener): void {
  const emit = (type: string, ...given: unknown[]): boolean => {
    if (type === 'secureConnection') {
      const [secured] = given as [TLSSocket];
      listener.secured(secured, infoOf(secured));
      return true;
    }
    if (type === 'tlsClientError') {
      const [error, refused] = given as [Error, TLSSocket];
      listener.failed(refusalOf(refused) ?? error);
      return true;
    }
    // as EventEmitter for an event without listeners
    return false;
  };
  const standIn = Object.create(server, { emit: { value: emit } }) as Server;
  EventEmitter.prototype.emit.call(standIn, 'connection', socket);
}

function infoOf(socket: TLSSocket): TlsInfo {
  const { alpnProtocol: alpn, servername, authorized } = socket;
  const peerCertificate = socket.getPeerCertificate();
  // without a certificate, Node gives an empty object
  const hasCertificate = Object.keys(peerCertificate).length > 0;
  return {
    encrypted: true,
    ...(typeof alpn === 'string' && { alpn }),
    ...(typeof servername === 'string' && { servername }),
    ...(hasCertificate && { peerCertificate, authorized }),
  };
}

/** The reason why a client's certificate wasn't accepted. Node's own error says only that the socket was closed. */
function refusalOf({ authorizationError }: TLSSocket): Error | undefined {
  // a code or null, although Node's types say Error
  const code = authorizationError as unknown as string | null;
  if (code === null) return undefined;
  return new ServerchartError(code, `The client's certificate was not accepted: ${code}`);
}
